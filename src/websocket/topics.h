#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bao::websocket {

/// Who can subscribe to topics. It must have left all of them (`Topics::leave`) before it is
/// destroyed. Without a topic it owns no memory.
class Subscriber {
 public:
  Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

 protected:
  ~Subscriber();

 private:
  friend class Topics;
  struct Subscriptions;
  static constexpr uint32_t kNone = UINT32_MAX;

  std::unique_ptr<Subscriptions> subscriptions_;
  // What was published to it since the last delivery: a list in Topics::waiting_.
  uint32_t first_ = kNone;
  uint32_t last_ = kNone;
  uint32_t place_ = kNone;  // in Topics::receivers_, while there is a list
};

/// The topics of one server and who has subscribed to them, and what was published in this turn of
/// the loop: it is delivered at the end of the turn, to each subscriber in one go, so that a turn
/// costs each of them one write however much was published. Knows neither frames nor sockets. One
/// thread's.
///
/// A topic exists while it has subscribers. Subscribing and leaving take a constant time for each
/// topic that they are about.
class Topics {
 public:
  Topics() = default;
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;
  ~Topics();

  /// True if it is new to the topic.
  bool subscribe(Subscriber& subscriber, std::string_view topic);
  /// True if it was there. What was published before is still delivered to it.
  bool unsubscribe(Subscriber& subscriber, std::string_view topic);
  /// Leaves every topic, and gives up what waits to be delivered: the subscriber has closed.
  void leave(Subscriber& subscriber);

  bool is_subscribed(const Subscriber& subscriber, std::string_view topic) const;
  /// Its topics. The views are good until it leaves one.
  std::vector<std::string_view> topics_of(const Subscriber& subscriber) const;
  size_t subscriber_count(std::string_view topic) const;
  size_t topic_count() const { return topics_.size(); }

  struct Message {
    std::string_view payload;
    bool text = true;
    bool compress = false;
  };

  /// Keeps a copy of the message for all subscribers of the topic but `except` (may be null).
  /// Returns how many those are; for none nothing is kept.
  size_t publish(std::string_view topic, const Message& message, const Subscriber* except);

  /// True if something waits to be delivered.
  bool waiting() const { return !messages_.empty(); }
  /// True if so much waits that memory asks for a delivery before the turn ends.
  bool full() const { return bytes_.size() > kMostBytes || waiting_.size() > kMostWaiting; }

  /// Delivers what waits: calls `deliver(subscriber, numbers)` for each subscriber that is to get
  /// something, with the numbers of its messages in the order in which they were published.
  /// `message` tells what they are. The function must not use anything here that is not const.
  template <typename F>
  void deliver(F&& deliver) {
    for (Subscriber* subscriber : receivers_) {
      if (subscriber != nullptr) deliver(*subscriber, take(*subscriber));
    }
    clear_messages();
  }
  /// The same for one subscriber only: something that is not published is to be sent to it, and
  /// must not overtake. The numbers stay what they are for the others.
  template <typename F>
  void deliver_to(Subscriber& subscriber, F&& deliver) {
    if (subscriber.first_ == Subscriber::kNone) return;
    receivers_[subscriber.place_] = nullptr;
    deliver(subscriber, take(subscriber));
  }

  /// A message that waits, while it is delivered.
  Message message(uint32_t number) const {
    const Stored& stored = messages_[number];
    return {std::string_view(bytes_).substr(stored.offset, stored.size), stored.text,
            stored.compress};
  }

 private:
  static constexpr size_t kMostBytes = 1 << 20;
  static constexpr size_t kMostWaiting = 128 * 1024;
  static constexpr size_t kKept = 64 * 1024;

  // A topic's members and a subscriber's topics point at each other by their places, so that either
  // can be left without a search.
  struct Topic {
    struct Member {
      Subscriber* subscriber;
      uint32_t place;  // of this topic among those of the subscriber
    };
    const std::string* name = nullptr;  // the key in the map, which stays where it is
    std::vector<Member> members;
  };
  struct Stored {
    size_t offset;
    size_t size;
    bool text;
    bool compress;
  };
  struct Waiting {
    uint32_t message;
    uint32_t next;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, Topic, Hash, std::equal_to<>>;

  friend class Subscriber;

  void remove(Subscriber& subscriber, size_t position);
  std::span<const uint32_t> take(Subscriber& subscriber);
  void clear_messages();

  Map topics_;
  std::vector<Stored> messages_;
  std::string bytes_;  // the payloads, behind each other
  std::vector<Waiting> waiting_;
  std::vector<Subscriber*> receivers_;  // in the order of their first message; null: left
  std::vector<uint32_t> numbers_;
};

}  // namespace bao::websocket
