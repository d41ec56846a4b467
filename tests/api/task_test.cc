#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <bao/bao.h>
#include <bao/task.h>

#include "api/served.h"

namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::Served;
using testing::turn_until;

const std::string kLong = "a text that is too long to lie inside of a string";

/// Runs a task to its end on this thread's loop.
void finish(Task<void> task) {
  bool ended = false;
  auto around = [](Task<void> task, bool& ended) -> Task<void> {
    co_await std::move(task);
    ended = true;
  };
  spawn(around(std::move(task), ended));
  EXPECT_TRUE(turn_until([&] { return ended; }));
}

/// Counts how many of it live.
struct Counted {
  static inline int alive = 0;
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  Counted(Counted&&) noexcept { ++alive; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) noexcept = default;
  ~Counted() { --alive; }
};

Task<int> number(int n) {
  co_return n;
}
Task<Counted> counted() {
  co_return Counted();
}

TEST(Task, DoesNothingUntilItIsAwaited) {
  bool ran = false;
  auto make = [&]() -> Task<void> {
    ran = true;
    co_return;
  };
  {
    Task<void> dropped = make();
  }
  EXPECT_FALSE(ran);
  finish(make());
  EXPECT_TRUE(ran);
}

TEST(Task, GivesItsResult) {
  auto body = []() -> Task<void> {
    EXPECT_EQ(co_await number(7), 7);
    Task<int> later = number(8);
    EXPECT_EQ(co_await later, 8);
    Task<int> moved = number(9);
    EXPECT_EQ(co_await std::move(moved), 9);
  };
  finish(body());
}

TEST(Task, GivesMoveOnlyResults) {
  auto make = []() -> Task<std::unique_ptr<std::string>> {
    co_return std::make_unique<std::string>(kLong);
  };
  auto body = [&]() -> Task<void> { EXPECT_EQ(*co_await make(), kLong); };
  finish(body());
}

TEST(Task, ConvertsWhatIsReturned) {
  auto text = []() -> Task<std::string> { co_return "literal"; };
  auto none = []() -> Task<std::optional<std::string>> { co_return std::nullopt; };
  auto some = []() -> Task<std::optional<std::string>> { co_return "some"; };
  auto empty = []() -> Task<std::string> { co_return {}; };
  auto body = [&]() -> Task<void> {
    EXPECT_EQ(co_await text(), "literal");
    EXPECT_EQ(co_await none(), std::nullopt);
    EXPECT_EQ(co_await some(), "some");
    EXPECT_EQ(co_await empty(), "");
  };
  finish(body());
}

TEST(Task, ThrowsWhereItIsAwaited) {
  auto fail = []() -> Task<int> {
    throw std::out_of_range("no such thing");
    co_return 1;
  };
  bool caught = false;
  auto body = [&]() -> Task<void> {
    try {
      co_await fail();
    } catch (const std::out_of_range&) {
      caught = true;
    }
  };
  finish(body());
  EXPECT_TRUE(caught);
}

TEST(Task, DestroysWhatItOwnsOnce) {
  Counted::alive = 0;
  {
    auto hold = [](Counted argument) -> Task<void> {
      Counted local;
      co_await sleep(1ms);
      (void)argument;
    };
    {
      Task<void> never_started = hold(Counted());
    }
    EXPECT_EQ(Counted::alive, 0);
    finish(hold(Counted()));
    EXPECT_EQ(Counted::alive, 0);
    auto frame = hold(Counted()).release();
    frame.resume();
    EXPECT_EQ(Counted::alive, 2);
    frame.destroy();
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Task, AResultThatNobodyTakesIsDestroyed) {
  Counted::alive = 0;
  auto body = []() -> Task<void> { co_await counted(); };
  finish(body());
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Task, MovesAndAssigns) {
  Counted::alive = 0;
  auto hold = [](Counted) -> Task<int> { co_return 1; };
  {
    Task<int> a = hold(Counted());
    Task<int> b = hold(Counted());
    EXPECT_EQ(Counted::alive, 2);
    a = std::move(b);
    Task<int> c = std::move(a);
    a = hold(Counted());
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Task, DestroyingTheOuterDestroysTheInner) {
  Counted::alive = 0;
  auto inner = []() -> Task<void> {
    Counted local;
    co_await sleep(1h);
  };
  auto outer = [&]() -> Task<void> {
    Counted local;
    co_await inner();
  };
  auto frame = outer().release();
  frame.resume();
  EXPECT_EQ(Counted::alive, 2);
  frame.destroy();
  EXPECT_EQ(Counted::alive, 0);
}

/// What awaiting the task says.
std::string refusal(Task<int> task) {
  std::string said;
  auto body = [](Task<int> task, std::string& said) -> Task<void> {
    try {
      co_await task;
      co_await task;
    } catch (const std::logic_error& error) {
      said = error.what();
    }
  };
  finish(body(std::move(task), said));
  return said;
}

TEST(Task, IsAwaitedOnce) {
  EXPECT_EQ(refusal(number(7)),
            "A bao::Task was awaited twice: await it once, and keep what the await gave");
  Task<int> moved = number(8);
  Task<int> there = std::move(moved);
  EXPECT_EQ(refusal(std::move(moved)),  // NOLINT(bugprone-use-after-move)
            "A bao::Task was used after it was moved from: use what it became");
}

// The second one would resume a coroutine that waits for something else.
TEST(Task, IsAwaitedByOneAlone) {
  Task<int> task = []() -> Task<int> {
    co_await sleep(1ms);
    co_return 7;
  }();
  int result = 0;
  bool refused = false;
  auto first = [&]() -> Task<void> { result = co_await task; };
  auto second = [&]() -> Task<void> {
    try {
      co_await task;
    } catch (const std::logic_error&) {
      refused = true;
    }
  };
  spawn(first());
  spawn(second());
  EXPECT_TRUE(refused);
  EXPECT_TRUE(turn_until([&] { return result == 7; }));
}

TEST(Task, IsSpawnedOnce) {
  auto make = []() -> Task<void> { co_return; };
  Task<void> task = make();
  spawn(std::move(task));
  EXPECT_THROW(spawn(std::move(task)), std::logic_error);  // NOLINT(bugprone-use-after-move)
  Task<void> awaited = make();
  auto body = [&]() -> Task<void> { co_await awaited; };
  finish(body());
  EXPECT_THROW(spawn(std::move(awaited)), std::logic_error);
}

// Each finished inner task hands on to the outer one without the stack growing for ever.
TEST(Task, ManyThousandAwaitsInARow) {
  long sum = 0;
  auto body = [&]() -> Task<void> {
    for (int i = 0; i < 5000; ++i) {
      sum += co_await number(1);
      if (i % 100 == 0) co_await sleep(0ms);
    }
  };
  finish(body());
  EXPECT_EQ(sum, 5000);
}

// ---- The trap of g++ 12 (docs/getting-started.md): temporaries that are aggregates, or closures
// that own something, are destroyed twice if they stand in an expression with co_await. These forms
// are safe, and must stay so.

Task<std::size_t> takes_response(Response response) {
  co_return response.body().size();
}
Task<std::size_t> takes_options(FetchOptions options) {
  co_return options.body.size();
}
Task<std::size_t> takes_text(std::string text) {
  co_return text.size();
}

class SafeForms : public ::testing::Test {
 protected:
  Served served{{.fetch = [](Request& req) -> Task<Response> {
    co_return Response(std::string(req.method()) + co_await req.text());
  }}};
};

TEST_F(SafeForms, ConstructorsAndSettersInPlace) {
  auto body = []() -> Task<void> {
    EXPECT_EQ(co_await takes_text(kLong + "!"), kLong.size() + 1);
    EXPECT_EQ(co_await takes_response(Response(kLong)), kLong.size());
    EXPECT_EQ(co_await takes_response(
                  Response(kLong).status(201).set("X-Long", kLong).append("X-Long", kLong)),
              kLong.size());
    EXPECT_EQ(co_await takes_response(Response::json_text(kLong).body(kLong + kLong)),
              2 * kLong.size());
  };
  finish(body());
}

TEST_F(SafeForms, AnAggregateInAVariable) {
  auto body = [&]() -> Task<void> {
    FetchOptions options{.method = "PUT", .fields = {{"X-Long", kLong}}, .body = kLong};
    EXPECT_EQ(co_await takes_options(options), kLong.size());
    Response response = co_await served.server.fetch("/", options);
    EXPECT_EQ(response.body(), "PUT" + kLong);
    Response moved = co_await served.server.fetch("/", std::move(options));
    EXPECT_EQ(moved.body(), "PUT" + kLong);
    FetchOptions set;
    set.method = "POST";
    set.fields.set("X-Long", kLong);
    set.body = kLong;
    EXPECT_EQ((co_await served.server.fetch("/", set)).body(), "POST" + kLong);
  };
  finish(body());
}

TEST_F(SafeForms, ATaskInAVariable) {
  auto body = [&]() -> Task<void> {
    Task<Response> task = served.server.fetch("/", {.method = "PUT", .body = kLong});
    EXPECT_EQ((co_await task).body(), "PUT" + kLong);
  };
  finish(body());
}

TEST_F(SafeForms, AFetchWithoutOptions) {
  auto body = [&]() -> Task<void> {
    EXPECT_EQ((co_await served.server.fetch("/" + kLong.substr(0, 1))).body(), "GET");
    EXPECT_EQ((co_await served.server.fetch(std::string("/"), FetchOptions())).body(), "GET");
  };
  finish(body());
}

TEST_F(SafeForms, AClosureInAVariable) {
  auto body = [&]() -> Task<void> {
    std::string text = kLong;
    auto job = [text] { return text.size(); };
    EXPECT_EQ(co_await blocking(job), kLong.size());
    auto owner = [text = std::make_unique<std::string>(kLong)] { return text->size(); };
    EXPECT_EQ(co_await blocking(std::move(owner)), kLong.size());
    auto waiting = blocking([text] { return text.size(); });
    EXPECT_EQ(co_await waiting, kLong.size());
  };
  finish(body());
}

TEST_F(SafeForms, AClosureInPlaceThatOwnsNothing) {
  auto body = [&]() -> Task<void> {
    std::string text = kLong;
    int number = 3;
    EXPECT_EQ(co_await blocking([&text] { return text.size(); }), kLong.size());
    EXPECT_EQ(co_await blocking([&, number] { return text.size() + static_cast<size_t>(number); }),
              kLong.size() + 3);
    EXPECT_EQ(co_await blocking([] { return kLong; }), kLong);
  };
  finish(body());
}

TEST_F(SafeForms, ReturningAResponse) {
  auto json = []() -> Task<Response> { co_return Response::json_text(kLong).set("X", kLong); };
  auto awaited = [&]() -> Task<Response> {
    co_return Response((co_await json()).body()).set("X", kLong);
  };
  auto body = [&]() -> Task<void> { EXPECT_EQ((co_await awaited()).body(), kLong); };
  finish(body());
}

}  // namespace
}  // namespace bao
