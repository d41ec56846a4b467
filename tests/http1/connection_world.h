#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "http1/connection.h"
#include "http1/memory_transport.h"
#include "http1/workspace.h"
#include "net/timer_queue.h"
#ifdef BAO_TEST_OVER_TLS
#include "tls/secured_wire.h"
#endif

namespace bao::testing {

/// Makes exchanges and knows how many of them somebody holds.
class ExchangePool {
 public:
  http::Exchange& take() {
    if (idle_.empty()) {
      all_.push_back(std::make_unique<Pooled>(*this));
      idle_.push_back(all_.back().get());
    }
    Pooled* exchange = idle_.back();
    idle_.pop_back();
    return *exchange;
  }
  std::size_t in_use() const { return all_.size() - idle_.size(); }
  std::size_t made() const { return all_.size(); }

 private:
  class Pooled final : public http::Exchange {
   public:
    explicit Pooled(ExchangePool& pool) : pool_(pool) {}

   private:
    void recycle() override {
      clear();
      pool_.idle_.push_back(this);
    }
    ExchangePool& pool_;
  };

  std::vector<std::unique_ptr<Pooled>> all_;
  std::vector<Pooled*> idle_;
};

/// An observer whose reactions a test fills in; counts in any case.
class RecordingObserver final : public http::ExchangeObserver {
 public:
  std::function<void(http::Exchange&)> body;
  std::function<void(http::Exchange&)> gone;
  std::function<void(http::Exchange&)> drained;
  int bodies_complete = 0;
  int times_gone = 0;

  void on_body_complete(http::Exchange& exchange) override {
    ++bodies_complete;
    if (body) body(exchange);
  }
  void on_client_gone(http::Exchange& exchange) override {
    ++times_gone;
    if (gone) gone(exchange);
  }
  void on_drained(http::Exchange& exchange) override {
    if (drained) drained(exchange);
  }
};

inline void reply_with(http::Exchange& exchange, std::string_view body, int status = 200) {
  http::Reply reply;
  reply.status = status;
  reply.body = body;
  exchange.reply(reply);
}

/// The world that a Connection lives in: a scripted handler, clocks that only the test turns, an
/// owner that deletes closed connections at the end of a turn, peers in memory.
class ConnectionWorld final : public http::ExchangeHandler, public http1::ConnectionOwner {
 public:
  struct Client {
    Wire wire;
    std::unique_ptr<http1::Connection> connection;  ///< null once it is closed and the turn over
    void send(std::string_view bytes) { wire.inbound += bytes; }
    /// What the server has written since the last call.
    std::string take() { return std::exchange(wire.outbound, {}); }
  };

  /// What happens to each request. By default its path comes back as the body.
  std::function<void(http::Exchange&)> handler = [](http::Exchange& exchange) {
    reply_with(exchange, exchange.head.path());
  };

  net::TimePoint now = net::TimePoint(std::chrono::hours(1));
  std::time_t wall_time = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
  net::TimerQueue timers;
  ExchangePool pool;
  http1::Workspace workspace{*this, *this, timers, now, wall_time};
  std::vector<std::string>
      requests;  ///< method, target and, if any, body of each that reached the handler
  std::vector<http::Reference<http::Exchange>> kept;  ///< for handlers that reply later
  std::vector<std::unique_ptr<Client>> clients;

  ~ConnectionWorld() { kept.clear(); }

  Client& connect() {
    clients.push_back(std::make_unique<Client>());
    Client& client = *clients.back();
    client.connection =
        std::make_unique<http1::Connection>(workspace, make_transport(client.wire), peer_);
    client.connection->start();
    return client;
  }

  /// Runs turns until nothing more is ready anywhere. Stops the program if that never happens.
  void run() {
    for (int turns = 0; turn(); ++turns) {
      if (turns > 1'000'000) std::abort();
    }
  }

  /// One turn of all connections. False if nothing was ready.
  bool turn() {
    bool told = false;
    for (std::size_t i = 0; i < clients.size(); ++i) told |= clients[i]->wire.turn();
    bury();
    return told;
  }

  /// Lets time pass at once, then runs.
  void pass(std::chrono::milliseconds time) {
    now += time;
    wall_time += std::chrono::duration_cast<std::chrono::seconds>(time).count();
    timers.fire(now);
    bury();
    run();
  }

  /// Sends and runs.
  void send(Client& client, std::string_view bytes) {
    client.send(bytes);
    run();
  }

  /// Deletes what was closed, as a loop does at the end of a turn.
  void bury() {
    for (auto& client : clients) {
      const auto closed = std::find(closed_.begin(), closed_.end(), client->connection.get());
      if (client->wire.closed || closed != closed_.end()) client->connection = nullptr;
    }
    closed_.clear();
  }

  http::Exchange& make_exchange() override { return pool.take(); }
  void on_request(http::Exchange& exchange) override {
    requests.push_back(std::string(exchange.head.method()) + " " +
                       std::string(exchange.head.target()));
    handler(exchange);
  }
  void on_connection_closed(http1::Connection& connection) override {
    for (http1::Connection* closed : closed_) {
      if (closed == &connection) std::abort();  // told twice
    }
    closed_.push_back(&connection);
  }

#ifdef BAO_TEST_OVER_TLS
 public:
  static constexpr bool kOverTls = true;

 private:
  std::unique_ptr<net::Transport> make_transport(Wire& wire) { return tls_.connect(wire); }
  SecuredWorld tls_{timers, now};
#else
 public:
  static constexpr bool kOverTls = false;

 private:
  std::unique_ptr<net::Transport> make_transport(Wire& wire) {
    return std::make_unique<MemoryTransport>(wire);
  }
#endif

  net::PeerAddress peer_;
  std::vector<http1::Connection*> closed_;
};

}  // namespace bao::testing
