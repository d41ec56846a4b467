#include "net/timer_queue.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

namespace bao::net {
namespace {

TimePoint at(int tick) {
  return TimePoint(std::chrono::milliseconds(tick));
}

class TestTimer final : public Timer {
 public:
  explicit TestTimer(std::function<void()> action = [] {}) : action(std::move(action)) {}
  void on_timer() override {
    ++fired;
    EXPECT_FALSE(armed()) << "it is disarmed when it is called";
    action();
  }
  std::function<void()> action;
  int fired = 0;
};

TEST(TimerQueueTest, FiresOnceAtOrAfterItsDeadline) {
  TimerQueue queue;
  TestTimer timer;
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(timer.armed());
  queue.arm(timer, at(10));
  EXPECT_TRUE(timer.armed());
  EXPECT_EQ(timer.deadline(), at(10));
  EXPECT_EQ(queue.earliest(), at(10));
  queue.fire(at(9));
  EXPECT_EQ(timer.fired, 0);
  queue.fire(at(10));
  EXPECT_EQ(timer.fired, 1);
  EXPECT_FALSE(timer.armed());
  EXPECT_TRUE(queue.empty());
  queue.fire(at(100));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerQueueTest, FiresInTheOrderOfDeadlines) {
  TimerQueue queue;
  std::vector<int> order;
  std::vector<std::unique_ptr<TestTimer>> timers;
  for (int tick : {5, 1, 4, 2, 3, 9, 8, 7, 6}) {
    timers.push_back(std::make_unique<TestTimer>([&order, tick] { order.push_back(tick); }));
    queue.arm(*timers.back(), at(tick));
  }
  queue.fire(at(6));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5, 6}));
  queue.fire(at(100));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(TimerQueueTest, ArmingAgainMovesATimer) {
  TimerQueue queue;
  TestTimer timer, other;
  queue.arm(other, at(20));
  queue.arm(timer, at(10));
  queue.arm(timer, at(30));
  EXPECT_EQ(queue.earliest(), at(20));
  queue.fire(at(25));
  EXPECT_EQ(timer.fired, 0);
  queue.arm(timer, at(1));
  queue.fire(at(25));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerQueueTest, DisarmingTakesATimerOut) {
  TimerQueue queue;
  TestTimer timer;
  queue.disarm(timer);
  queue.arm(timer, at(10));
  queue.disarm(timer);
  EXPECT_FALSE(timer.armed());
  EXPECT_TRUE(queue.empty());
  queue.disarm(timer);
  queue.fire(at(100));
  EXPECT_EQ(timer.fired, 0);
}

TEST(TimerQueueTest, DestructionDisarms) {
  TimerQueue queue;
  TestTimer first;
  {
    TestTimer timer;
    queue.arm(timer, at(10));
    queue.arm(first, at(20));
  }
  EXPECT_EQ(queue.earliest(), at(20));
  queue.fire(at(100));
  EXPECT_EQ(first.fired, 1);
}

TEST(TimerQueueTest, ATimerMayOutliveTheQueue) {
  TestTimer timer;
  {
    TimerQueue queue;
    queue.arm(timer, at(10));
  }
  EXPECT_FALSE(timer.armed());
  TimerQueue another;
  another.arm(timer, at(10));
  another.fire(at(10));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerQueueTest, ATimerMayBeDestroyedInItsOwnCallback) {
  TimerQueue queue;
  auto timer = std::make_unique<TestTimer>();
  timer->action = [&timer] { timer.reset(); };
  queue.arm(*timer, at(1));
  queue.fire(at(1));
  EXPECT_EQ(timer, nullptr);
}

TEST(TimerQueueTest, ACallbackMayDisarmAndDestroyTimersThatAreDueToo) {
  TimerQueue queue;
  TestTimer disarmed;
  auto destroyed = std::make_unique<TestTimer>();
  TestTimer last;
  TestTimer first([&] {
    queue.disarm(disarmed);
    destroyed.reset();
    EXPECT_TRUE(last.armed());
  });
  queue.arm(first, at(1));
  queue.arm(disarmed, at(2));
  queue.arm(*destroyed, at(3));
  queue.arm(last, at(4));
  queue.fire(at(10));
  EXPECT_EQ(first.fired, 1);
  EXPECT_EQ(disarmed.fired, 0);
  EXPECT_EQ(last.fired, 1);
}

TEST(TimerQueueTest, ATimerThatIsArmedForNowWaitsForTheNextCall) {
  TimerQueue queue;
  TestTimer again;
  again.action = [&] { queue.arm(again, at(1)); };
  queue.arm(again, at(1));
  queue.fire(at(10));
  EXPECT_EQ(again.fired, 1);
  EXPECT_TRUE(again.armed());
  queue.fire(at(10));
  EXPECT_EQ(again.fired, 2);
}

// A timer that is due but was not called yet, and is armed anew by one that was.
TEST(TimerQueueTest, ADueTimerCanBePutOff) {
  TimerQueue queue;
  TestTimer late;
  TestTimer first([&] { queue.arm(late, at(50)); });
  queue.arm(first, at(1));
  queue.arm(late, at(2));
  queue.fire(at(10));
  EXPECT_EQ(late.fired, 0);
  queue.fire(at(50));
  EXPECT_EQ(late.fired, 1);
}

TEST(TimerQueueTest, FiringFromWithinACallbackDoesNothing) {
  TimerQueue queue;
  TestTimer second;
  TestTimer first([&] {
    queue.fire(at(100));
    EXPECT_EQ(second.fired, 0);
  });
  queue.arm(first, at(1));
  queue.arm(second, at(2));
  queue.fire(at(10));
  EXPECT_EQ(second.fired, 1);
}

TEST(TimerQueueTest, AgreesWithASortedListOverManyChanges) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    TimerQueue queue;
    std::vector<std::unique_ptr<TestTimer>> timers(40);
    std::vector<int> due(timers.size(), -1);  // the model: -1 is disarmed
    std::vector<size_t> order;
    for (size_t i = 0; i < timers.size(); ++i) {
      timers[i] = std::make_unique<TestTimer>([&order, i] { order.push_back(i); });
    }
    int now = 0;
    for (int step = 0; step < 300; ++step) {
      const size_t i = random() % timers.size();
      switch (random() % 4) {
        case 0:
        case 1:
          due[i] = now + static_cast<int>(random() % 50);
          queue.arm(*timers[i], at(due[i]));
          break;
        case 2:
          due[i] = -1;
          queue.disarm(*timers[i]);
          break;
        default: {
          now += static_cast<int>(random() % 8);
          order.clear();
          queue.fire(at(now));
          size_t expected = 0;
          int previous = -1;
          for (size_t fired : order) {
            ASSERT_TRUE(due[fired] >= 0 && due[fired] <= now);
            ASSERT_GE(due[fired], previous);
            previous = due[fired];
          }
          for (int& deadline : due) {
            if (deadline < 0 || deadline > now) continue;
            ++expected;
            deadline = -1;
          }
          ASSERT_EQ(order.size(), expected);
        }
      }
      int earliest = -1;
      for (size_t k = 0; k < due.size(); ++k) {
        ASSERT_EQ(timers[k]->armed(), due[k] >= 0);
        if (due[k] >= 0 && (earliest < 0 || due[k] < earliest)) earliest = due[k];
      }
      ASSERT_EQ(queue.empty(), earliest < 0);
      ASSERT_TRUE(earliest < 0 || queue.earliest() == at(earliest));
    }
  }
}

}  // namespace
}  // namespace bao::net
