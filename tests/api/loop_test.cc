#include <atomic>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <bao/bao.h>
#include <bao/loop.h>

#include "api/served.h"

// The loop and what a program may put on it: timers, sleeps, tasks, work of other threads.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::on_own_loop;
using testing::turn_for;
using testing::turn_until;
using Clock = std::chrono::steady_clock;

void run_quietly() {
  run({.signals = false});
}

// ---- after, every

TEST(After, CallsOnceAndNotTooEarly) {
  int calls = 0;
  const auto start = Clock::now();
  Clock::duration took{};
  after(50ms, [&] {
    ++calls;
    took = Clock::now() - start;
  });
  EXPECT_TRUE(Loop::current().alive());
  run_quietly();
  EXPECT_EQ(calls, 1);
  EXPECT_GE(took, 50ms);
  EXPECT_FALSE(Loop::current().alive());
}

TEST(After, InTheOrderOfTheirTimes) {
  std::string order;
  after(30ms, [&] { order += 'c'; });
  after(10ms, [&] { order += 'a'; });
  after(20ms, [&] { order += 'b'; });
  run_quietly();
  EXPECT_EQ(order, "abc");
}

TEST(After, TakesZeroNegativeAndEndlessDelays) {
  int calls = 0;
  after(0ms, [&] { ++calls; });
  after(-1h, [&] { ++calls; });
  Timer never = after(std::chrono::nanoseconds::max(), [&] { calls += 100; });
  EXPECT_TRUE(turn_until([&] { return calls == 2; }));
  turn_for(10ms);
  EXPECT_EQ(calls, 2);
  never.cancel();
  EXPECT_FALSE(Loop::current().alive());
}

TEST(After, MayArmAnotherInItsCallback) {
  int calls = 0;
  std::function<void()> next = [&] {
    if (++calls < 5) after(0ms, next);
  };
  after(0ms, next);
  run_quietly();
  EXPECT_EQ(calls, 5);
}

TEST(After, ReleasesItsCallback) {
  auto token = std::make_shared<int>();
  Timer ran = after(0ms, [token] {});
  Timer cancelled = after(1h, [token] {});
  EXPECT_EQ(token.use_count(), 3);
  EXPECT_TRUE(turn_until([&] { return token.use_count() == 2; }));
  cancelled.cancel();
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Every, CallsUntilItIsCancelled) {
  int calls = 0;
  std::optional<Timer> timer;
  timer = every(1ms, [&] {
    if (++calls == 5) timer->cancel();
  });
  run_quietly();
  EXPECT_EQ(calls, 5);
}

TEST(Every, KeepsItsDistance) {
  int calls = 0;
  Timer timer = every(20ms, [&] { ++calls; });
  turn_for(110ms);
  timer.cancel();
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 5);
}

TEST(Every, OfZeroDoesNotSpin) {
  int calls = 0;
  Timer timer = every(0ms, [&] { ++calls; });
  turn_for(20ms);
  timer.cancel();
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 25);
}

TEST(Every, AfterAStallDoesNotCatchUpAllAtOnce) {
  int calls = 0;
  Timer timer = every(5ms, [&] {
    if (++calls == 1) std::this_thread::sleep_for(100ms);
  });
  EXPECT_TRUE(turn_until([&] { return calls == 1; }));
  Loop::current().turn();
  EXPECT_LE(calls, 2);
  timer.cancel();
}

TEST(Timer, CancelsInItsCallbackAndTwice) {
  int calls = 0;
  std::optional<Timer> timer;
  timer = after(0ms, [&] {
    ++calls;
    timer->cancel();
    timer->cancel();
  });
  run_quietly();
  timer->cancel();
  timer->ref();
  timer->unref();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(Loop::current().alive());
}

TEST(Timer, MayBeOwnedByItsCallback) {
  auto token = std::make_shared<int>();
  std::weak_ptr<int> alive = token;
  {
    auto timer = std::make_shared<std::optional<Timer>>();
    *timer = every(1ms, [timer, token = std::move(token)] { (*timer)->cancel(); });
  }
  run_quietly();
  EXPECT_TRUE(alive.expired());
}

TEST(Timer, DroppingTheHandleDoesNotStopIt) {
  int calls = 0;
  {
    after(1ms, [&] { ++calls; });
  }
  run_quietly();
  EXPECT_EQ(calls, 1);
}

TEST(Timer, UnrefLetsRunReturn) {
  int calls = 0;
  Timer timer = every(1ms, [&] { ++calls; });
  timer.unref();
  timer.unref();
  EXPECT_FALSE(Loop::current().alive());
  run_quietly();
  EXPECT_EQ(calls, 0);
  timer.ref();
  timer.ref();
  EXPECT_TRUE(Loop::current().alive());
  timer.cancel();
  EXPECT_FALSE(Loop::current().alive());
}

TEST(Timer, AnUnrefdOneIsCancelledAndRunsAllTheSame) {
  int calls = 0;
  Timer timer = after(1ms, [&] { ++calls; });
  timer.unref();
  EXPECT_TRUE(turn_until([&] { return calls == 1; }));
  Timer cancelled = after(1ms, [&] { ++calls; });
  cancelled.unref();
  cancelled.cancel();
  turn_for(10ms);
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(Loop::current().alive());
}

TEST(Timer, WhatACallbackThrowsIsTold) {
  int calls = 0;
  Timer timer = every(1ms, [&] {
    if (++calls == 1) throw std::runtime_error("thrown in a timer");
  });
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(turn_until([&] { return calls == 2; }));
  timer.cancel();
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("thrown in a timer"), std::string::npos);
}

// ---- sleep

TEST(Sleep, SuspendsForAtLeastThatLong) {
  Clock::duration took{};
  auto nap = [&]() -> Task<void> {
    const auto start = Clock::now();
    co_await sleep(30ms);
    took = Clock::now() - start;
  };
  spawn(nap());
  run_quietly();
  EXPECT_GE(took, 30ms);
}

TEST(Sleep, TakesAnyDuration) {
  int woken = 0;
  auto nap = [&](std::chrono::nanoseconds delay) -> Task<void> {
    co_await sleep(delay);
    ++woken;
  };
  spawn(nap(0ns));
  spawn(nap(-5s));
  run_quietly();
  EXPECT_EQ(woken, 2);
  on_own_loop([&] {
    spawn(nap(std::chrono::nanoseconds::max()));
    turn_for(5ms);
    EXPECT_TRUE(Loop::current().alive());
  });
  EXPECT_EQ(woken, 2);
}

TEST(Sleep, OneObjectMayBeAwaitedAgain) {
  int naps = 0;
  auto nap = [&]() -> Task<void> {
    auto pause = sleep(1ms);
    for (int i = 0; i < 3; ++i) {
      co_await pause;
      ++naps;
    }
  };
  spawn(nap());
  run_quietly();
  EXPECT_EQ(naps, 3);
}

TEST(Sleep, ADroppedOneLetsTheLoopEnd) {
  auto nap = []() -> Task<void> { co_await sleep(1h); };
  auto frame = nap().release();
  frame.resume();
  EXPECT_TRUE(Loop::current().alive());
  frame.destroy();
  EXPECT_FALSE(Loop::current().alive());
}

// ---- spawn

TEST(Spawn, StartsAtOnceAndKeepsTheLoop) {
  std::string order;
  auto work = [&]() -> Task<void> {
    order += "begun ";
    co_await sleep(1ms);
    order += "done";
  };
  spawn(work());
  order += "spawned ";
  EXPECT_TRUE(Loop::current().alive());
  run_quietly();
  EXPECT_EQ(order, "begun spawned done");
}

TEST(Spawn, OfATaskThatNeverSuspends) {
  int ran = 0;
  auto work = [&]() -> Task<void> {
    ++ran;
    co_return;
  };
  spawn(work());
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(Loop::current().alive());
}

TEST(Spawn, WhatATaskThrowsIsTold) {
  for (bool suspends : {false, true}) {
    auto work = [](bool suspends) -> Task<void> {
      if (suspends) co_await sleep(1ms);
      throw std::runtime_error("thrown in a task");
    };
    ::testing::internal::CaptureStderr();
    spawn(work(suspends));
    run_quietly();
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("thrown in a task"), std::string::npos);
    EXPECT_NE(said.find("a spawned task"), std::string::npos);
  }
}

TEST(Spawn, ThousandsAtOnce) {
  int ended = 0;
  auto work = [&](int i) -> Task<void> {
    co_await sleep(std::chrono::microseconds(i % 10 * 100));
    ++ended;
  };
  for (int i = 0; i < 5000; ++i) spawn(work(i));
  run_quietly();
  EXPECT_EQ(ended, 5000);
}

// ---- blocking

TEST(Blocking, RunsElsewhereAndComesBack) {
  std::thread::id job, before, behind;
  auto work = [&]() -> Task<void> {
    before = std::this_thread::get_id();
    co_await blocking([&] { job = std::this_thread::get_id(); });
    behind = std::this_thread::get_id();
  };
  spawn(work());
  run_quietly();
  EXPECT_NE(job, before);
  EXPECT_EQ(before, behind);
}

TEST(Blocking, GivesValuesMoveOnlyOnesToo) {
  std::unique_ptr<std::string> got;
  auto work = [&]() -> Task<void> {
    got = co_await blocking([] { return std::make_unique<std::string>("result"); });
    EXPECT_EQ(co_await blocking([] { return 7; }), 7);
  };
  spawn(work());
  run_quietly();
  EXPECT_EQ(*got, "result");
}

TEST(Blocking, GivesWhatIsThrown) {
  std::string caught;
  auto work = [&]() -> Task<void> {
    try {
      co_await blocking([]() -> int { throw std::runtime_error("from the other thread"); });
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
  };
  spawn(work());
  run_quietly();
  EXPECT_EQ(caught, "from the other thread");
}

TEST(Blocking, TheLoopGoesOnMeanwhile) {
  std::atomic<bool> release = false;
  bool done = false;
  auto work = [&]() -> Task<void> {
    co_await blocking([&] {
      while (!release) std::this_thread::sleep_for(1ms);
    });
    done = true;
  };
  spawn(work());
  turn_for(10ms);
  EXPECT_FALSE(done);
  EXPECT_TRUE(Loop::current().alive());
  release = true;
  run_quietly();
  EXPECT_TRUE(done);
}

TEST(Blocking, UsesUpToFourThreadsUnlessToldOtherwise) {
  for (int limit : {0, 1, 8}) {
    on_own_loop([&] {
      if (limit > 0) Loop::current().set_blocking_threads(limit);
      const int expected = limit == 0 ? 4 : limit;
      std::atomic<int> running = 0, most = 0, ended = 0;
      auto work = [&]() -> Task<void> {
        co_await blocking([&] {
          int now = ++running;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
          }
          // All that may run at once do, before any of the first ones ends.
          for (int i = 0; i < 2000 && most < expected && ended == 0; ++i)
            std::this_thread::sleep_for(1ms);
          --running;
          ++ended;
        });
      };
      for (int i = 0; i < 20; ++i) spawn(work());
      run_quietly();
      EXPECT_EQ(ended, 20);
      EXPECT_EQ(most, expected);
    });
  }
}

TEST(Blocking, AWrongNumberOfThreadsIsNamed) {
  for (int wrong : {0, -1, 1025}) {
    try {
      Loop::current().set_blocking_threads(wrong);
      FAIL();
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(),
                "set_blocking_threads(" + std::to_string(wrong) + "): give 1 to 1024 threads");
    }
  }
  Loop::current().set_blocking_threads(1024);
  Loop::current().set_blocking_threads(4);
}

TEST(Blocking, ADroppedWaitIsForgotten) {
  std::atomic<bool> release = false;
  auto work = [&]() -> Task<void> {
    co_await blocking([&] {
      while (!release) std::this_thread::sleep_for(1ms);
    });
    ADD_FAILURE() << "resumed after its end";
  };
  auto frame = work().release();
  frame.resume();
  frame.destroy();
  release = true;
  run_quietly();
}

TEST(Blocking, WorksInHandlers) {
  testing::Served served({.fetch = [](Request& req) -> Task<Response> {
    std::string text =
        co_await blocking([&] { return std::string(req.path()) + " read elsewhere"; });
    co_return Response(text);
  }});
  EXPECT_EQ(served.get("/x").body, "/x read elsewhere");
}

// ---- post, hold, stop

TEST(Post, RunsInOrderAfterWhatIsUnderWay) {
  std::string order;
  Loop& loop = Loop::current();
  loop.post([&] {
    order += '1';
    loop.post([&] { order += '3'; });
    order += '2';
  });
  order += '0';
  EXPECT_TRUE(loop.alive());
  run_quietly();
  EXPECT_EQ(order, "0123");
}

TEST(Post, TakesMoveOnlyWork) {
  int got = 0;
  Loop::current().post([&got, number = std::make_unique<int>(7)] { got = *number; });
  run_quietly();
  EXPECT_EQ(got, 7);
}

TEST(Post, WhatWorkThrowsIsTold) {
  Loop::current().post([] { throw std::runtime_error("thrown in posted work"); });
  ::testing::internal::CaptureStderr();
  run_quietly();
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("thrown in posted work"),
            std::string::npos);
}

TEST(Post, FromManyThreads) {
  Loop& loop = Loop::current();
  loop.hold();
  int ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        loop.post([&] {
          if (++ran == 4000) loop.release();
        });
      }
    });
  }
  run_quietly();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 4000);
}

TEST(Loop, IsOneForEachThread) {
  Loop* here = &Loop::current();
  EXPECT_EQ(here, &Loop::current());
  on_own_loop([&] { EXPECT_NE(here, &Loop::current()); });
}

TEST(Loop, HoldKeepsRunGoing) {
  Loop& loop = Loop::current();
  EXPECT_FALSE(loop.alive());
  loop.hold();
  loop.hold();
  EXPECT_TRUE(loop.alive());
  bool released = false;
  Timer timer = after(5ms, [&] {
    released = true;
    loop.release();
    loop.release();
  });
  timer.unref();
  run_quietly();
  EXPECT_TRUE(released);
}

TEST(Loop, MayRunAgain) {
  for (int i = 0; i < 3; ++i) {
    bool ran = false;
    after(0ms, [&] { ran = true; });
    run_quietly();
    EXPECT_TRUE(ran);
  }
}

// ---- Embedding

TEST(LoopEmbedding, TellsWhenItHasSomethingToDo) {
  Loop& loop = Loop::current();
  EXPECT_LT(loop.time_to_next_timer(), 0ms);
  testing::Served served({.fetch = [] { return Response("embedded"); }});
  auto readable = [&](int milliseconds) {
    pollfd waiting{.fd = loop.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, milliseconds) == 1;
  };
  while (readable(0)) loop.turn();
  testing::RawClient client = served.connect();
  EXPECT_TRUE(readable(5000));
  loop.turn();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(readable(5000));
  loop.turn();
  EXPECT_EQ(client.read_reply().body, "embedded");
  bool posted = false;
  loop.post([&] { posted = true; });
  EXPECT_TRUE(readable(0));
  loop.turn();
  EXPECT_TRUE(posted);
  Timer timer = after(50ms, [] {});
  EXPECT_GT(loop.time_to_next_timer(), 0ms);
  EXPECT_LE(loop.time_to_next_timer(), 50ms);
  timer.cancel();
}

TEST(LoopEmbedding, ATurnDoesNotWaitUnlessTold) {
  Timer timer = after(1h, [] {});
  for (int i = 0; i < 100; ++i) Loop::current().turn();
  timer.cancel();
  bool ran = false;
  after(10ms, [&] { ran = true; });
  Loop::current().turn(-1ms);  // until something happens
  EXPECT_TRUE(ran);
}

TEST(LoopEmbedding, ATurnInsideATurnIsRefused) {
  std::string said;
  after(0ms, [&] {
    try {
      Loop::current().turn();
    } catch (const std::logic_error& error) {
      said = error.what();
    }
  });
  run_quietly();
  EXPECT_EQ(said, "Loop::turn was called from a callback of the same loop: return from it instead");
}

}  // namespace
}  // namespace bao
