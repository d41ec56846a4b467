#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http1/connection_world.h"

namespace bao::testing {

/// A world that is checked at the end of each test: every exchange back in its pool, every counter
/// at its place.
class ConnectionTest : public ::testing::Test {
 protected:
  using Client = ConnectionWorld::Client;
  using Exchange = http::Exchange;

  void TearDown() override {
    world.handler = [](Exchange&) {};
    for (auto& client : world.clients) client->wire.peer_reset = true;
    world.run();
    world.kept.clear();
    EXPECT_EQ(world.pool.in_use(), 0u) << "somebody holds an exchange";
    EXPECT_EQ(world.workspace.counters.connections_open, 0u);
    EXPECT_EQ(world.workspace.counters.requests_pending, 0u);
    EXPECT_EQ(world.workspace.counters.connections_total, world.clients.size());
    EXPECT_TRUE(world.timers.empty());
  }

  /// The handler keeps each exchange, for the test to reply later.
  void reply_later() {
    world.handler = [this](Exchange& exchange) { world.kept.emplace_back(&exchange); };
  }

  /// Replies to the exchange that was kept first, and lets go of it.
  void reply_to_first(std::string_view body, int status = 200) {
    ASSERT_FALSE(world.kept.empty());
    http::Reference<Exchange> exchange = world.kept.front();
    world.kept.erase(world.kept.begin());
    reply_with(*exchange, body, status);
  }

  /// The handler collects each body and sends it back.
  void echo_bodies() {
    observer.body = [](Exchange& exchange) {
      if (exchange.body_state() == Exchange::BodyState::complete) {
        reply_with(exchange, exchange.body());
      }
    };
    world.handler = [this](Exchange& exchange) {
      exchange.set_observer(&observer);
      exchange.collect_body();
      if (!exchange.replied()) world.kept.emplace_back(&exchange);
    };
  }

  /// What the server has written since the last call, without its Date fields.
  static std::string output(Client& client) {
    const std::string all = client.take();
    std::string text;
    size_t from = 0;
    for (size_t at; (at = all.find("\r\nDate: ", from)) != all.npos;) {
      text.append(all, from, at - from);
      from = all.find("\r\n", at + 2);
    }
    text.append(all, from);
    return text;
  }

  /// The one reply to a refused request; the connection is closed gracefully after it.
  void expect_refusal(Client& client, int status, bool head_request = false) {
    const std::string text = output(client);
    const std::string start = "HTTP/1.1 " + std::to_string(status) + " ";
    EXPECT_TRUE(text.starts_with(start)) << text;
    EXPECT_EQ(text.find("HTTP/1.1 ", 1), text.npos) << "one reply: " << text;
    EXPECT_NE(text.find("\r\nConnection: close\r\n"), text.npos) << text;
    EXPECT_NE(text.find("\r\nContent-Type: text/plain"), text.npos) << text;
    const size_t end = text.find("\r\n\r\n");
    ASSERT_NE(end, text.npos);
    const std::string body = text.substr(end + 4);
    EXPECT_EQ(body.empty(), head_request) << text;
    if (!head_request) {
      EXPECT_NE(text.find("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"),
                text.npos);
    }
    expect_linger(client);
  }

  /// The server has sent its end and waits for the client's, so that no reset takes the last reply
  /// away.
  void expect_linger(Client& client) {
    EXPECT_TRUE(client.wire.finished || client.wire.closed);
    client.wire.peer_finished = true;
    world.run();
    EXPECT_TRUE(client.wire.closed);
    EXPECT_FALSE(client.wire.reset);
  }

  static std::string get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
  }
  static std::string post(std::string_view path, std::string_view body,
                          std::string_view fields = "") {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(fields) + "\r\n" + std::string(body);
  }
  static std::string chunked_post(std::string_view path, std::string_view chunks,
                                  std::string_view fields = "") {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" +
           std::string(fields) + "\r\n" + std::string(chunks);
  }

  /// The reply with that body, on a connection that goes on.
  static std::string ok(std::string_view body, std::string_view fields = "") {
    return "HTTP/1.1 200 OK\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  /// The same on one that ends.
  static std::string last_ok(std::string_view body) { return ok(body, "Connection: close\r\n"); }

  ConnectionWorld world;
  RecordingObserver observer;
};

}  // namespace bao::testing
