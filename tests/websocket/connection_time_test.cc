#include <string>

#include "websocket/socket_fixture.h"

// The idle timeout and automatic pings.
namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using websocket::Message;

class SocketTime : public SocketTest {
 protected:
  SocketTime() { world.workspace.settings.idle_timeout = 60s; }
};

TEST_F(SocketTime, SilentPeerIsPingedAndThenDropped) {
  Client& client = world.connect();
  world.pass(51s);
  EXPECT_TRUE(client.take().empty());
  world.pass(2s);
  EXPECT_EQ(client.take(), Frames{server_ping("")});
  world.pass(6s);
  EXPECT_TRUE(client.take().empty()) << "one ping";
  EXPECT_EQ(client.take_told(), Told{});
  world.pass(2s);
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

TEST_F(SocketTime, PongKeepsItOpen) {
  Client& client = world.connect();
  for (int i = 0; i < 20; ++i) {
    world.pass(53s);
    EXPECT_EQ(client.take(), Frames{server_ping("")});
    world.send(client, pong(""));
  }
  EXPECT_EQ(client.take_told(), Told(20, "pong "));
}

TEST_F(SocketTime, TrafficMakesPingsNeedless) {
  Client& client = world.connect();
  for (int i = 0; i < 20; ++i) {
    world.pass(40s);
    world.send(client, text("x"));
  }
  EXPECT_TRUE(client.take().empty());
}

// A reload of the server: the time of who is there already begins anew.
TEST_F(SocketTime, ANewTimeoutHoldsForOpenConnections) {
  world.workspace.settings.idle_timeout = 0s;
  Client& client = world.connect();
  world.pass(std::chrono::hours(10));
  world.workspace.settings.idle_timeout = 60s;
  client.connection->settings_changed();
  world.pass(50s);
  EXPECT_TRUE(client.take().empty());
  world.pass(3s);
  EXPECT_EQ(client.take(), Frames{server_ping("")});
  world.send(client, pong(""));
  world.workspace.settings.idle_timeout = 20s;
  client.connection->settings_changed();
  world.pass(16s);
  EXPECT_EQ(client.take(), Frames{server_ping("")});
  world.send(client, pong(""));
  world.workspace.settings.idle_timeout = 60s;
  client.connection->settings_changed();
  world.pass(40s);
  EXPECT_TRUE(client.take().empty()) << "a longer one";
  world.pass(13s);
  EXPECT_EQ(client.take(), Frames{server_ping("")});
  world.pass(8s);
  EXPECT_EQ(client.take_told(), (Told{"pong ", "pong ", "close 1006 ", "gone"}));
}

TEST_F(SocketTime, WithoutPings) {
  world.workspace.settings.send_pings = false;
  Client& client = world.connect();
  world.pass(59s);
  EXPECT_TRUE(client.take().empty());
  world.pass(2s);
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

// Without pings a peer that only listens is not idle while it is sent something.
TEST_F(SocketTime, WithoutPingsSendingCounts) {
  world.workspace.settings.send_pings = false;
  Client& client = world.connect();
  for (int i = 0; i < 5; ++i) {
    world.pass(40s);
    client.connection->send("news", Opcode::text, false);
    world.run();
  }
  EXPECT_EQ(client.take_told(), Told{});
}

// With pings it does not: what the kernel takes says nothing about a peer that has vanished.
TEST_F(SocketTime, WithPingsSendingDoesNotCount) {
  Client& client = world.connect();
  for (int i = 0; i < 5; ++i) {
    world.pass(20s);
    if (client.connection == nullptr) break;
    client.connection->send("news", Opcode::text, false);
    world.run();
  }
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

TEST_F(SocketTime, ZeroIsForEverAndWithoutPings) {
  world.workspace.settings.idle_timeout = 0s;
  Client& client = world.connect();
  EXPECT_TRUE(world.timers.empty());
  world.pass(1000h);
  EXPECT_TRUE(client.take().empty());
  EXPECT_TRUE(client.connection->open());
}

TEST_F(SocketTime, TheLongestTimeoutIsForEver) {
  world.workspace.settings.idle_timeout = std::chrono::milliseconds::max();
  Client& client = world.connect();
  EXPECT_TRUE(world.timers.empty());
  EXPECT_TRUE(client.connection->open());
}

TEST_F(SocketTime, ShortTimeouts) {
  world.workspace.settings.idle_timeout = 8s;
  Client& client = world.connect();
  world.pass(4100ms);
  EXPECT_EQ(client.take(), Frames{server_ping("")});
  world.pass(4s);
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

// A program that was held up finds what has arrived in time.
TEST_F(SocketTime, WhatArrivedInTimeIsNotLate) {
  Client& client = world.connect();
  client.send(text("in time"));
  world.pass(300s);
  EXPECT_EQ(client.take_told(), Told{"text in time"});
  EXPECT_TRUE(client.connection->open());
}

TEST_F(SocketTime, SuspendedWhilePausedOrHeld) {
  for (bool hold : {false, true}) {
    Client& client = world.connect();
    hold ? client.connection->hold() : client.connection->pause();
    world.pass(1000s);
    EXPECT_TRUE(client.take().empty());
    hold ? client.connection->release() : client.connection->resume();
    world.pass(53s);
    EXPECT_EQ(client.take(), Frames{server_ping("")});
    world.pass(10s);
    EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
  }
}

// A peer that takes a long message slowly is alive, although it says nothing.
TEST_F(SocketTime, TakingIsASignOfLife) {
  Client& client = world.connect();
  client.wire.throttle(0);
  client.connection->send(std::string(10'000, 'x'), Opcode::binary, false);
  for (int i = 0; i < 20; ++i) {
    client.wire.room = 100;
    world.pass(30s);
  }
  EXPECT_EQ(client.take_told(), Told{});
  world.pass(61s);
  world.pass(61s);
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

TEST_F(SocketTime, PingThatCannotBeWritten) {
  Client& client = world.connect();
  world.now += 53s;
  client.wire.peer_reset = true;
  client.wire.read_wanted = true;
  world.timers.fire(world.now);
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

TEST_F(SocketTime, CloseTimeoutOfZeroIsForEver) {
  world.workspace.settings.close_timeout = 0s;
  Client& client = world.connect();
  client.connection->close(1000, "");
  world.run();
  EXPECT_TRUE(world.timers.empty());
  world.pass(1000s);
  EXPECT_FALSE(client.wire.closed);
}

}  // namespace
}  // namespace bao::testing
