#include "websocket/topics.h"

#include <cassert>
#include <utility>

namespace bao::websocket {

struct Subscriber::Subscriptions {
  struct Entry {
    Topics::Topic* topic;
    uint32_t place;  // of the subscriber among the members of the topic
  };
  // Looking through so many is quicker than a table.
  static constexpr size_t kScanned = 16;

  std::vector<Entry> entries;
  std::unordered_map<const Topics::Topic*, uint32_t> places;  // of the entries, if there are many

  uint32_t find(const Topics::Topic& topic) const {
    if (!places.empty()) {
      const auto found = places.find(&topic);
      return found == places.end() ? kNone : found->second;
    }
    for (uint32_t i = 0; i < entries.size(); ++i) {
      if (entries[i].topic == &topic) return i;
    }
    return kNone;
  }

  void add(Entry entry) {
    entries.push_back(entry);
    if (places.empty()) {
      if (entries.size() <= kScanned) return;
      for (uint32_t i = 0; i < entries.size(); ++i) places.emplace(entries[i].topic, i);
    } else {
      places.emplace(entry.topic, static_cast<uint32_t>(entries.size() - 1));
    }
  }

  // The last one takes the place of the one that goes.
  void remove(uint32_t place) {
    if (!places.empty()) places.erase(entries[place].topic);
    const Entry last = entries.back();
    entries.pop_back();
    if (place == entries.size()) return;
    entries[place] = last;
    last.topic->members[last.place].place = place;
    if (!places.empty()) places[last.topic] = place;
  }
};

Subscriber::Subscriber() = default;

Subscriber::~Subscriber() {
  assert(subscriptions_ == nullptr && first_ == kNone);
}

Topics::~Topics() = default;

// ---- Members

bool Topics::subscribe(Subscriber& subscriber, std::string_view name) {
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    found = topics_.emplace(std::string(name), Topic()).first;
    found->second.name = &found->first;
  }
  Topic& topic = found->second;
  if (subscriber.subscriptions_ == nullptr) {
    subscriber.subscriptions_ = std::make_unique<Subscriber::Subscriptions>();
  }
  Subscriber::Subscriptions& own = *subscriber.subscriptions_;
  if (own.find(topic) != Subscriber::kNone) return false;
  topic.members.push_back({&subscriber, static_cast<uint32_t>(own.entries.size())});
  own.add({&topic, static_cast<uint32_t>(topic.members.size() - 1)});
  return true;
}

bool Topics::unsubscribe(Subscriber& subscriber, std::string_view name) {
  const auto found = topics_.find(name);
  if (found == topics_.end() || subscriber.subscriptions_ == nullptr) return false;
  const uint32_t place = subscriber.subscriptions_->find(found->second);
  if (place == Subscriber::kNone) return false;
  remove(subscriber, place);
  if (subscriber.subscriptions_->entries.empty()) subscriber.subscriptions_ = nullptr;
  return true;
}

void Topics::remove(Subscriber& subscriber, size_t position) {
  const auto [topic, place] = subscriber.subscriptions_->entries[position];
  subscriber.subscriptions_->remove(static_cast<uint32_t>(position));
  const Topic::Member last = topic->members.back();
  topic->members.pop_back();
  if (place < topic->members.size()) {
    topic->members[place] = last;
    last.subscriber->subscriptions_->entries[last.place].place = place;
  }
  if (topic->members.empty()) topics_.erase(topics_.find(*topic->name));
}

void Topics::leave(Subscriber& subscriber) {
  if (subscriber.subscriptions_ != nullptr) {
    while (!subscriber.subscriptions_->entries.empty()) {
      remove(subscriber, subscriber.subscriptions_->entries.size() - 1);
    }
    subscriber.subscriptions_ = nullptr;
  }
  if (subscriber.first_ == Subscriber::kNone) return;
  receivers_[subscriber.place_] = nullptr;
  subscriber.first_ = subscriber.last_ = subscriber.place_ = Subscriber::kNone;
}

bool Topics::is_subscribed(const Subscriber& subscriber, std::string_view name) const {
  const auto found = topics_.find(name);
  return found != topics_.end() && subscriber.subscriptions_ != nullptr &&
         subscriber.subscriptions_->find(found->second) != Subscriber::kNone;
}

std::vector<std::string_view> Topics::topics_of(const Subscriber& subscriber) const {
  std::vector<std::string_view> names;
  if (subscriber.subscriptions_ == nullptr) return names;
  names.reserve(subscriber.subscriptions_->entries.size());
  for (const auto& entry : subscriber.subscriptions_->entries) names.push_back(*entry.topic->name);
  return names;
}

size_t Topics::subscriber_count(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? 0 : found->second.members.size();
}

// ---- Messages

size_t Topics::publish(std::string_view name, const Message& message, const Subscriber* except) {
  const auto found = topics_.find(name);
  if (found == topics_.end()) return 0;
  const auto number = static_cast<uint32_t>(messages_.size());
  size_t count = 0;
  for (const Topic::Member& member : found->second.members) {
    Subscriber& subscriber = *member.subscriber;
    if (&subscriber == except) continue;
    const auto place = static_cast<uint32_t>(waiting_.size());
    waiting_.push_back({number, Subscriber::kNone});
    if (subscriber.first_ == Subscriber::kNone) {
      subscriber.first_ = place;
      subscriber.place_ = static_cast<uint32_t>(receivers_.size());
      receivers_.push_back(&subscriber);
    } else {
      waiting_[subscriber.last_].next = place;
    }
    subscriber.last_ = place;
    ++count;
  }
  if (count == 0) return 0;
  messages_.push_back({bytes_.size(), message.payload.size(), message.text, message.compress});
  bytes_.append(message.payload);
  return count;
}

std::span<const uint32_t> Topics::take(Subscriber& subscriber) {
  numbers_.clear();
  for (uint32_t i = subscriber.first_; i != Subscriber::kNone; i = waiting_[i].next) {
    numbers_.push_back(waiting_[i].message);
  }
  subscriber.first_ = subscriber.last_ = subscriber.place_ = Subscriber::kNone;
  return numbers_;
}

void Topics::clear_messages() {
  messages_.clear();
  waiting_.clear();
  receivers_.clear();
  bytes_.clear();
  // A burst has passed, and its memory is worth more elsewhere.
  if (bytes_.capacity() > kKept) std::string().swap(bytes_);
  if (waiting_.capacity() > kKept) std::vector<Waiting>().swap(waiting_);
}

}  // namespace bao::websocket
