#include <string>

#include "http1/cuts.h"
#include "websocket/socket_fixture.h"

// Messages and control frames over a connection in memory.
namespace bao::testing {
namespace {

using websocket::Message;

class SocketMessage : public SocketTest {};

// RFC 6455 section 5.6.
TEST_F(SocketMessage, TextAndBinary) {
  Client& client = world.connect();
  world.send(client, text("Hello") + binary(std::string("\0\xff", 2)) + text(""));
  EXPECT_EQ(client.take_told(),
            (Told{"text Hello", "binary " + std::string("\0\xff", 2), "text "}));
}

TEST_F(SocketMessage, EchoKeepsTheKind) {
  Client& client = world.connect();
  echo(client);
  world.send(client, text("gr\xc3\xbc\xc3\x9f") + binary("\xff"));
  EXPECT_EQ(client.take(), (Frames{server_text("gr\xc3\xbc\xc3\x9f"), server_binary("\xff")}));
}

// All that one read brings is answered in one write.
TEST_F(SocketMessage, OneReadOneWrite) {
  Client& client = world.connect();
  echo(client);
  world.send(client, text("a") + text("b") + ping("c") + text("d"));
  EXPECT_EQ(client.wire.writes.size(), 1u);
  EXPECT_EQ(client.take(),
            (Frames{server_text("a"), server_text("b"), server_pong("c"), server_text("d")}));
}

TEST_F(SocketMessage, LiesInTheReadBufferIfItCameWhole) {
  Client& client = world.connect();
  int inside = 0;
  client.on_text_or_binary = [&](Client&, const Message& message) {
    const char* begin = world.buffer.data();
    inside +=
        message.payload.data() >= begin && message.payload.data() < begin + world.buffer.size();
    EXPECT_EQ(message.storage, nullptr);
  };
  world.send(client, text("whole") + binary(std::string(20'000, 'x')));
  EXPECT_EQ(inside, 2);
}

TEST_F(SocketMessage, JoinedOnesMayBeTaken) {
  Client& client = world.connect();
  std::string taken;
  client.on_text_or_binary = [&](Client&, const Message& message) {
    ASSERT_NE(message.storage, nullptr);
    taken = std::move(*message.storage);
  };
  world.send(client, frame({.opcode = 2, .payload = std::string(30, 'a'), .fin = false}) +
                         frame({.opcode = 0, .payload = std::string(30, 'b')}));
  EXPECT_EQ(taken, std::string(30, 'a') + std::string(30, 'b'));
}

// RFC 6455 section 5.4: joined in order; control frames pass between the fragments, at once.
TEST_F(SocketMessage, FragmentsWithControlFramesBetween) {
  Client& client = world.connect();
  world.send(client, frame({.opcode = 1, .payload = "Hel", .fin = false}));
  EXPECT_EQ(client.take_told(), Told{});
  world.send(client, ping("p"));
  EXPECT_EQ(client.take_told(), Told{"ping p"});
  EXPECT_EQ(client.take(), Frames{server_pong("p")});
  world.send(client, frame({.opcode = 0, .payload = "", .fin = false}) + pong("q"));
  EXPECT_EQ(client.take_told(), Told{"pong q"});
  world.send(client, frame({.opcode = 0, .payload = "lo"}));
  EXPECT_EQ(client.take_told(), Told{"text Hello"});
  world.send(client, text("next"));
  EXPECT_EQ(client.take_told(), Told{"text next"});
}

TEST_F(SocketMessage, ControlFrameInPiecesBetweenFragments) {
  Client& client = world.connect();
  client.wire.read_size = 1;
  world.send(client, frame({.opcode = 1, .payload = "one ", .fin = false}) + ping("ping payload") +
                         frame({.opcode = 0, .payload = "two"}) + ping("again") + text("three"));
  EXPECT_EQ(client.take_told(),
            (Told{"ping ping payload", "text one two", "ping again", "text three"}));
}

// RFC 6455 section 5.5.2: a Ping is answered by a Pong with the same payload.
TEST_F(SocketMessage, PingIsAnsweredWithItsPayload) {
  Client& client = world.connect();
  const std::string longest(125, 'x');
  world.send(client, ping("") + ping(longest));
  EXPECT_EQ(client.take(), (Frames{server_pong(""), server_pong(longest)}));
}

// RFC 6455 section 5.5.3: a Pong that nobody asked for needs no answer.
TEST_F(SocketMessage, PongIsNotAnswered) {
  Client& client = world.connect();
  world.send(client, pong("unasked"));
  EXPECT_EQ(client.take_told(), Told{"pong unasked"});
  EXPECT_TRUE(client.take().empty());
}

// RFC 6455 section 5.5.3: of several Pings that could not be answered yet only the last one is.
TEST_F(SocketMessage, PingsOfAPeerThatReadsNothingCostNoMemory) {
  Client& client = world.connect();
  client.wire.throttle(0);
  client.connection->send("stuck", Opcode::text, false);
  world.run();
  ASSERT_EQ(client.connection->buffered_amount(), 7u);
  for (int i = 0; i < 1000; ++i) client.send(ping(std::to_string(i)));
  world.run();
  EXPECT_EQ(client.connection->buffered_amount(), 7u);
  EXPECT_EQ(client.take_told().size(), 1000u);
  client.wire.throttle(SIZE_MAX);
  world.run();
  EXPECT_EQ(client.take(), (Frames{server_text("stuck"), server_pong("999")}));
}

// Every way to cut a conversation gives the same.
TEST_F(SocketMessage, CutsMakeNoDifference) {
  const std::string script =
      text("Hello") + frame({.opcode = 1, .payload = "\xe2\x82", .fin = false}) + ping("p") +
      frame({.opcode = 0, .payload = "\xac!"}) + binary(std::string(300, 'b')) + pong("") +
      text("") + frame({.opcode = 2, .payload = "", .fin = false}) +
      frame({.opcode = 0, .payload = "end"}) + close_frame(1000, "bye");
  const Told expected{
      "text Hello", "ping p", "text \xe2\x82\xac!", "binary " + std::string(300, 'b'),
      "pong ",      "text ",  "binary end",         "close 1000 bye"};
  for (const Cuts& cuts : all_ways(script.size())) {
    Client& client = world.connect();
    std::size_t start = 0;
    for (std::size_t end : cuts) {
      world.send(client, script.substr(start, end - start));
      start = end;
    }
    EXPECT_EQ(client.take_told(), expected);
    EXPECT_EQ(client.take(), (Frames{server_pong("p"), server_close(1000, "bye")}));
  }
}

// A message that is larger than the read buffer.
TEST_F(SocketMessage, LargeMessages) {
  Client& client = world.connect();
  echo(client);
  for (std::size_t size : {65'535u, 65'536u, 200'000u, 3'000'000u}) {
    const std::string payload(size, 'L');
    world.send(client, text(payload) + text("after"));
    EXPECT_EQ(client.take(), (Frames{server_text(payload), server_text("after")})) << size;
  }
}

// RFC 6455 section 8.1.
TEST_F(SocketMessage, TextThatIsNotUtf8) {
  for (const char* wrong : {"\xff", "Hello \xc0\xaf", "\xed\xa0\x80", "cut \xe2\x82"}) {
    Client& client = world.connect();
    world.send(client, text(wrong) + text("never read"));
    expect_failed(client, 1007);
  }
}

TEST_F(SocketMessage, BinaryMayBeAnything) {
  Client& client = world.connect();
  world.send(client, binary("\xff\xc0"));
  EXPECT_EQ(client.take_told(), Told{"binary \xff\xc0"});
}

// A character may be cut between fragments, but not at the end of the message.
TEST_F(SocketMessage, CharactersAcrossFragments) {
  Client& client = world.connect();
  world.send(client, frame({.opcode = 1, .payload = "\xf0\x9f", .fin = false}) +
                         frame({.opcode = 0, .payload = "\x98", .fin = false}) +
                         frame({.opcode = 0, .payload = "\x80"}));
  EXPECT_EQ(client.take_told(), Told{"text \xf0\x9f\x98\x80"});
  world.send(client, frame({.opcode = 1, .payload = "\xf0\x9f", .fin = false}) +
                         frame({.opcode = 0, .payload = "\x98"}));
  expect_failed(client, 1007);
}

// It fails at the first bad byte, before the message or even its frame is whole.
TEST_F(SocketMessage, TextFailsAtOnce) {
  Client& first = world.connect();
  world.send(first, frame({.opcode = 1, .payload = "ok \xff", .fin = false}));
  expect_failed(first, 1007);
  Client& second = world.connect();
  const std::string bytes = text("ok \xed\xa0" + std::string(1000, 'x'));
  world.send(second, bytes.substr(0, 4 + 4 + 5));
  expect_failed(second, 1007);
}

// RFC 6455 section 7.1.7, with each fault of the parser.
TEST_F(SocketMessage, ProtocolErrors) {
  for (const std::string& wrong :
       {frame({.payload = "x", .masked = false}), frame({.opcode = 3}),
        frame({.opcode = 1, .rsv = 4}), frame({.opcode = 0}), frame({.opcode = 9, .fin = false}),
        frame({.opcode = 8, .payload = std::string(126, 'x')}),
        frame({.opcode = 1, .fin = false}) + text("x"),
        frame({.opcode = 1, .payload = "x", .length_bytes = 8})}) {
    Client& client = world.connect();
    world.send(client, text("fine") + wrong + text("not read"));
    EXPECT_EQ(client.told.front(), "text fine");
    EXPECT_EQ(client.told.size(), 2u);
    expect_failed(client, 1002);
  }
}

TEST_F(SocketMessage, MessagesBeyondTheLimit) {
  world.workspace.settings.max_payload = 10;
  Client& client = world.connect();
  world.send(client, text("0123456789"));
  EXPECT_EQ(client.take_told(), Told{"text 0123456789"});
  world.send(client, text("0123456789a"));
  expect_failed(client, 1009);
  Client& other = world.connect();
  world.send(other, frame({.opcode = 1, .payload = "012345", .fin = false}) +
                        frame({.opcode = 0, .payload = "67890"}));
  expect_failed(other, 1009);
}

TEST_F(SocketMessage, LimitOfZeroTakesOnlyEmptyMessages) {
  world.workspace.settings.max_payload = 0;
  Client& client = world.connect();
  world.send(client, text("") + binary(""));
  EXPECT_EQ(client.take_told(), (Told{"text ", "binary "}));
  world.send(client, text("x"));
  expect_failed(client, 1009);
}

// An announced length alone costs no memory.
TEST_F(SocketMessage, AnnouncedLengthIsNotReserved) {
  Client& client = world.connect();
  world.send(client, frame({.opcode = 2, .length_bytes = 8, .length = 16u << 20}) + "start");
  EXPECT_EQ(client.take_told(), Told{});
}

// ---- Input behind the handshake, pauses, holds

TEST_F(SocketMessage, FedInputComesAtTheEndOfTheTurn) {
  Client& client = world.connect();
  const std::string bytes = text("early") + text("later");
  client.connection->feed(std::string_view(bytes).substr(0, 12));
  EXPECT_EQ(client.take_told(), Told{});
  world.send(client, bytes.substr(12));
  EXPECT_EQ(client.take_told(), (Told{"text early", "text later"}));
}

// A coroutine that handles `open` may still be at it.
TEST_F(SocketMessage, FedInputOfAConnectionThatIsHeld) {
  Client& client = world.connect();
  client.connection->hold();
  client.connection->feed(text("early"));
  world.run();
  EXPECT_EQ(client.take_told(), Told{});
  client.connection->release();
  world.run();
  EXPECT_EQ(client.take_told(), Told{"text early"});
}

TEST_F(SocketMessage, FedInputOfAConnectionThatIsClosed) {
  Client& closed = world.connect();
  closed.connection->close(1000, "");
  closed.connection->feed(text("late") + close_frame(1000));
  world.run();
  EXPECT_EQ(closed.take_told(), Told{"close 1000 "});
  EXPECT_TRUE(closed.wire.finished);
  Client& gone = world.connect();
  gone.connection->terminate();
  gone.connection->feed(text("late"));
  world.run();
  EXPECT_EQ(gone.take_told(), (Told{"close 1006 ", "gone"}));
}

TEST_F(SocketMessage, PauseStopsReadingAndDeliversWhatWasRead) {
  Client& client = world.connect();
  client.on_text_or_binary = [](Client& c, const Message&) { c.connection->pause(); };
  world.send(client, text("a") + text("b"));
  EXPECT_EQ(client.take_told(), (Told{"text a", "text b"}));
  EXPECT_TRUE(client.connection->paused());
  EXPECT_FALSE(client.wire.read_wanted);
  world.send(client, text("c"));
  EXPECT_EQ(client.take_told(), Told{});
  client.connection->resume();
  EXPECT_FALSE(client.connection->paused());
  world.run();
  EXPECT_EQ(client.take_told(), Told{"text c"});
}

TEST_F(SocketMessage, HoldStopsAtOnce) {
  Client& client = world.connect();
  client.on_text_or_binary = [](Client& c, const Message&) { c.connection->hold(); };
  world.send(client, text("a") + text("b") + text("c").substr(0, 4));
  world.send(client, text("c").substr(4));
  EXPECT_EQ(client.take_told(), Told{"text a"});
  EXPECT_FALSE(client.wire.read_wanted);
  client.connection->release();
  EXPECT_EQ(client.take_told(), Told{}) << "not from within release";
  world.run();
  EXPECT_EQ(client.take_told(), Told{"text b"});
  client.connection->release();
  world.run();
  EXPECT_EQ(client.take_told(), Told{"text c"});
  client.connection->release();
  world.run();
  EXPECT_TRUE(client.wire.read_wanted);
}

TEST_F(SocketMessage, HoldInsideOfHeldInput) {
  Client& client = world.connect();
  client.connection->hold();
  std::string all;
  for (int i = 0; i < 20; ++i) all += text(std::to_string(i));
  client.connection->release();
  client.on_text_or_binary = [](Client& c, const Message&) {
    c.connection->hold();
    c.connection->release();
  };
  world.send(client, all);
  EXPECT_EQ(client.take_told().size(), 20u);
}

TEST_F(SocketMessage, HeldConnectionThatBreaks) {
  Client& client = world.connect();
  client.on_text_or_binary = [](Client& c, const Message&) { c.connection->hold(); };
  world.send(client, text("a") + text("b"));
  client.wire.peer_reset = true;
  world.run();
  EXPECT_EQ(client.take_told(), (Told{"text a", "close 1006 ", "gone"}));
}

TEST_F(SocketMessage, CountsMessagesAndBytes) {
  Client& client = world.connect();
  echo(client);
  world.send(client, text("abc") + binary(""));
  const websocket::Counters& counters = world.workspace.counters;
  EXPECT_EQ(counters.messages_in, 2u);
  EXPECT_EQ(counters.messages_out, 2u);
  EXPECT_EQ(counters.bytes_in, 9u + 6u);
  EXPECT_EQ(counters.bytes_out, 5u + 2u);
}

}  // namespace
}  // namespace bao::testing
