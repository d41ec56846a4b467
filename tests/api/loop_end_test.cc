#include <atomic>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"

// A thread ends while its loop is busy: everything on it ends, and nothing leaks (AddressSanitizer
// looks).
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::on_own_loop;
using testing::RawClient;
using testing::Served;
using testing::turn_until;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Options on_loopback(Handler fetch) {
  return {.port = 0, .hostname = "127.0.0.1", .fetch = std::move(fetch), .development = false};
}

RawClient connect(const Server& server) {
  return RawClient::tcp(*server.port(), Served::turn);
}

/// Says when it is destroyed.
class Witness {
 public:
  explicit Witness(int& ends) : ends_(&ends) {}
  Witness(Witness&& other) noexcept : ends_(std::exchange(other.ends_, nullptr)) {}
  Witness& operator=(Witness&&) = delete;
  ~Witness() {
    if (ends_ != nullptr) ++*ends_;
  }

 private:
  int* ends_;
};

TEST(LoopEnd, StopsServersThatListen) {
  int ends = 0, port = 0;
  on_own_loop([&] {
    Server server =
        serve(on_loopback([witness = std::make_shared<Witness>(ends)] { return Response(); }));
    port = *server.port();
  });
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(RawClient::tcp(port).connect_error(), ECONNREFUSED);
}

TEST(LoopEnd, AHandleMayOutliveIt) {
  std::optional<Server> server;
  on_own_loop([&] {
    server = serve(on_loopback([] { return Response("x"); }));
    EXPECT_EQ(connect(*server).get("/").body, "x");
  });
  EXPECT_NE(server->url(), "");
  EXPECT_EQ(server->counters().requests_total, 1u);
  EXPECT_EQ(server->pending_requests(), 0u);
  EXPECT_TRUE(server->stop().done());
  EXPECT_TRUE(server->stop(true).done());
  EXPECT_EQ(server->close_idle_connections(), 0u);
  server.reset();
}

TEST(LoopEnd, TimersAndTasksMayOutliveIt) {
  std::optional<Timer> timer;
  std::optional<Stopping> stopping;
  std::coroutine_handle<> frame;
  int ends = 0;
  on_own_loop([&] {
    timer = every(1h, [witness = std::make_shared<Witness>(ends)] {});
    stopping = serve(on_loopback([] { return Response(); })).stop();
    frame = [](Witness) -> Task<void> { co_await sleep(1h); }(Witness(ends)).release();
    frame.resume();
  });
  EXPECT_EQ(ends, 1);
  timer->cancel();
  timer->ref();
  timer->unref();
  EXPECT_TRUE(stopping->done());
  frame.destroy();
  EXPECT_EQ(ends, 2);
}

TEST(LoopEnd, DestroysStreamsThatAreUnderWay) {
  int ends = 0;
  std::optional<RawClient> client;
  on_own_loop([&] {
    Server server = serve(on_loopback([&] {
      return Response::stream([&](Writer& out) -> Task<> {
        Witness witness(ends);
        co_await out.write("begun");
        co_await sleep(1h);
      });
    }));
    client.emplace(connect(server));
    client->send(kGet);
    EXPECT_TRUE(client->wait_for("begun"));
  });
  EXPECT_EQ(ends, 1);
}

TEST(LoopEnd, CutsConnectionsAndDestroysSuspendedHandlers) {
  int ends = 0;
  std::optional<RawClient> idle, busy;
  on_own_loop([&] {
    Server server = serve(on_loopback([&](Request& req) -> Task<Response> {
      Witness witness(ends);
      if (req.path() == "/fast") co_return Response("fast");
      co_await sleep(1h);
      ADD_FAILURE() << "resumed after the end";
      co_return Response();
    }));
    idle.emplace(connect(server));
    EXPECT_EQ(idle->get("/fast").body, "fast");
    busy.emplace(connect(server));
    busy->send(kGet);
    EXPECT_TRUE(turn_until([&] { return server.pending_requests() == 1; }));
    EXPECT_EQ(ends, 1);
  });
  EXPECT_EQ(ends, 2);
  EXPECT_EQ(::recv(idle->fd(), nullptr, 0, 0), 0);
  char byte;
  EXPECT_EQ(::recv(idle->fd(), &byte, 1, 0), 0) << "an end";
  EXPECT_EQ(::recv(busy->fd(), &byte, 1, 0), -1) << "a reset: a reply is missing";
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(LoopEnd, DestroysHandlersThatWaitForABody) {
  int ends = 0;
  for (bool buffers : {false, true}) {
    on_own_loop([&] {
      Handler handler = [&](Request& req) -> Task<Response> {
        Witness witness(ends);
        co_return Response(co_await req.text());
      };
      Server server = serve(on_loopback(buffers ? buffered(handler) : handler));
      RawClient client = connect(server);
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
      EXPECT_TRUE(turn_until([&] { return server.pending_requests() == 1; }));
    });
  }
  EXPECT_EQ(ends, 1);
}

TEST(LoopEnd, FiresStopTokens) {
  int stopped = 0;
  on_own_loop([&] {
    Server server = serve(on_loopback([&](Request& req) -> Task<Response> {
      std::stop_callback callback(req.stop_token(), [&] { ++stopped; });
      co_await sleep(1h);
      co_return Response();
    }));
    RawClient client = connect(server);
    client.send(kGet);
    EXPECT_TRUE(turn_until([&] { return server.pending_requests() == 1; }));
    server.stop(true);
    EXPECT_EQ(stopped, 1);
  });
  EXPECT_EQ(stopped, 1);
}

TEST(LoopEnd, DestroysErrorHandlersThatAreSuspended) {
  int ends = 0;
  on_own_loop([&] {
    Options options = on_loopback([]() -> Response { throw std::runtime_error("x"); });
    options.error = [&](const std::exception&) -> Task<Response> {
      Witness witness(ends);
      co_await sleep(1h);
      co_return Response();
    };
    Server server = serve(std::move(options));
    RawClient client = connect(server);
    client.send(kGet);
    EXPECT_TRUE(turn_until([&] { return server.pending_requests() == 1; }));
  });
  EXPECT_EQ(ends, 1);
}

TEST(LoopEnd, DestroysHandlersWhoseClientsAreGone) {
  int ends = 0;
  on_own_loop([&] {
    Server server = serve(on_loopback([&]() -> Task<Response> {
      Witness witness(ends);
      co_await sleep(1h);
      co_return Response();
    }));
    {
      RawClient client = connect(server);
      client.send(kGet);
      EXPECT_TRUE(turn_until([&] { return server.pending_requests() == 1; }));
      client.reset();
    }
    EXPECT_TRUE(turn_until([&] { return server.pending_requests() == 0; }));
    EXPECT_TRUE(server.stop().done());
    EXPECT_EQ(ends, 0);
  });
  EXPECT_EQ(ends, 1);
}

TEST(LoopEnd, DestroysTasksTimersAndPostedWork) {
  int ends = 0;
  on_own_loop([&] {
    spawn([](Witness) -> Task<void> { co_await sleep(1h); }(Witness(ends)));
    auto shared = std::make_shared<Witness>(ends);
    after(1h, [shared] {});
    every(1h, [shared] {});
    Loop::current().post([witness = Witness(ends)] { ADD_FAILURE() << "the loop never ran"; });
  });
  EXPECT_EQ(ends, 3);
}

// Whether the server or the task came first: both have to end.
TEST(LoopEnd, OfATaskThatWaitsForAServersEnd) {
  auto handler = []() -> Task<Response> {
    co_await sleep(1h);
    co_return Response();
  };
  auto wait = [](Server server, Witness, bool& resumed) -> Task<void> {
    co_await server.stop();
    resumed = true;
  };
  for (bool server_first : {true, false}) {
    int ends = 0;
    bool resumed = false;
    on_own_loop([&] {
      std::optional<Server> server;
      auto later = [&]() -> Task<void> {
        while (!server || server->pending_requests() == 0) co_await sleep(1ms);
        co_await wait(*server, Witness(ends), resumed);
      };
      if (!server_first) spawn(later());
      server = serve(on_loopback(handler));
      RawClient client = connect(*server);
      client.send(kGet);
      EXPECT_TRUE(turn_until([&] { return server->pending_requests() == 1; }));
      if (server_first) spawn(wait(*server, Witness(ends), resumed));
      // Once it has stopped listening the task waits.
      EXPECT_TRUE(turn_until(
          [&] { return RawClient::tcp(*server->port()).connect_error() == ECONNREFUSED; }));
      EXPECT_FALSE(resumed);
    });
    EXPECT_EQ(ends, 1);
    // The latest ends first: a task that is younger than the server never hears of its end.
    EXPECT_EQ(resumed, !server_first);
  }
}

TEST(LoopEnd, OfATaskThatWaitsForAFetch) {
  int ends = 0;
  auto wait = [](Server server, Witness) -> Task<void> {
    try {
      co_await server.fetch("/");
    } catch (const std::runtime_error&) {
    }
  };
  for (bool server_first : {true, false}) {
    on_own_loop([&] {
      auto handler = []() -> Task<Response> {
        co_await sleep(1h);
        co_return Response();
      };
      if (server_first) {
        Server server = serve(on_loopback(handler));
        spawn(wait(server, Witness(ends)));
      } else {
        auto later = [&]() -> Task<void> {
          co_await sleep(1ms);
          co_await wait(serve(on_loopback(handler)), Witness(ends));
        };
        spawn(later());
        testing::turn_for(10ms);
      }
    });
  }
  EXPECT_EQ(ends, 2);
}

// The job may use what its coroutine has lent to it until it is done.
TEST(LoopEnd, WaitsForJobsThatRun) {
  std::atomic<bool> running = false;
  std::string written;
  int ends = 0;
  on_own_loop([&] {
    auto work = [&](Witness) -> Task<void> {
      std::string local = "a local variable that is too long to lie inside of the string";
      co_await blocking([&] {
        running = true;
        std::this_thread::sleep_for(50ms);
        local += " and grows";
        written = local;
      });
      ADD_FAILURE() << "resumed after the end";
    };
    spawn(work(Witness(ends)));
    while (!running) std::this_thread::sleep_for(1ms);
  });
  EXPECT_EQ(written, "a local variable that is too long to lie inside of the string and grows");
  EXPECT_EQ(ends, 1);
}

TEST(LoopEnd, DropsJobsThatHaveNotBegun) {
  std::atomic<int> ran = 0;
  int ends = 0;
  on_own_loop([&] {
    Loop::current().set_blocking_threads(1);
    auto work = [&](Witness) -> Task<void> {
      co_await blocking([&] {
        ++ran;
        std::this_thread::sleep_for(20ms);
      });
    };
    for (int i = 0; i < 10; ++i) spawn(work(Witness(ends)));
    while (ran == 0) std::this_thread::sleep_for(1ms);
  });
  EXPECT_LT(ran, 10);
  EXPECT_EQ(ends, 10);
}

TEST(LoopEnd, AHandlersJobToo) {
  std::atomic<bool> running = false;
  on_own_loop([&] {
    Server server = serve(on_loopback([&](Request& req) -> Task<Response> {
      std::string path = co_await blocking([&] {
        running = true;
        std::this_thread::sleep_for(30ms);
        return std::string(req.path());
      });
      co_return Response(path);
    }));
    RawClient client = connect(server);
    client.send(kGet);
    EXPECT_TRUE(turn_until([&] { return running.load(); }));
  });
}

// What is destroyed may itself put things on the loop: they end with it, too.
TEST(LoopEnd, DestructorsMayStillUseTheLoop) {
  int ends = 0;
  struct Busy {
    int& ends;
    ~Busy() {
      after(1h, [witness = std::make_shared<Witness>(ends)] {});
      Loop::current().post([witness = std::make_shared<Witness>(ends)] {});
      spawn([](Witness) -> Task<void> { co_await sleep(1h); }(Witness(ends)));
      spawn([](Witness) -> Task<void> { co_await blocking([] {}); }(Witness(ends)));
    }
  };
  on_own_loop([&] {
    spawn([](std::unique_ptr<Busy>) -> Task<void> {
      co_await sleep(1h);
    }(std::unique_ptr<Busy>(new Busy{ends})));
  });
  EXPECT_EQ(ends, 4);
}

TEST(LoopEnd, DestructorsOfPostedWorkMayStillPost) {
  int ends = 0;
  struct Poster {
    int& ends;
    ~Poster() {
      Loop::current().post([witness = std::make_shared<Witness>(ends)] {});
    }
  };
  on_own_loop(
      [&] { Loop::current().post([poster = std::unique_ptr<Poster>(new Poster{ends})] {}); });
  EXPECT_EQ(ends, 1);
}

TEST(LoopEnd, ManyTimes) {
  for (int i = 0; i < 50; ++i) {
    on_own_loop([&] {
      Server server = serve(on_loopback([](Request& req) -> Task<Response> {
        if (req.path() == "/slow") co_await sleep(1h);
        co_return Response("x");
      }));
      RawClient a = connect(server), b = connect(server);
      EXPECT_EQ(a.get("/").body, "x");
      b.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_TRUE(turn_until([&] { return server.pending_requests() == 1; }));
    });
  }
}

}  // namespace
}  // namespace bao
