#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <bao/bao.h>

#include "api/raw_client.h"

namespace bao::testing {

/// Turns this thread's loop until `done`. False if that takes too long.
inline bool turn_until(const std::function<bool()>& done) {
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    Loop::current().turn(std::chrono::milliseconds(5));
  }
  return true;
}

/// Turns this thread's loop for so long, for tests that something does not happen.
inline void turn_for(std::chrono::milliseconds time) {
  auto deadline = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < deadline)
    Loop::current().turn(std::chrono::milliseconds(2));
}

/// Runs `body` on a thread of its own. The thread's loop ends with it, and with the loop what still
/// lives there.
inline void on_own_loop(const std::function<void()>& body) {
  std::thread(body).join();
}

/// A server of this thread's loop, which turns while its clients wait. Unless the options say
/// otherwise it is on a free port of 127.0.0.1, in production mode, and keeps its log. In the end
/// it is stopped by force.
class Served {
 public:
  explicit Served(Options options = {}) : server(serve(complete(std::move(options)))) {}
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  ~Served() {
    Stopping stopping = server.stop(true);
    EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
    // What the last turn has closed is deleted at its end.
    Loop::current().turn();
  }

  static void turn() { Loop::current().turn(std::chrono::milliseconds(5)); }

  RawClient connect() const {
    SocketAddress address = server.address();
    if (address.family == SocketAddress::Family::unix_domain)
      return RawClient::unix_domain(address.address, turn);
    const bool ipv6 = address.family == SocketAddress::Family::ipv6;
    return RawClient::tcp(address.port, turn, ipv6 ? "::1" : "127.0.0.1");
  }
  /// One request on a connection of its own.
  RawReply get(std::string_view path) const { return connect().get(path); }
  RawReply exchange(std::string_view request) const { return connect().exchange(request); }

  std::string log;  // before the server, which writes to it
  Server server;

 private:
  Options complete(Options options) {
    if (!options.port && options.unix_path.empty()) options.port = 0;
    if (options.hostname.empty() && options.unix_path.empty()) options.hostname = "127.0.0.1";
    if (!options.development) options.development = false;
    if (!options.log)
      options.log = [this](std::string_view lines) { log.append(lines).append("\n"); };
    return options;
  }
};

/// A server on a thread of its own, running there by `bao::run`. In the end it is stopped by force,
/// and the thread with its loop ends.
class ServedElsewhere {
 public:
  /// `make` is called on that thread and gives the server.
  explicit ServedElsewhere(std::function<Server()> make)
      : thread_([this, make = std::move(make)] { run(make); }) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return loop_ != nullptr; });
  }
  ServedElsewhere(const ServedElsewhere&) = delete;
  ServedElsewhere& operator=(const ServedElsewhere&) = delete;
  ~ServedElsewhere() {
    on_loop([](Server& server) {
      server.stop(true);
      Loop::current().release();
    });
    thread_.join();
  }

  int port() const { return port_; }
  RawClient connect() const { return RawClient::tcp(port_); }

  /// Posts `f(server)` to that thread.
  template <typename F>
  void on_loop(F f) {
    loop_->post([this, f = std::move(f)]() mutable { f(*server_); });
  }
  /// The same, and waits until it has run there.
  template <typename F>
  void on_loop_and_wait(F f) {
    bool done = false;
    on_loop([&](Server& server) {
      f(server);
      std::lock_guard lock(mutex_);
      done = true;
      ready_.notify_all();
    });
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return done; });
  }

 private:
  void run(const std::function<Server()>& make) {
    Server server = make();
    server_ = &server;
    port_ = server.port().value_or(0);
    // Keeps the loop there for posts even if a test stops the server.
    Loop::current().hold();
    Loop::current().post([this] {
      std::lock_guard lock(mutex_);
      loop_ = &Loop::current();
      ready_.notify_all();
    });
    bao::run({.signals = false});
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  Loop* loop_ = nullptr;
  Server* server_ = nullptr;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace bao::testing
