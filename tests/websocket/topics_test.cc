#include "websocket/topics.h"

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace bao::websocket {
namespace {

class Someone final : public Subscriber {
 public:
  std::vector<std::string> got;
};

class TopicsTest : public testing::Test {
 protected:
  ~TopicsTest() override {
    for (Someone& one : people) topics.leave(one);
    EXPECT_EQ(topics.topic_count(), 0u);
  }

  Someone& someone() { return people.emplace_back(); }

  size_t publish(std::string_view topic, std::string_view text,
                 const Subscriber* except = nullptr) {
    return topics.publish(topic, {text}, except);
  }

  auto note() {
    return [this](Subscriber& subscriber, std::span<const uint32_t> numbers) {
      ++deliveries;
      for (uint32_t number : numbers) {
        static_cast<Someone&>(subscriber).got.emplace_back(topics.message(number).payload);
      }
    };
  }
  void deliver() { topics.deliver(note()); }

  std::vector<std::string_view> topics_of(const Someone& one) {
    auto names = topics.topics_of(one);
    std::sort(names.begin(), names.end());
    return names;
  }

  Topics topics;
  std::deque<Someone> people;
  int deliveries = 0;
};

using Texts = std::vector<std::string>;
using Names = std::vector<std::string_view>;

TEST_F(TopicsTest, SubscribingTwiceIsOnce) {
  Someone& a = someone();
  EXPECT_TRUE(topics.subscribe(a, "news"));
  EXPECT_FALSE(topics.subscribe(a, "news"));
  EXPECT_EQ(topics.subscriber_count("news"), 1u);
  EXPECT_EQ(publish("news", "x"), 1u);
  deliver();
  EXPECT_EQ(a.got, Texts{"x"});
}

TEST_F(TopicsTest, TellsWhoIsWhere) {
  Someone& a = someone();
  Someone& b = someone();
  topics.subscribe(a, "one");
  topics.subscribe(a, "two");
  topics.subscribe(b, "two");
  EXPECT_TRUE(topics.is_subscribed(a, "one"));
  EXPECT_FALSE(topics.is_subscribed(b, "one"));
  EXPECT_FALSE(topics.is_subscribed(b, "three"));
  EXPECT_EQ(topics_of(a), (Names{"one", "two"}));
  EXPECT_EQ(topics.subscriber_count("two"), 2u);
  EXPECT_EQ(topics.subscriber_count("three"), 0u);
}

TEST_F(TopicsTest, ATopicEndsWithItsLastSubscriber) {
  Someone& a = someone();
  topics.subscribe(a, "one");
  topics.subscribe(a, "two");
  EXPECT_TRUE(topics.unsubscribe(a, "one"));
  EXPECT_FALSE(topics.unsubscribe(a, "one"));
  EXPECT_FALSE(topics.unsubscribe(a, "never was"));
  EXPECT_EQ(topics.topic_count(), 1u);
  topics.leave(a);
  EXPECT_EQ(topics.topic_count(), 0u);
  EXPECT_TRUE(topics.topics_of(a).empty());
}

TEST_F(TopicsTest, TheOneWhoPublishesCanBeLeftOut) {
  Someone& a = someone();
  Someone& b = someone();
  topics.subscribe(a, "t");
  topics.subscribe(b, "t");
  EXPECT_EQ(publish("t", "x", &a), 1u);
  deliver();
  EXPECT_EQ(a.got, Texts{});
  EXPECT_EQ(b.got, Texts{"x"});
}

TEST_F(TopicsTest, NothingIsKeptForNobody) {
  Someone& a = someone();
  EXPECT_EQ(publish("t", "x"), 0u);
  topics.subscribe(a, "t");
  EXPECT_EQ(publish("t", "x", &a), 0u);
  EXPECT_FALSE(topics.waiting());
}

TEST_F(TopicsTest, OneDeliveryForAllThatATurnPublished) {
  Someone& a = someone();
  Someone& b = someone();
  topics.subscribe(a, "one");
  topics.subscribe(a, "two");
  topics.subscribe(b, "two");
  publish("one", "1");
  publish("two", "2");
  publish("one", "3");
  EXPECT_TRUE(topics.waiting());
  deliver();
  EXPECT_EQ(deliveries, 2);
  EXPECT_EQ(a.got, (Texts{"1", "2", "3"}));
  EXPECT_EQ(b.got, Texts{"2"});
  EXPECT_FALSE(topics.waiting());
  deliver();
  EXPECT_EQ(deliveries, 2);
}

TEST_F(TopicsTest, OneSubscriberCanBeServedBeforeTheOthers) {
  Someone& a = someone();
  Someone& b = someone();
  topics.subscribe(a, "t");
  topics.subscribe(b, "t");
  publish("t", "1");
  topics.deliver_to(a, note());
  EXPECT_EQ(a.got, Texts{"1"});
  EXPECT_EQ(b.got, Texts{});
  topics.deliver_to(a, note());
  EXPECT_EQ(deliveries, 1);
  publish("t", "2");
  deliver();
  EXPECT_EQ(a.got, (Texts{"1", "2"}));
  EXPECT_EQ(b.got, (Texts{"1", "2"}));
}

TEST_F(TopicsTest, WhoHasLeftGetsNothingMore) {
  Someone& a = someone();
  Someone& b = someone();
  topics.subscribe(a, "t");
  topics.subscribe(b, "t");
  publish("t", "1");
  topics.leave(a);
  publish("t", "2");
  deliver();
  EXPECT_EQ(a.got, Texts{});
  EXPECT_EQ(b.got, (Texts{"1", "2"}));
}

TEST_F(TopicsTest, WhatWasPublishedBeforeUnsubscribingArrives) {
  Someone& a = someone();
  topics.subscribe(a, "t");
  publish("t", "1");
  topics.unsubscribe(a, "t");
  publish("t", "2");
  deliver();
  EXPECT_EQ(a.got, Texts{"1"});
}

TEST_F(TopicsTest, MessagesKeepTheirKind) {
  Someone& a = someone();
  topics.subscribe(a, "t");
  topics.publish("t", {"bytes", false, true}, nullptr);
  topics.publish("t", {"", true, false}, nullptr);
  topics.deliver([&](Subscriber&, std::span<const uint32_t> numbers) {
    ASSERT_EQ(numbers.size(), 2u);
    EXPECT_EQ(topics.message(numbers[0]).payload, "bytes");
    EXPECT_FALSE(topics.message(numbers[0]).text);
    EXPECT_TRUE(topics.message(numbers[0]).compress);
    EXPECT_EQ(topics.message(numbers[1]).payload, "");
    EXPECT_TRUE(topics.message(numbers[1]).text);
  });
}

TEST_F(TopicsTest, MuchThatWaitsIsTold) {
  Someone& a = someone();
  topics.subscribe(a, "t");
  const std::string large(700 * 1024, 'x');
  publish("t", large);
  EXPECT_FALSE(topics.full());
  publish("t", large);
  EXPECT_TRUE(topics.full());
  deliver();
  EXPECT_FALSE(topics.full());
}

// Against a simple model, with enough topics that both ways to find one are used.
TEST_F(TopicsTest, AgreesWithAModel) {
  std::mt19937 random(7);
  std::vector<Someone*> all;
  for (int i = 0; i < 12; ++i) all.push_back(&someone());
  std::map<std::string, std::set<Someone*>> model;
  std::map<Someone*, Texts> expected;
  for (int step = 0; step < 20'000; ++step) {
    Someone* one = all[random() % all.size()];
    const std::string topic = "topic " + std::to_string(random() % 40);
    const uint32_t action = random() % 100;
    if (action < 50) {
      EXPECT_EQ(topics.subscribe(*one, topic), model[topic].insert(one).second);
    } else if (action < 75) {
      EXPECT_EQ(topics.unsubscribe(*one, topic), model[topic].erase(one) == 1);
    } else if (action < 77) {
      topics.leave(*one);
      for (auto& [name, members] : model) members.erase(one);
      expected[one].clear();
      one->got.clear();
    } else if (action < 95) {
      const std::string text = std::to_string(step);
      size_t count = 0;
      for (Someone* member : model[topic]) {
        if (member == one) continue;
        expected[member].push_back(text);
        ++count;
      }
      EXPECT_EQ(publish(topic, text, one), count);
    } else if (action < 97) {
      topics.deliver_to(*one, note());
      EXPECT_EQ(one->got, expected[one]);
    } else {
      deliver();
      for (Someone* member : all) EXPECT_EQ(member->got, expected[member]);
    }
    EXPECT_EQ(topics.subscriber_count(topic), model[topic].size());
    EXPECT_EQ(topics.is_subscribed(*one, topic), model[topic].contains(one));
  }
}

}  // namespace
}  // namespace bao::websocket
