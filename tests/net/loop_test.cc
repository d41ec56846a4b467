#include "net/loop.h"

#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace bao::net {
namespace {

using namespace std::chrono_literals;

// An eventfd that is readable from the start.
FileDescriptor ready_descriptor() {
  return FileDescriptor(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
}

class TestHandler final : public EventHandler {
 public:
  explicit TestHandler(std::function<void()> action = [] {}) : action_(std::move(action)) {}
  ~TestHandler() override {
    if (destroyed != nullptr) *destroyed = true;
  }
  void on_event(uint32_t events) override {
    ++calls;
    last_events = events;
    action_();
  }
  int calls = 0;
  uint32_t last_events = 0;
  bool* destroyed = nullptr;

 private:
  std::function<void()> action_;
};

class TestTimer final : public Timer {
 public:
  explicit TestTimer(std::function<void()> action) : action_(std::move(action)) {}
  void on_timer() override { action_(); }

 private:
  std::function<void()> action_;
};

// ---- Descriptors

TEST(LoopTest, AReadyDescriptorIsToldInEachTurnUntilItIsUnwatched) {
  Loop loop;
  FileDescriptor fd = ready_descriptor();
  TestHandler handler;
  loop.watch(fd.get(), EPOLLIN, handler);
  loop.turn(-1ms);
  loop.turn(-1ms);
  EXPECT_EQ(handler.calls, 2);
  EXPECT_EQ(handler.last_events, static_cast<uint32_t>(EPOLLIN));
  loop.rewatch(fd.get(), EPOLLOUT, handler);
  loop.turn(-1ms);
  EXPECT_EQ(handler.last_events, static_cast<uint32_t>(EPOLLOUT));
  loop.unwatch(fd.get());
  EXPECT_EQ(loop.turn(0ms), 0u);
  EXPECT_EQ(handler.calls, 3);
}

TEST(LoopTest, WatchingNonsenseThrows) {
  Loop loop;
  TestHandler handler;
  EXPECT_THROW(loop.watch(-1, EPOLLIN, handler), std::system_error);
  EXPECT_THROW(loop.rewatch(-1, EPOLLIN, handler), std::system_error);
  FileDescriptor fd = ready_descriptor();
  loop.watch(fd.get(), EPOLLIN, handler);
  EXPECT_THROW(loop.watch(fd.get(), EPOLLIN, handler), std::system_error);
}

// One handler unwatches another that is ready in the same turn: that one may be called once more,
// and must still be there.
TEST(LoopTest, AHandlerMayBeRetiredByAnotherInTheSameTurn) {
  Loop loop;
  FileDescriptor first_fd = ready_descriptor();
  FileDescriptor second_fd = ready_descriptor();
  bool first_destroyed = false;
  bool second_destroyed = false;
  std::unique_ptr<TestHandler> first, second;
  auto end_both = [&] {
    if (first == nullptr) return;
    loop.unwatch(first_fd.get());
    loop.unwatch(second_fd.get());
    first_fd.reset();
    second_fd.reset();
    loop.retire(std::move(first));
    loop.retire(std::move(second));
    EXPECT_FALSE(first_destroyed || second_destroyed);
  };
  first = std::make_unique<TestHandler>(end_both);
  second = std::make_unique<TestHandler>(end_both);
  first->destroyed = &first_destroyed;
  second->destroyed = &second_destroyed;
  loop.watch(first_fd.get(), EPOLLIN, *first);
  loop.watch(second_fd.get(), EPOLLIN, *second);
  loop.turn(-1ms);
  EXPECT_TRUE(first_destroyed);
  EXPECT_TRUE(second_destroyed);
  loop.turn(0ms);
}

// A number that is closed and given out again in the same turn belongs to its new handler.
TEST(LoopTest, AReusedDescriptorNumberBelongsToItsNewHandler) {
  Loop loop;
  FileDescriptor old_fd = ready_descriptor();
  FileDescriptor new_fd;
  TestHandler fresh;
  std::unique_ptr<TestHandler> handler;
  handler = std::make_unique<TestHandler>([&] {
    const int number = old_fd.get();
    loop.unwatch(number);
    old_fd.reset();
    new_fd = ready_descriptor();
    EXPECT_EQ(new_fd.get(), number);
    loop.watch(new_fd.get(), EPOLLIN, fresh);
    loop.retire(std::move(handler));
  });
  loop.watch(old_fd.get(), EPOLLIN, *handler);
  loop.turn(-1ms);
  EXPECT_EQ(fresh.calls, 0);
  loop.turn(-1ms);
  EXPECT_EQ(fresh.calls, 1);
}

TEST(LoopTest, MoreDescriptorsThanOneTurnTakes) {
  Loop loop;
  std::vector<FileDescriptor> fds;
  std::vector<std::unique_ptr<TestHandler>> handlers;
  for (int i = 0; i < 300; ++i) {
    fds.push_back(ready_descriptor());
    handlers.push_back(std::make_unique<TestHandler>());
    loop.watch(fds.back().get(), EPOLLIN, *handlers.back());
  }
  for (int turn = 0; turn < 4; ++turn) loop.turn(-1ms);
  for (const auto& handler : handlers) EXPECT_GT(handler->calls, 0);
}

TEST(LoopTest, ATurnTakesNoMoreThanItIsToldAndTheRestHasItsTurnNext) {
  Loop loop(4);
  std::vector<FileDescriptor> fds;
  std::vector<std::unique_ptr<TestHandler>> handlers;
  for (int i = 0; i < 10; ++i) {
    fds.push_back(ready_descriptor());
    handlers.push_back(std::make_unique<TestHandler>());
    loop.watch(fds.back().get(), EPOLLIN, *handlers.back());
  }
  auto calls = [&] {
    int sum = 0;
    for (const auto& handler : handlers) sum += handler->calls;
    return sum;
  };
  loop.turn(-1ms);
  EXPECT_EQ(calls(), 4);
  loop.turn(-1ms);
  loop.turn(-1ms);
  for (const auto& handler : handlers) EXPECT_GT(handler->calls, 0);
}

// ---- Work

TEST(LoopTest, DeferredWorkRunsAtTheEndOfTheTurn) {
  Loop loop;
  std::string order;
  FileDescriptor fd = ready_descriptor();
  TestHandler handler([&] {
    loop.defer(Work([&] { order += 'd'; }));
    order += 'h';
  });
  loop.watch(fd.get(), EPOLLIN, handler);
  TestTimer timer([&] { order += 't'; });
  loop.timers().arm(timer, loop.now());
  loop.turn(-1ms);
  EXPECT_EQ(order, "htd");
}

TEST(LoopTest, WorkThatIsDeferredByDeferredWorkRunsInTheNextTurnWhichDoesNotWait) {
  Loop loop;
  int runs = 0;
  loop.defer(Work([&] {
    ++runs;
    loop.defer(Work([&] { ++runs; }));
  }));
  EXPECT_EQ(loop.time_to_next_timer(), 0ms);
  loop.turn(-1ms);
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(loop.alive());
  loop.turn(-1ms);
  EXPECT_EQ(runs, 2);
  EXPECT_FALSE(loop.alive());
}

TEST(LoopTest, WorkMayHoldWhatCanOnlyBeMoved) {
  Loop loop;
  int seen = 0;
  loop.defer(Work([&seen, value = std::make_unique<int>(7)] { seen = *value; }));
  loop.turn(0ms);
  EXPECT_EQ(seen, 7);
}

TEST(LoopTest, PostedWorkRunsInTheOrderOfTheCalls) {
  Loop loop;
  std::string order;
  for (char c = 'a'; c <= 'z'; ++c) loop.post(Work([&order, c] { order += c; }));
  EXPECT_TRUE(loop.alive());
  loop.turn(-1ms);
  EXPECT_EQ(order, "abcdefghijklmnopqrstuvwxyz");
  EXPECT_FALSE(loop.alive());
}

TEST(LoopTest, PostingWakesALoopThatWaits) {
  Loop loop;
  loop.hold();
  const std::thread::id here = std::this_thread::get_id();
  std::thread other([&] {
    loop.post(Work([&] {
      EXPECT_EQ(std::this_thread::get_id(), here);
      loop.release();
    }));
  });
  loop.run();
  other.join();
}

TEST(LoopTest, ManyThreadsMayPost) {
  Loop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<int> next(kThreads, 0);
  int left = kThreads * kEach;
  loop.hold();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.post(Work([&, t, i] {
          EXPECT_EQ(next[static_cast<size_t>(t)]++, i) << "each thread's work stays in order";
          if (--left == 0) loop.release();
        }));
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(left, 0);
}

TEST(LoopTest, PostedWorkMayPost) {
  Loop loop;
  int runs = 0;
  loop.post(Work([&] {
    ++runs;
    loop.post(Work([&] { ++runs; }));
  }));
  loop.run();
  EXPECT_EQ(runs, 2);
}

// What is captured may do its own last things when it is destroyed.
TEST(LoopTest, WorkThatNeverRunsIsDestroyedWithTheLoop) {
  struct PostsAtItsEnd {
    Loop* loop;
    int* destroyed;
    int depth;
    PostsAtItsEnd(Loop* loop, int* destroyed, int depth)
        : loop(loop), destroyed(destroyed), depth(depth) {}
    PostsAtItsEnd(PostsAtItsEnd&& other) noexcept
        : loop(std::exchange(other.loop, nullptr)),
          destroyed(other.destroyed),
          depth(other.depth) {}
    ~PostsAtItsEnd() {
      if (loop == nullptr) return;
      ++*destroyed;
      if (depth > 0) {
        loop->post(Work([next = PostsAtItsEnd(loop, destroyed, depth - 1)] {}));
        loop->defer(Work([next = PostsAtItsEnd(loop, destroyed, depth - 1)] {}));
      }
    }
  };
  int destroyed = 0;
  {
    Loop loop;
    loop.post(Work([guard = PostsAtItsEnd(&loop, &destroyed, 2)] {}));
    loop.defer(Work([guard = PostsAtItsEnd(&loop, &destroyed, 2)] {}));
  }
  EXPECT_EQ(destroyed, 14);
}

// ---- Time

TEST(LoopTest, ATurnWaitsForTheNextTimerAndNotLonger) {
  Loop loop;
  bool fired = false;
  TestTimer timer([&] { fired = true; });
  const TimePoint deadline = Clock::now() + 20ms;
  loop.timers().arm(timer, deadline);
  while (!fired) loop.turn(-1ms);
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_GE(loop.now(), deadline);
}

TEST(LoopTest, ATurnWaitsAtMostItsTimeout) {
  Loop loop;
  TestTimer timer([] { FAIL(); });
  loop.timers().arm(timer, Clock::now() + 1h);
  loop.turn(0ms);
  loop.turn(1ms);
}

TEST(LoopTest, TimeToTheNextTimerIsRoundedUp) {
  Loop loop;
  EXPECT_LT(loop.time_to_next_timer(), 0ms);
  TestTimer timer([] {});
  loop.timers().arm(timer, Clock::now() + 900ms);
  EXPECT_GT(loop.time_to_next_timer(), 800ms);
  EXPECT_LE(loop.time_to_next_timer(), 900ms);
  // What is far away is reckoned from the kernel's last tick: late by that at most, never early.
  const TimePoint far = Clock::now() + 10s;
  loop.timers().arm(timer, far);
  const auto wait = loop.time_to_next_timer();
  EXPECT_GE(Clock::now() + wait, far);
  EXPECT_LE(wait, 10s + 20ms);
  loop.timers().arm(timer, Clock::now() + 100us);
  EXPECT_LE(loop.time_to_next_timer(), 1ms);
  loop.timers().arm(timer, Clock::now() - 1s);
  EXPECT_EQ(loop.time_to_next_timer(), 0ms);
}

// Runs until the kernel's clock has ticked, as a slow handler would.
void outlast_a_tick(const Loop& loop) {
  const TimePoint end = loop.now() + 30ms;
  while (Clock::now() < end) {
  }
}

TEST(LoopTest, TheClocksAreReadOnceATurnUnlessSomebodyCatchesUp) {
  Loop loop;
  EXPECT_GT(loop.wall_time(), 1'600'000'000);
  const TimePoint before = loop.now();
  outlast_a_tick(loop);
  EXPECT_EQ(loop.now(), before);
  loop.turn(0ms);
  EXPECT_GE(loop.now(), before + 20ms);  // a tick of ten milliseconds is the longest there is
  EXPECT_LE(loop.now(), Clock::now());
}

TEST(LoopTest, AnEmbedderBringsTheClocksUpToDateBetweenTurns) {
  Loop loop;
  loop.turn(0ms);
  const TimePoint before = loop.now();
  outlast_a_tick(loop);
  EXPECT_EQ(loop.now(), before);
  loop.catch_up();
  EXPECT_GE(loop.now(), before + 20ms);
  EXPECT_LE(loop.now(), Clock::now());
  EXPECT_FALSE(loop.in_turn());
}

TEST(LoopTest, CatchingUpShowsTheTimeWithinATurn) {
  Loop loop;
  TimePoint before, stale, fresh;
  loop.defer(Work([&] {
    before = loop.now();
    outlast_a_tick(loop);
    stale = loop.now();
    loop.catch_up();
    fresh = loop.now();
  }));
  loop.turn(0ms);
  EXPECT_EQ(stale, before);
  EXPECT_GE(fresh, before + 20ms);
  EXPECT_LE(fresh, Clock::now());
}

TEST(LoopTest, AnEmbedderThatKeepsTheTimeSaysWhenToLookAtTheClock) {
  Loop loop;
  loop.leave_time_to_embedding();
  std::vector<TimePoint> times;
  const auto event = [&] {
    outlast_a_tick(loop);
    loop.note_time();
    times.push_back(loop.now());
  };
  TestHandler first(event);
  TestHandler second(event);
  const FileDescriptor one = ready_descriptor();
  const FileDescriptor other = ready_descriptor();
  loop.watch(one.get(), EPOLLIN, first);
  loop.watch(other.get(), EPOLLIN, second);
  EXPECT_EQ(loop.turn(0ms), 2u) << "descriptors were ready";
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0], times[1]);
  loop.catch_up();
  EXPECT_GE(loop.now(), times[1] + 20ms);
}

// Reading the precise clock is dear, but timers that are about to fire need it.
TEST(LoopTest, TheTimeIsExactWhileATimerIsNear) {
  Loop loop;
  TestTimer timer([] {});
  loop.timers().arm(timer, Clock::now() + 500ms);
  for (int i = 0; i < 100; ++i) {
    const TimePoint before = Clock::now();
    loop.turn(0ms);
    EXPECT_GE(loop.now(), before);
  }
}

// Whoever reads notes when: by a clock that shows how long the handler before has taken.
TEST(LoopTest, EachEventOfATurnBeginsCaughtUp) {
  Loop loop;
  std::vector<TimePoint> begun;
  const auto slow = [&] {
    begun.push_back(loop.now());
    outlast_a_tick(loop);
  };
  FileDescriptor fds[] = {ready_descriptor(), ready_descriptor(), ready_descriptor()};
  TestHandler first(slow), second(slow), third(slow);
  loop.watch(fds[0].get(), EPOLLIN, first);
  loop.watch(fds[1].get(), EPOLLIN, second);
  loop.watch(fds[2].get(), EPOLLIN, third);
  loop.turn(-1ms);
  ASSERT_EQ(begun.size(), 3u);
  EXPECT_GE(begun[1], begun[0] + 20ms);
  EXPECT_GE(begun[2], begun[1] + 20ms);
}

// The peer's bytes may have come while the handler ran: they are seen before its time is judged.
TEST(LoopTest, ATimerThatBecameDueWhileAHandlerRanWaitsForTheNextTurnsEvents) {
  Loop loop;
  std::string order;
  FileDescriptor fd = ready_descriptor();
  TestTimer timer([&] { order += 't'; });
  TestHandler handler([&] {
    order += 'e';
    if (order != "e") return;
    loop.timers().arm(timer, loop.now() + 10ms);
    outlast_a_tick(loop);
    loop.catch_up();
  });
  loop.watch(fd.get(), EPOLLIN, handler);
  loop.turn(-1ms);
  EXPECT_EQ(order, "e");
  loop.turn(-1ms);
  EXPECT_EQ(order, "eet");
}

// ---- Life

TEST(LoopTest, RunReturnsWhenNothingHoldsTheLoop) {
  Loop loop;
  loop.run();
  loop.hold();
  loop.hold();
  loop.defer(Work([&] { loop.release(); }));
  loop.post(Work([&] { loop.release(); }));
  loop.run();
  EXPECT_FALSE(loop.alive());
}

TEST(LoopTest, TimersDoNotHoldTheLoop) {
  Loop loop;
  TestTimer timer([] {});
  loop.timers().arm(timer, Clock::now() + 1h);
  EXPECT_FALSE(loop.alive());
  loop.run();
}

TEST(LoopTest, StopEndsRunWithTheTurn) {
  Loop loop;
  loop.hold();
  bool ran = false;
  loop.post(Work([&] {
    loop.stop();
    loop.defer(Work([&] { ran = true; }));
    EXPECT_TRUE(loop.in_turn());
  }));
  loop.run();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(loop.in_turn());
  EXPECT_TRUE(loop.alive());
  loop.release();
}

// Another loop may watch this one's descriptor.
TEST(LoopTest, TheDescriptorIsReadableWhenThereIsSomethingToDo) {
  Loop loop;
  pollfd poll{.fd = loop.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&poll, 1, 0), 0);
  loop.post(Work([] {}));
  EXPECT_EQ(::poll(&poll, 1, 0), 1);
  loop.turn(0ms);
  EXPECT_EQ(::poll(&poll, 1, 0), 0);
  FileDescriptor fd = ready_descriptor();
  TestHandler handler;
  loop.watch(fd.get(), EPOLLIN, handler);
  EXPECT_EQ(::poll(&poll, 1, 0), 1);
}

class TestResident final : public Resident {
 public:
  TestResident(Loop& loop, std::string& order, char name)
      : loop_(loop), order_(order), name_(name) {}
  void on_loop_end() override {
    order_ += name_;
    loop_.remove_resident(*this);
  }

 private:
  Loop& loop_;
  std::string& order_;
  char name_;
};

TEST(LoopTest, ResidentsEndWithTheLoopTheLastFirst) {
  std::string order;
  auto loop = std::make_unique<Loop>();
  TestResident a(*loop, order, 'a'), b(*loop, order, 'b'), c(*loop, order, 'c');
  loop->add_resident(a);
  loop->add_resident(b);
  loop->add_resident(c);
  loop->remove_resident(b);
  loop->remove_resident(b);
  loop = nullptr;
  EXPECT_EQ(order, "ca");
}

}  // namespace
}  // namespace bao::net
