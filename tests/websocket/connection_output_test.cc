#include <string>

#include "websocket/frame_writer.h"
#include "websocket/socket_fixture.h"

// How what is sent is gathered, written and kept.
namespace bao::testing {
namespace {

using websocket::Message;

class SocketOutput : public SocketTest {};

TEST_F(SocketOutput, HandshakeAndFirstFramesLeaveInOneWrite) {
  Client& client = world.connect({}, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
  client.connection->cork();
  EXPECT_EQ(client.connection->send("welcome", Opcode::text, false), SendResult::sent);
  client.connection->uncork();
  EXPECT_EQ(client.wire.outbound, "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x07welcome");
  EXPECT_EQ(client.wire.writes.size(), 1u);
}

TEST_F(SocketOutput, HandshakeAloneLeavesAtTheEndOfTheTurn) {
  Client& client = world.connect({}, "101");
  EXPECT_TRUE(client.wire.outbound.empty());
  world.run();
  EXPECT_EQ(client.wire.outbound, "101");
}

TEST_F(SocketOutput, WhatATurnSendsLeavesInOneWrite) {
  Client& client = world.connect();
  for (int i = 0; i < 10; ++i) client.connection->send(std::to_string(i), Opcode::text, false);
  EXPECT_TRUE(client.wire.outbound.empty());
  world.run();
  EXPECT_EQ(client.wire.writes.size(), 1u);
  EXPECT_EQ(client.take().size(), 10u);
  EXPECT_EQ(world.times_pending, 1);
}

// What others gather in between does not mix in, nor cost more writes.
TEST_F(SocketOutput, ManyConnectionsInTurns) {
  for (int i = 0; i < 5; ++i) world.connect();
  for (int round = 0; round < 200; ++round) {
    for (auto& client : world.clients) {
      client->connection->send(std::to_string(round), Opcode::text, false);
    }
  }
  world.run();
  for (auto& client : world.clients) {
    const Frames frames = client->take();
    ASSERT_EQ(frames.size(), 200u);
    for (int round = 0; round < 200; ++round)
      EXPECT_EQ(frames[static_cast<std::size_t>(round)], server_text(std::to_string(round)));
    EXPECT_LE(client->wire.writes.size(), 4u);
  }
  EXPECT_LE(world.workspace.memory.capacity(), 64u * 1024);
}

TEST_F(SocketOutput, CorksNest) {
  Client& client = world.connect();
  client.connection->cork();
  client.connection->send("a", Opcode::text, false);
  client.connection->cork();
  client.connection->send("b", Opcode::text, false);
  client.connection->uncork();
  EXPECT_TRUE(client.wire.outbound.empty());
  client.connection->uncork();
  EXPECT_EQ(client.take(), (Frames{server_text("a"), server_text("b")}));
}

TEST_F(SocketOutput, CorkInsideOfAnEvent) {
  Client& client = world.connect();
  client.on_text_or_binary = [](Client& c, const Message& message) {
    c.connection->cork();
    c.connection->send(message.payload, Opcode::text, false);
    c.connection->uncork();
    EXPECT_TRUE(c.wire.outbound.empty());
  };
  world.send(client, text("a") + text("b"));
  EXPECT_EQ(client.wire.writes.size(), 1u);
}

// A cork does not gather without bound.
TEST_F(SocketOutput, MuchThatIsGatheredLeaves) {
  Client& client = world.connect();
  client.connection->cork();
  for (int i = 0; i < 1000; ++i)
    client.connection->send(std::string(1000, 'x'), Opcode::binary, false);
  EXPECT_GT(client.wire.writes.size(), 5u);
  EXPECT_LT(client.wire.writes.size(), 12u);
  client.connection->uncork();
  EXPECT_EQ(client.take().size(), 1000u);
}

// Large payloads leave at once, behind what was gathered before.
TEST_F(SocketOutput, LargePayloadsLeaveAtOnceAndInOrder) {
  Client& client = world.connect();
  const std::string large(100'000, 'L');
  client.connection->send("first", Opcode::text, false);
  client.connection->send(large, Opcode::binary, false);
  EXPECT_EQ(client.wire.writes.size(), 1u);
  client.connection->send("last", Opcode::text, false);
  world.run();
  EXPECT_EQ(client.take(),
            (Frames{server_text("first"), server_binary(large), server_text("last")}));
}

TEST_F(SocketOutput, ManyPiecesAreWrittenInOrder) {
  Client& client = world.connect();
  Client& other = world.connect();
  std::string all;
  for (int i = 0; i < 500; ++i) {
    client.connection->send(std::to_string(i), Opcode::text, false);
    other.connection->send("x", Opcode::text, false);
  }
  client.wire.throttle(77);
  client.connection->send(std::string(9'000, 'z'), Opcode::text, false);
  world.run();
  const Frames frames = client.take();
  ASSERT_EQ(frames.size(), 501u);
  EXPECT_EQ(frames[499], server_text("499"));
  EXPECT_EQ(frames[500].payload.size(), 9'000u);
}

// ---- Formatted frames

TEST_F(SocketOutput, FormattedFramesAreWrittenFromWhereTheyLie) {
  Client& client = world.connect();
  std::string frames;
  websocket::append_frame(frames, Opcode::text, "one", false);
  websocket::append_frame(frames, Opcode::binary, "two", false);
  EXPECT_EQ(client.connection->send_formatted(frames), SendResult::sent);
  EXPECT_EQ(client.wire.writes.size(), 1u) << "at once";
  EXPECT_EQ(client.take(), (Frames{server_text("one"), server_binary("two")}));
}

TEST_F(SocketOutput, FormattedFramesKeepTheOrder) {
  Client& client = world.connect();
  client.connection->send("a", Opcode::text, false);
  client.connection->send_formatted(
      "\x81\x01"
      "b");
  client.connection->send("c", Opcode::text, false);
  world.run();
  EXPECT_EQ(client.take(), (Frames{server_text("a"), server_text("b"), server_text("c")}));
  client.connection->cork();
  client.connection->send_formatted(
      "\x81\x01"
      "d");
  EXPECT_TRUE(client.wire.outbound.empty());
  client.connection->uncork();
  EXPECT_EQ(client.take(), Frames{server_text("d")});
}

// ---- Slow peers

TEST_F(SocketOutput, Backpressure) {
  Client& client = world.connect();
  client.wire.throttle(0);
  EXPECT_EQ(client.connection->send("gathered", Opcode::text, false), SendResult::sent);
  world.run();
  EXPECT_EQ(client.connection->buffered_amount(), 10u);
  EXPECT_TRUE(client.wire.write_wanted);
  EXPECT_EQ(client.connection->send("more", Opcode::text, false), SendResult::backpressure);
  EXPECT_EQ(client.connection->send_formatted("\x81\x01x"), SendResult::backpressure);
  EXPECT_EQ(client.connection->ping("p"), SendResult::backpressure);
  EXPECT_EQ(client.connection->buffered_amount(), 10u + 6 + 3 + 3);
  EXPECT_EQ(client.take_told(), Told{});
  client.wire.throttle(5);
  world.run();
  EXPECT_EQ(client.take_told(), Told{"drain"});
  EXPECT_EQ(client.connection->buffered_amount(), 0u);
  EXPECT_FALSE(client.wire.write_wanted);
  EXPECT_EQ(client.take(), (Frames{server_text("gathered"), server_text("more"), server_text("x"),
                                   server_ping("p")}));
}

TEST_F(SocketOutput, LargeSendTellsBackpressureAtOnce) {
  Client& client = world.connect();
  client.wire.throttle(0);
  client.wire.room = 5'000;
  EXPECT_EQ(client.connection->send(std::string(20'000, 'x'), Opcode::text, false),
            SendResult::backpressure);
  EXPECT_EQ(client.connection->buffered_amount(), 15'004u);
  client.wire.throttle(SIZE_MAX);
  world.run();
  EXPECT_EQ(client.take(), Frames{server_text(std::string(20'000, 'x'))});
}

// What on_drain sends leaves in one write.
TEST_F(SocketOutput, DrainIsCorked) {
  Client& client = world.connect();
  client.wire.throttle(0);
  client.connection->send(std::string(10'000, 'x'), Opcode::text, false);
  client.on_other = [](Client& c) {
    for (int i = 0; i < 5; ++i) c.connection->send("more", Opcode::text, false);
  };
  client.wire.throttle(SIZE_MAX);
  client.wire.writes.clear();
  world.run();
  EXPECT_EQ(client.wire.writes.size(), 2u);
  EXPECT_EQ(client.take().size(), 6u);
  EXPECT_EQ(client.take_told(), Told{"drain"});
}

// Looked at before a message is queued, so there may be one message more.
TEST_F(SocketOutput, BackpressureLimitDropsMessages) {
  world.workspace.settings.backpressure_limit = 100;
  Client& client = world.connect();
  client.wire.throttle(0);
  EXPECT_EQ(client.connection->send(std::string(10'000, 'x'), Opcode::text, false),
            SendResult::backpressure);
  EXPECT_EQ(client.connection->send("dropped", Opcode::text, false), SendResult::dropped);
  EXPECT_EQ(client.connection->send_formatted("\x81\x01x"), SendResult::dropped);
  EXPECT_EQ(client.connection->ping(""), SendResult::dropped);
  EXPECT_EQ(world.workspace.counters.messages_dropped, 2u);
  client.connection->close(1000, "");  // has its place nevertheless
  client.wire.throttle(SIZE_MAX);
  world.run();
  EXPECT_EQ(client.take(), (Frames{server_text(std::string(10'000, 'x')), server_close(1000)}));
}

TEST_F(SocketOutput, BackpressureLimitOfZeroIsNone) {
  world.workspace.settings.backpressure_limit = 0;
  Client& client = world.connect();
  client.wire.throttle(0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(client.connection->send(std::string(10'000, 'x'), Opcode::text, false),
              SendResult::backpressure);
  }
}

TEST_F(SocketOutput, CloseOnBackpressureLimit) {
  world.workspace.settings.backpressure_limit = 100;
  world.workspace.settings.close_on_backpressure_limit = true;
  Client& client = world.connect();
  client.wire.throttle(0);
  client.connection->send(std::string(10'000, 'x'), Opcode::text, false);
  EXPECT_EQ(client.connection->send("too much", Opcode::text, false), SendResult::dropped);
  EXPECT_EQ(client.take_told(), Told{}) << "told at the end of the turn";
  EXPECT_FALSE(client.connection->open());
  world.end_turn();
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

TEST_F(SocketOutput, EchoToAPeerThatDoesNotReadIsBounded) {
  world.workspace.settings.backpressure_limit = 50'000;
  Client& client = world.connect();
  echo(client);
  client.wire.throttle(0);
  for (int i = 0; i < 100; ++i) world.send(client, text(std::string(5'000, 'x')));
  EXPECT_LE(client.connection->buffered_amount(), 60'000u);
  EXPECT_EQ(client.take_told().size(), 100u);
}

TEST_F(SocketOutput, ControlFramesThatAreTooLongAreDropped) {
  Client& client = world.connect();
  EXPECT_EQ(client.connection->ping(std::string(126, 'x')), SendResult::dropped);
  EXPECT_EQ(client.connection->pong(std::string(126, 'x')), SendResult::dropped);
  EXPECT_EQ(client.connection->ping(std::string(125, 'x')), SendResult::sent);
  world.run();
  EXPECT_EQ(client.take(), Frames{server_ping(std::string(125, 'x'))});
}

TEST_F(SocketOutput, IdleConnectionIsSmall) {
  EXPECT_LE(sizeof(websocket::Connection), 320u);
}

}  // namespace
}  // namespace bao::testing
