#pragma once

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http1/memory_transport.h"
#include "net/timer_queue.h"
#include "websocket/client_frames.h"
#include "websocket/connection.h"

namespace bao::testing {

/// What an observer was told, in words: "text hello", "binary …", "ping …", "pong …", "drain",
/// "close 1000 reason", "gone".
using Told = std::vector<std::string>;

/// The world that WebSocket connections live in: a clock that only the test turns, peers in memory,
/// an observer that writes down what it is told and then does what the test says.
class SocketWorld final : public websocket::WorkspaceOwner {
 public:
  struct Client final : public websocket::ConnectionObserver {
    Wire wire;
    std::unique_ptr<websocket::Connection> connection;  ///< null once it is gone and the turn over
    Told told;
    std::function<void(Client&, const websocket::Message&)> on_text_or_binary;
    std::function<void(Client&)> on_other;  ///< ping, pong, drain, close
    bool gone = false;

    void send(std::string_view bytes) { wire.inbound += bytes; }
    /// What was told since the last call.
    Told take_told() { return std::exchange(told, {}); }
    /// The frames that the server has written since the last call.
    std::vector<ServerFrame> take() { return take_frames(wire.outbound); }

    void on_message(websocket::Connection&, const websocket::Message& message) override {
      told.push_back((message.text ? "text " : "binary ") + std::string(message.payload));
      if (message.storage != nullptr && *message.storage != message.payload) std::abort();
      if (on_text_or_binary) on_text_or_binary(*this, message);
    }
    void on_ping(websocket::Connection&, std::string_view payload) override {
      tell("ping " + std::string(payload));
    }
    void on_pong(websocket::Connection&, std::string_view payload) override {
      tell("pong " + std::string(payload));
    }
    void on_drain(websocket::Connection&) override { tell("drain"); }
    void on_close(websocket::Connection&, std::uint16_t code, std::string_view reason) override {
      tell("close " + std::to_string(code) + " " + std::string(reason));
    }
    void on_gone(websocket::Connection&) override {
      if (std::exchange(gone, true)) std::abort();
      told.push_back("gone");
    }

   private:
    void tell(std::string what) {
      told.push_back(std::move(what));
      if (on_other) on_other(*this);
    }
  };

  net::TimePoint now = net::TimePoint(std::chrono::hours(1));
  net::TimerQueue timers;
  std::vector<char> buffer = std::vector<char>(64 * 1024);
  websocket::Workspace workspace{*this, timers, now, buffer};
  std::vector<std::unique_ptr<Client>> clients;
  int times_pending = 0;
  bool pending = false;

  Client& connect(const websocket::DeflateAgreement& deflate = {}, std::string_view output = {}) {
    clients.push_back(std::make_unique<Client>());
    Client& client = *clients.back();
    client.connection = std::make_unique<websocket::Connection>(
        workspace, std::make_unique<MemoryTransport>(client.wire), client, deflate);
    client.connection->start(output);
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
    return end_turn() || told;
  }

  /// Lets time pass at once, then runs.
  void pass(std::chrono::milliseconds time) {
    now += time;
    timers.fire(now);
    end_turn();
    run();
  }

  /// Sends and runs.
  void send(Client& client, std::string_view bytes) {
    client.send(bytes);
    run();
  }

  /// What a loop does at the end of a turn. False if there was nothing to do.
  bool end_turn() {
    const bool was_pending = std::exchange(pending, false);
    if (was_pending) workspace.run_pending();
    for (auto& client : clients) {
      if (client->gone) client->connection = nullptr;
    }
    return was_pending;
  }

  void on_pending() override {
    if (std::exchange(pending, true)) std::abort();  // told twice
    ++times_pending;
  }
};

}  // namespace bao::testing
