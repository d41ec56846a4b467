#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "websocket/socket_world.h"

namespace bao::testing {

/// A world that is checked at the end of each test: every connection gone, every counter and timer
/// at its place, no memory in use.
class SocketTest : public ::testing::Test {
 protected:
  using Client = SocketWorld::Client;
  using Opcode = websocket::Opcode;
  using SendResult = websocket::SendResult;
  using Frames = std::vector<ServerFrame>;

  void TearDown() override {
    for (auto& client : world.clients) {
      client->on_text_or_binary = nullptr;
      client->on_other = nullptr;
      client->wire.peer_reset = true;
    }
    world.run();
    for (auto& client : world.clients) {
      EXPECT_TRUE(client->gone);
      EXPECT_TRUE(client->wire.closed);
    }
    EXPECT_EQ(world.workspace.counters.open, 0u);
    EXPECT_EQ(world.workspace.counters.total, world.clients.size());
    EXPECT_TRUE(world.timers.empty());
    EXPECT_LE(world.workspace.memory.capacity(), 64u * 1024);
    EXPECT_FALSE(world.pending);
  }

  /// The client's messages come back to it.
  static void echo(Client& client, bool compress = false) {
    client.on_text_or_binary = [compress](Client& c, const websocket::Message& message) {
      c.connection->send(message.payload, message.text ? Opcode::text : Opcode::binary, compress);
    };
  }

  /// The connection has failed with that code: Close frame, on_close with the same, then the end.
  void expect_failed(Client& client, std::uint16_t code) {
    const Frames frames = client.take();
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back().first, 0x88);
    const std::string& payload = frames.back().payload;
    ASSERT_GE(payload.size(), 2u);
    EXPECT_EQ(payload.substr(0, 2), server_close(code).payload);
    EXPECT_GT(payload.size(), 2u) << "a reason for people";
    ASSERT_FALSE(client.told.empty());
    EXPECT_EQ(client.told.back(), "close " + std::to_string(code) + " " + payload.substr(2));
    EXPECT_TRUE(client.wire.finished) << "the server ends the connection";
    EXPECT_FALSE(client.wire.closed) << "but lets the peer read why";
    client.wire.peer_finished = true;
    world.run();
    EXPECT_TRUE(client.wire.closed);
    EXPECT_FALSE(client.wire.reset);
    EXPECT_EQ(client.told.back(), "gone");
  }

  SocketWorld world;
};

}  // namespace bao::testing
