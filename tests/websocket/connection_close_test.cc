#include <string>

#include "websocket/socket_fixture.h"

// The closing handshake and everything else that ends a connection.
namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using websocket::Message;

class SocketClose : public SocketTest {};

// RFC 6455 sections 5.5.1 and 7.1.2: a Close frame is answered with its code.
TEST_F(SocketClose, PeerCloses) {
  Client& client = world.connect();
  world.send(client, close_frame(1001, "leaving"));
  EXPECT_EQ(client.take_told(), Told{"close 1001 leaving"});
  EXPECT_EQ(client.take(), Frames{server_close(1001, "leaving")});
  // Section 7.1.1: the server ends the connection first.
  EXPECT_TRUE(client.wire.finished);
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(client.take_told(), Told{"gone"});
  EXPECT_FALSE(client.wire.reset);
}

// RFC 6455 section 7.1.5: no code is 1005, and none is sent back.
TEST_F(SocketClose, PeerClosesWithoutACode) {
  Client& client = world.connect();
  world.send(client, close_frame(0));
  EXPECT_EQ(client.take_told(), Told{"close 1005 "});
  EXPECT_EQ(client.take(), Frames{server_close(0)});
}

TEST_F(SocketClose, EveryCodeThatMayBeReceived) {
  for (int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
                   3999, 4000, 4999}) {
    Client& client = world.connect();
    world.send(client, close_frame(static_cast<std::uint16_t>(code)));
    EXPECT_EQ(client.take_told(), Told{"close " + std::to_string(code) + " "});
    EXPECT_EQ(client.take(), Frames{server_close(static_cast<std::uint16_t>(code))});
  }
}

// RFC 6455 section 7.4: codes that nobody may send.
TEST_F(SocketClose, WrongCodes) {
  for (int code : {1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535}) {
    Client& client = world.connect();
    world.send(client, close_frame(static_cast<std::uint16_t>(code)));
    expect_failed(client, 1002);
  }
}

TEST_F(SocketClose, WrongPayloads) {
  Client& one = world.connect();
  world.send(one, frame({.opcode = 8, .payload = "x"}));
  expect_failed(one, 1002);
  Client& two = world.connect();
  world.send(two, close_frame(1000, "\xff"));
  expect_failed(two, 1007);
}

// RFC 6455 section 5.5.1: nothing counts behind a Close frame.
TEST_F(SocketClose, WhatComesBehindACloseFrameIsDropped) {
  Client& client = world.connect();
  world.send(client, close_frame(1000) + text("late") + ping("late") + "\xff\xff\xff");
  world.send(client, text("later"));
  EXPECT_EQ(client.take_told(), Told{"close 1000 "});
  EXPECT_EQ(client.take(), Frames{server_close(1000)});
}

TEST_F(SocketClose, PeerThatSendsWithoutEndAfterClosingIsCut) {
  Client& client = world.connect();
  world.send(client, close_frame(1000));
  client.take_told();
  for (int i = 0; i < 40 && !client.wire.closed; ++i)
    world.send(client, std::string(64 * 1024, 'x'));
  EXPECT_EQ(client.take_told(), Told{"gone"});
}

TEST_F(SocketClose, PeerThatDoesNotEndTheConnectionIsCutInTime) {
  Client& client = world.connect();
  world.send(client, close_frame(1000));
  world.pass(4'900ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(200ms);
  EXPECT_TRUE(client.wire.closed);
}

// A Close frame ends a message that is not whole.
TEST_F(SocketClose, InTheMiddleOfAMessage) {
  Client& client = world.connect();
  world.send(client, frame({.opcode = 1, .payload = "begun", .fin = false}) + close_frame(1000));
  EXPECT_EQ(client.take_told(), Told{"close 1000 "});
}

// RFC 6455 section 7.1.2 from our side.
TEST_F(SocketClose, ProgramCloses) {
  Client& client = world.connect();
  client.connection->close(3001, "bye");
  EXPECT_EQ(client.take_told(), Told{"close 3001 bye"}) << "from within the call";
  EXPECT_FALSE(client.connection->open());
  world.run();
  EXPECT_EQ(client.take(), Frames{server_close(3001, "bye")});
  EXPECT_FALSE(client.wire.finished) << "the peer answers first";
  world.send(client, close_frame(3001));
  EXPECT_TRUE(client.wire.finished);
  EXPECT_FALSE(client.wire.closed);
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(client.take_told(), Told{"gone"});
  EXPECT_TRUE(client.take().empty()) << "one Close frame for each side";
}

TEST_F(SocketClose, PeerEndsWithoutAnsweringOurCloseFrame) {
  Client& client = world.connect();
  client.connection->close(1000, "");
  world.run();
  client.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(client.take_told(), (Told{"close 1000 ", "gone"}));
}

TEST_F(SocketClose, NothingIsSentBehindACloseFrame) {
  Client& client = world.connect();
  client.connection->close(1000, "");
  EXPECT_EQ(client.connection->send("x", Opcode::text, false), SendResult::dropped);
  EXPECT_EQ(client.connection->ping(""), SendResult::dropped);
  EXPECT_EQ(client.connection->pong(""), SendResult::dropped);
  EXPECT_EQ(client.connection->send_formatted("\x81\x01x"), SendResult::dropped);
  client.connection->close(1001, "again");
  world.send(client, ping("p") + text("t"));
  EXPECT_EQ(client.take(), Frames{server_close(1000)});
  EXPECT_EQ(client.take_told(), Told{"close 1000 "}) << "messages are dropped, Pings not answered";
}

TEST_F(SocketClose, ProgramClosesBehindItsMessages) {
  Client& client = world.connect();
  client.on_text_or_binary = [](Client& c, const Message&) {
    c.connection->send("last words", Opcode::text, false);
    c.connection->close(1000, "done");
    c.connection->send("lost", Opcode::text, false);
  };
  world.send(client, text("go") + text("ignored"));
  EXPECT_EQ(client.take_told(), (Told{"text go", "close 1000 done"}));
  EXPECT_EQ(client.take(), (Frames{server_text("last words"), server_close(1000, "done")}));
}

// RFC 6455 section 7.4.1: these codes never stand in a frame.
TEST_F(SocketClose, CodesThatMeanNoCode) {
  for (std::uint16_t code : {0, 1005, 1006}) {
    Client& client = world.connect();
    client.connection->close(code, "reason");
    world.run();
    EXPECT_EQ(client.take_told(), Told{"close 1005 "});
    EXPECT_EQ(client.take(), Frames{server_close(0)});
  }
}

TEST_F(SocketClose, LongReasonIsCutAtACharacter) {
  Client& client = world.connect();
  client.connection->close(1000, std::string(122, 'r') + "\xc3\xbc");
  world.run();
  EXPECT_EQ(client.take_told(), Told{"close 1000 " + std::string(122, 'r')});
  EXPECT_EQ(client.take(), Frames{server_close(1000, std::string(122, 'r'))});
}

TEST_F(SocketClose, PeerThatDoesNotAnswerIsCutInTime) {
  Client& client = world.connect();
  client.connection->close(1000, "");
  world.pass(4'900ms);
  world.send(client, text("chatting on") + ping("p"));
  EXPECT_FALSE(client.wire.closed);
  world.pass(200ms);
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(client.take_told(), (Told{"close 1000 ", "gone"}));
}

TEST_F(SocketClose, BothCloseAtTheSameTime) {
  Client& client = world.connect();
  client.send(close_frame(1001));
  client.connection->close(1000, "");
  world.run();
  EXPECT_EQ(client.take_told(), Told{"close 1000 "});
  EXPECT_EQ(client.take(), Frames{server_close(1000)});
  EXPECT_TRUE(client.wire.finished);
}

TEST_F(SocketClose, ProtocolErrorWhileClosingEndsIt) {
  Client& client = world.connect();
  client.connection->close(1000, "");
  world.send(client, frame({.opcode = 3}));
  EXPECT_EQ(client.take_told(), (Told{"close 1000 ", "gone"}));
}

// RFC 6455 section 7.1.5: no Close frame at all is 1006.
TEST_F(SocketClose, PeerVanishes) {
  Client& reset = world.connect();
  reset.wire.peer_reset = true;
  Client& finished = world.connect();
  finished.send(text("a") + text("cut").substr(0, 5));
  finished.wire.peer_finished = true;
  world.run();
  EXPECT_EQ(reset.take_told(), (Told{"close 1006 ", "gone"}));
  EXPECT_EQ(finished.take_told(), (Told{"text a", "close 1006 ", "gone"}));
}

TEST_F(SocketClose, Terminate) {
  Client& client = world.connect();
  client.connection->send("gathered", Opcode::text, false);
  client.connection->terminate();
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"})) << "from within the call";
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(client.connection->send("x", Opcode::text, false), SendResult::dropped);
  client.connection->terminate();
  client.connection->close(1000, "");
  client.connection->close_now(1000, "");
  client.connection->pause();
  client.connection->resume();
  client.connection->hold();
  client.connection->release();
  world.run();
  EXPECT_EQ(client.take_told(), Told{});
}

TEST_F(SocketClose, TerminateFromEveryEvent) {
  const std::vector<std::string> inputs{
      text("t") + text("u"), ping("p") + ping("q"),
      pong("p") + text("x"), close_frame(1000),
      frame({.opcode = 7}),  frame({.opcode = 1, .payload = "a", .fin = false}) + ping("p")};
  for (const std::string& input : inputs) {
    for (std::size_t read_size : {SIZE_MAX, std::size_t{1}}) {
      Client& client = world.connect();
      client.wire.read_size = read_size;
      client.on_text_or_binary = [](Client& c, const Message&) { c.connection->terminate(); };
      client.on_other = [](Client& c) { c.connection->terminate(); };
      world.send(client, input);
      EXPECT_EQ(client.told.back(), "gone");
    }
  }
}

TEST_F(SocketClose, TerminateOfAJoinedMessageLeavesItReadable) {
  Client& client = world.connect();
  std::string seen;
  client.on_text_or_binary = [&](Client& c, const Message& message) {
    c.connection->terminate();
    seen = message.payload;
  };
  world.send(client, frame({.opcode = 2, .payload = std::string(50, 'a'), .fin = false}) +
                         frame({.opcode = 0}));
  EXPECT_EQ(seen, std::string(50, 'a'));
}

TEST_F(SocketClose, CloseNow) {
  Client& client = world.connect();
  client.send(text("unread"));
  client.connection->send("before", Opcode::text, false);
  client.connection->close_now(1001, "");
  EXPECT_EQ(client.take_told(), (Told{"close 1001 ", "gone"}));
  EXPECT_EQ(client.take(), (Frames{server_text("before"), server_close(1001)}));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
  EXPECT_TRUE(client.wire.inbound.empty()) << "unread bytes would reset the connection";
}

TEST_F(SocketClose, CloseNowWhileClosing) {
  Client& client = world.connect();
  client.connection->close(1000, "");
  client.connection->close_now(1001, "");
  EXPECT_EQ(client.take_told(), (Told{"close 1000 ", "gone"}));
  EXPECT_EQ(client.take(), Frames{server_close(1000)});
}

TEST_F(SocketClose, CloseWhilePausedOrHeld) {
  for (bool hold : {false, true}) {
    Client& client = world.connect();
    client.on_text_or_binary = [&](Client& c, const Message&) {
      hold ? c.connection->hold() : c.connection->pause();
    };
    world.send(client, text("a") + (hold ? close_frame(1000) : std::string()));
    client.connection->close(1000, "");
    world.send(client, hold ? "" : close_frame(1000));
    EXPECT_EQ(client.take_told(), (Told{"text a", "close 1000 "}));
    EXPECT_TRUE(client.wire.finished);
  }
}

TEST_F(SocketClose, CloseBehindABacklogWaitsForThePeer) {
  Client& client = world.connect();
  client.wire.throttle(100);
  client.connection->send(std::string(1000, 'x'), Opcode::binary, false);
  client.connection->close(1000, "");
  world.run();
  const Frames frames = client.take();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1], server_close(1000));
}

// A peer that takes its messages slowly gets its Close frame, too.
TEST_F(SocketClose, SlowPeerHasMoreTime) {
  Client& client = world.connect();
  client.wire.throttle(0);
  client.connection->send(std::string(1000, 'x'), Opcode::binary, false);
  client.connection->close(1000, "");
  world.run();
  for (int i = 0; i < 5; ++i) {
    client.wire.room = 10;
    world.pass(4s);
    EXPECT_FALSE(client.wire.closed);
  }
  world.pass(6s);
  world.pass(6s);
  EXPECT_TRUE(client.wire.closed) << "it takes nothing any more";
}

TEST_F(SocketClose, DeletedWhileOpen) {
  Client& client = world.connect();
  client.connection->send("gathered", Opcode::text, false);
  client.connection = nullptr;
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(world.workspace.counters.open, 0u);
  EXPECT_TRUE(world.timers.empty());
  world.run();
  EXPECT_EQ(client.take_told(), Told{});
  client.gone = true;
}

// ---- Failures while something is sent

// The observer hears of it at the end of the turn, not from within send.
TEST_F(SocketClose, BrokenWhileSending) {
  Client& client = world.connect();
  client.wire.peer_reset = true;
  client.connection->send(std::string(20'000, 'x'), Opcode::binary, false);
  EXPECT_EQ(client.take_told(), Told{});
  EXPECT_FALSE(client.connection->open());
  EXPECT_EQ(client.connection->send("more", Opcode::text, false), SendResult::dropped);
  client.connection->close(1000, "");
  EXPECT_EQ(client.take_told(), Told{});
  world.end_turn();
  EXPECT_EQ(client.take_told(), (Told{"close 1006 ", "gone"}));
}

TEST_F(SocketClose, BrokenWhileAnsweringAMessage) {
  Client& client = world.connect();
  client.on_text_or_binary = [](Client& c, const Message&) {
    c.wire.peer_reset = true;
    c.connection->send("x", Opcode::text, false);
  };
  client.send(text("a"));
  world.turn();
  EXPECT_EQ(client.take_told(), (Told{"text a", "close 1006 ", "gone"}));
}

}  // namespace
}  // namespace bao::testing
