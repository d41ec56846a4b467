#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// Loops on several threads, each its own world; other threads reach them by post only.
// ThreadSanitizer looks.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawReply;
using testing::ServedElsewhere;

Options on_loopback(int port = 0) {
  return {.port = port, .hostname = "127.0.0.1", .reuse_port = true, .development = false};
}

TEST(Threads, AServerOnAnotherThread) {
  ServedElsewhere served([] {
    Options options = on_loopback();
    options.fetch = [](Request& req) { return Response(req.path()); };
    return serve(std::move(options));
  });
  RawClient client = served.connect();
  EXPECT_EQ(client.get("/a").body, "/a");
  EXPECT_EQ(client.get("/b").body, "/b");
}

TEST(Threads, ServersShareAPort) {
  std::vector<std::unique_ptr<ServedElsewhere>> servers;
  int port = 0;
  std::atomic<int> requests[3] = {0, 0, 0};
  for (auto& count : requests) {
    servers.push_back(std::make_unique<ServedElsewhere>([&] {
      Options options = on_loopback(port);
      options.fetch = [&count]() -> Task<Response> {
        co_await sleep(0ms);
        ++count;
        co_return Response("x");
      };
      return serve(std::move(options));
    }));
    port = servers.back()->port();
  }
  std::vector<std::thread> clients;
  for (int t = 0; t < 3; ++t) {
    clients.emplace_back([&] {
      for (int i = 0; i < 40; ++i) EXPECT_EQ(RawClient::tcp(port).get("/").body, "x");
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(requests[0] + requests[1] + requests[2], 120);
  for (auto& count : requests) EXPECT_GT(count, 0);
}

// In development every throw is remembered for the page, on each thread for itself.
TEST(Threads, ErrorsOnSeveralThreadsAtOnce) {
  std::vector<std::unique_ptr<ServedElsewhere>> servers;
  for (int t = 0; t < 2; ++t) {
    servers.push_back(std::make_unique<ServedElsewhere>([t] {
      Options options = on_loopback();
      options.development = true;
      options.log = [](std::string_view) {};
      options.fetch = [t](Request&) -> Response {
        throw std::runtime_error("thread number " + std::to_string(t));
      };
      return serve(std::move(options));
    }));
  }
  std::vector<std::thread> clients;
  for (int t = 0; t < 2; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        RawReply reply = servers[static_cast<size_t>(t)]->connect().get("/");
        EXPECT_NE(reply.body.find("thread number " + std::to_string(t)), std::string::npos);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST(Threads, OthersReachAServerByPost) {
  std::atomic<int> seen = 0;
  ServedElsewhere served([&] {
    Options options = on_loopback();
    options.fetch = [&] { return Response(std::to_string(seen)); };
    return serve(std::move(options));
  });
  EXPECT_EQ(served.connect().get("/").body, "0");
  served.on_loop(
      [](Server& server) { server.reload({.fetch = [] { return Response("reloaded"); }}); });
  std::uint64_t total = 0;
  served.on_loop_and_wait([&](Server& server) { total = server.counters().requests_total; });
  EXPECT_EQ(total, 1u);
  EXPECT_EQ(served.connect().get("/").body, "reloaded");
}

// The usual way in which another thread's work becomes a reply.
TEST(Threads, AnotherThreadWakesAHandler) {
  /// Hands one value to a coroutine on its loop.
  struct Mailbox {
    Loop& loop;
    std::coroutine_handle<> waiting = nullptr;
    std::string value{};
    bool await_ready() const { return !value.empty(); }
    void await_suspend(std::coroutine_handle<> handle) { waiting = handle; }
    std::string await_resume() { return std::move(value); }
  };
  ServedElsewhere served([] {
    Options options = on_loopback();
    options.fetch = [](Request& req) -> Task<Response> {
      Mailbox mailbox{.loop = Loop::current()};
      std::string path(req.path());
      std::thread worker([&mailbox, path] {
        std::this_thread::sleep_for(1ms);
        mailbox.loop.post([&mailbox, path] {
          mailbox.value = "from another thread: " + path;
          if (mailbox.waiting) mailbox.waiting.resume();
        });
      });
      std::string text = co_await mailbox;
      worker.join();
      co_return Response(text);
    };
    return serve(std::move(options));
  });
  RawClient client = served.connect();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.get("/" + std::to_string(i)).body,
              "from another thread: /" + std::to_string(i));
  }
}

TEST(Threads, BlockingJobsOfSeveralLoops) {
  auto make = [] {
    Options options = on_loopback();
    options.fetch = [](Request& req) -> Task<Response> {
      std::string text = co_await blocking([&] { return std::string(req.path()) + "!"; });
      co_return Response(text);
    };
    return serve(std::move(options));
  };
  ServedElsewhere a(make), b(make);
  std::vector<std::thread> clients;
  for (ServedElsewhere* served : {&a, &b, &a, &b}) {
    clients.emplace_back([served] {
      RawClient client = served->connect();
      for (int i = 0; i < 50; ++i) EXPECT_EQ(client.get("/x").body, "/x!");
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST(Threads, ReloadsUnderTraffic) {
  ServedElsewhere served([] {
    Options options = on_loopback();
    options.fetch = [] { return Response("0"); };
    return serve(std::move(options));
  });
  std::atomic<bool> done = false;
  std::vector<std::thread> clients;
  for (int t = 0; t < 2; ++t) {
    clients.emplace_back([&] {
      RawClient client = served.connect();
      int last = 0;
      while (!done) {
        RawReply reply = client.get("/");
        ASSERT_EQ(reply.status, 200);
        const int now = std::stoi(reply.body);
        ASSERT_GE(now, last);
        last = now;
      }
    });
  }
  for (int i = 1; i <= 200; ++i) {
    served.on_loop_and_wait([i](Server& server) {
      server.reload({.fetch = [i]() -> Task<Response> {
        co_await sleep(0ms);
        co_return Response(std::to_string(i));
      }});
    });
  }
  done = true;
  for (std::thread& client : clients) client.join();
}

// A Response is a plain value: it may be made on any thread.
TEST(Threads, ResponsesMayBeMadeElsewhere) {
  ServedElsewhere served([] {
    Options options = on_loopback();
    options.fetch = []() -> Task<Response> {
      co_return co_await blocking(
          [] { return Response("made elsewhere").status(203).set("X-A", "1"); });
    };
    return serve(std::move(options));
  });
  RawReply reply = served.connect().get("/");
  EXPECT_EQ(reply.status, 203);
  EXPECT_EQ(reply.body, "made elsewhere");
}

TEST(Threads, LoopsStartAndEndWhileOthersRun) {
  ServedElsewhere steady([] {
    Options options = on_loopback();
    options.fetch = [] { return Response("steady"); };
    return serve(std::move(options));
  });
  for (int i = 0; i < 10; ++i) {
    ServedElsewhere other([] {
      Options options = on_loopback();
      options.fetch = [] { return Response("other"); };
      return serve(std::move(options));
    });
    EXPECT_EQ(other.connect().get("/").body, "other");
    EXPECT_EQ(steady.connect().get("/").body, "steady");
  }
}

}  // namespace
}  // namespace bao
