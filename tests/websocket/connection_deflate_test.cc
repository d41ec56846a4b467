#include <string>

#include "websocket/socket_fixture.h"

// RFC 7692 over a connection.
namespace bao::testing {
namespace {

using websocket::DeflateAgreement;
using websocket::DeflateSettings;
using Mode = DeflateSettings::Mode;

constexpr DeflateAgreement kShared{.enabled = true, .compress = Mode::shared};
constexpr DeflateAgreement kDedicated{
    .enabled = true, .compress = Mode::dedicated, .decompress = Mode::dedicated};

// RFC 7692 section 7.2.3.1.
constexpr std::string_view kHello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
constexpr std::string_view kHelloAgain("\xf2\x00\x11\x00\x00", 5);

class SocketDeflate : public SocketTest {
 protected:
  static std::string packed(std::string_view payload, std::uint8_t opcode = 1) {
    return frame({.opcode = opcode, .payload = payload, .rsv = 4});
  }
  // What a client's compressor makes.
  static std::string deflated(std::string_view text) {
    websocket::Compressor compressor(15, 8);
    std::string bytes;
    compressor.compress(text, false, bytes);
    return bytes;
  }
  // What cannot be compressed.
  static std::string noise() {
    std::string bytes;
    for (unsigned i = 0, x = 1; i < 5000; ++i)
      bytes += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
    return bytes;
  }
};

TEST_F(SocketDeflate, CompressedAndPlainMessagesMix) {
  Client& client = world.connect(kShared);
  world.send(client, packed(kHello) + text("plain") + packed(kHello, 2) +
                         packed(std::string_view("\0", 1)));
  EXPECT_EQ(client.take_told(), (Told{"text Hello", "text plain", "binary Hello", "text "}));
}

// Section 6.1: compressed as a whole, then fragmented; control frames between are not compressed.
TEST_F(SocketDeflate, Fragments) {
  Client& client = world.connect(kShared);
  world.send(client, frame({.opcode = 1, .payload = kHello.substr(0, 3), .fin = false, .rsv = 4}) +
                         ping("p") + frame({.opcode = 0, .payload = "", .fin = false}) +
                         frame({.opcode = 0, .payload = kHello.substr(3)}));
  EXPECT_EQ(client.take_told(), (Told{"ping p", "text Hello"}));
}

// Section 7.1.1.2: with context takeover a message refers to the one before.
TEST_F(SocketDeflate, ContextOfAClient) {
  Client& client = world.connect(kDedicated);
  world.send(client, packed(kHello) + packed(kHelloAgain));
  EXPECT_EQ(client.take_told(), (Told{"text Hello", "text Hello"}));
  Client& shared = world.connect(kShared);
  world.send(shared, packed(kHello) + packed(kHelloAgain));
  EXPECT_EQ(shared.told.front(), "text Hello");
  expect_failed(shared, 1007);
}

TEST_F(SocketDeflate, ContextsOfTwoClientsDoNotMix) {
  Client& first = world.connect(kDedicated);
  Client& second = world.connect(kDedicated);
  world.send(first, packed(kHello));
  world.send(second, packed(kHelloAgain));
  expect_failed(second, 1007);
  world.send(first, packed(kHelloAgain));
  EXPECT_EQ(first.take_told(), (Told{"text Hello", "text Hello"}));
}

// RFC 6455 section 5.2: without the extension RSV1 means nothing.
TEST_F(SocketDeflate, Rsv1WithoutTheExtension) {
  Client& client = world.connect();
  world.send(client, packed(kHello));
  expect_failed(client, 1002);
}

TEST_F(SocketDeflate, BrokenData) {
  Client& client = world.connect(kShared);
  world.send(client, packed("\xff\xff\xff"));
  expect_failed(client, 1007);
}

// RFC 6455 section 8.1 holds for the text that comes out.
TEST_F(SocketDeflate, TextThatIsNotUtf8) {
  Client& client = world.connect(kShared);
  world.send(client, packed(deflated("\xff\xfe")));
  expect_failed(client, 1007);
  Client& other = world.connect(kShared);
  world.send(other, packed(deflated("\xff\xfe"), 2));
  EXPECT_EQ(other.take_told(), Told{"binary \xff\xfe"});
}

// It fails at its first bad byte, before the rest of the frame, or of the message, has come.
TEST_F(SocketDeflate, TextThatIsNotUtf8FailsBeforeItEnds) {
  const std::string bytes =
      deflated("the first half is right \xff" + std::string(300, 'x') + noise());
  for (const DeflateAgreement& agreement : {kShared, kDedicated}) {
    Client& framed = world.connect(agreement);
    world.send(framed, packed(bytes).substr(0, 200));
    expect_failed(framed, 1007);
    Client& fragmented = world.connect(agreement);
    world.send(fragmented,
               frame({.opcode = 1, .payload = bytes.substr(0, 100), .fin = false, .rsv = 4}));
    world.send(fragmented, frame({.opcode = 0, .payload = bytes.substr(100, 100), .fin = false}));
    expect_failed(fragmented, 1007);
  }
}

// A character may be cut by the end of a piece, but not by the end of the message.
TEST_F(SocketDeflate, TextThatComesInPieces) {
  const std::string word = "\xce\xba\xe1\xbd\xb9\xf0\x9f\x98\x80";
  const std::string bytes = deflated(word);
  for (const DeflateAgreement& agreement : {kShared, kDedicated}) {
    Client& client = world.connect(agreement);
    for (int message = 0; message < 2; ++message) {
      for (const char byte : packed(bytes)) world.send(client, std::string(1, byte));
    }
    EXPECT_EQ(client.take_told(), (Told{"text " + word, "text " + word}));
    world.send(client, frame({.opcode = 1, .payload = deflated("\xce"), .fin = false, .rsv = 4}));
    EXPECT_EQ(client.take_told(), Told{});
    world.send(client, frame({.opcode = 0, .payload = ""}));
    expect_failed(client, 1007);
  }
}

// Messages of several clients may be under way at once, and end in any order.
TEST_F(SocketDeflate, PiecesOfSeveralClients) {
  Client& first = world.connect(kShared);
  Client& second = world.connect(kShared);
  const auto begin = [&](Client& client) {
    world.send(client,
               frame({.opcode = 1, .payload = kHello.substr(0, 3), .fin = false, .rsv = 4}));
  };
  const auto end = [&](Client& client) {
    world.send(client, frame({.opcode = 0, .payload = kHello.substr(3)}));
  };
  begin(first);
  begin(second);
  world.send(world.connect(kShared), packed(kHello));
  end(first);
  begin(first);
  end(second);
  end(first);
  EXPECT_EQ(first.take_told(), (Told{"text Hello", "text Hello"}));
  EXPECT_EQ(second.take_told(), Told{"text Hello"});
}

// What is broken, or becomes too large, is refused before the message ends.
TEST_F(SocketDeflate, BrokenPieces) {
  world.workspace.settings.max_payload = 100'000;
  for (const DeflateAgreement& agreement : {kShared, kDedicated}) {
    Client& broken = world.connect(agreement);
    world.send(broken, frame({.opcode = 2, .payload = "\xff\xff", .fin = false, .rsv = 4}));
    expect_failed(broken, 1007);
    Client& bomb = world.connect(agreement);
    world.send(
        bomb,
        frame(
            {.opcode = 2, .payload = deflated(std::string(100'001, 'x')), .fin = false, .rsv = 4}));
    expect_failed(bomb, 1009);
    Client& cut = world.connect(agreement);
    world.send(cut, frame({.opcode = 2, .payload = kHello.substr(0, 3), .fin = false, .rsv = 4}));
    world.send(cut, frame({.opcode = 0, .payload = ""}));
    expect_failed(cut, 1007);
  }
}

// The limit is for the size after decompression.
TEST_F(SocketDeflate, Bombs) {
  world.workspace.settings.max_payload = 1000;
  Client& client = world.connect(kShared);
  world.send(client, packed(deflated(std::string(1000, 'x'))));
  EXPECT_EQ(client.take_told(), Told{"text " + std::string(1000, 'x')});
  world.send(client, packed(deflated(std::string(1001, 'x'))));
  expect_failed(client, 1009);
}

TEST_F(SocketDeflate, IncompressibleMessageOfTheLimit) {
  world.workspace.settings.max_payload = 5000;
  Client& client = world.connect(kShared);
  world.send(client, packed(deflated(noise()), 2));
  EXPECT_EQ(client.take_told(), Told{"binary " + noise()});
}

// Section 6.1: RSV1 marks what is compressed; only what was asked for is.
TEST_F(SocketDeflate, SendCompressesIfAsked) {
  Client& client = world.connect(kShared);
  client.connection->send("Hello", Opcode::text, true);
  client.connection->send("Hello", Opcode::text, false);
  client.connection->send("", Opcode::text, true);
  client.connection->send("Hello", Opcode::binary, true);
  world.run();
  EXPECT_EQ(client.take(), (Frames{{0xc1, std::string(kHello)},
                                   server_text("Hello"),
                                   server_text(""),
                                   {0xc2, std::string(kHello)}}));
}

TEST_F(SocketDeflate, SendDoesNotCompressWithoutAgreement) {
  Client& plain = world.connect();
  Client& receiving = world.connect({.enabled = true, .compress = Mode::disabled});
  for (Client* client : {&plain, &receiving}) {
    client->connection->send("Hello", Opcode::text, true);
    world.run();
    EXPECT_EQ(client->take(), Frames{server_text("Hello")});
  }
}

// Section 7.1.1.1.
TEST_F(SocketDeflate, ContextOfTheServer) {
  Client& client = world.connect(kDedicated);
  client.connection->send("Hello", Opcode::text, true);
  client.connection->send("Hello", Opcode::text, true);
  world.run();
  EXPECT_EQ(client.take(), (Frames{{0xc1, std::string(kHello)}, {0xc1, std::string(kHelloAgain)}}));
  Client& shared = world.connect(kShared);
  shared.connection->send("Hello", Opcode::text, true);
  shared.connection->send("Hello", Opcode::text, true);
  world.run();
  EXPECT_EQ(shared.take(), (Frames{{0xc1, std::string(kHello)}, {0xc1, std::string(kHello)}}));
}

// Section 7.1.2.1: no reference reaches further back than the window.
TEST_F(SocketDeflate, WindowOfTheServer) {
  std::string noise;
  for (unsigned i = 0, x = 7; i < 3000; ++i)
    noise += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  for (Mode mode : {Mode::shared, Mode::dedicated}) {
    for (std::uint8_t bits : {9, 10, 15}) {
      Client& client =
          world.connect({.enabled = true, .compress = mode, .compress_window_bits = bits});
      client.connection->send(noise + noise, Opcode::binary, true);
      world.run();
      const Frames frames = client.take();
      ASSERT_EQ(frames.size(), 1u);
      websocket::Decompressor decompressor(bits);
      std::string message;
      EXPECT_EQ(decompressor.decompress(frames[0].payload, false, 1 << 20, message),
                websocket::Decompressor::Result::ok);
      EXPECT_EQ(message, noise + noise);
      EXPECT_EQ(frames[0].payload.size() < 4000, bits == 15);
    }
  }
}

TEST_F(SocketDeflate, CompressedEcho) {
  for (const DeflateAgreement& agreement : {kShared, kDedicated}) {
    Client& client = world.connect(agreement);
    echo(client, true);
    websocket::Decompressor decompressor(15);
    for (int i = 0; i < 50; ++i) {
      const std::string sent =
          "message " + std::to_string(i) + std::string(static_cast<std::size_t>(i) * 100, 'm');
      world.send(client, packed(deflated(sent)));
      const Frames frames = client.take();
      ASSERT_EQ(frames.size(), 1u);
      EXPECT_EQ(frames[0].first, 0xc1);
      std::string back;
      decompressor.decompress(frames[0].payload, agreement.compress == Mode::dedicated, 1 << 20,
                              back);
      EXPECT_EQ(back, sent);
    }
  }
}

// What one compressor makes may go to all whose agreement is the same.
TEST_F(SocketDeflate, OneCompressionForAll) {
  std::string bytes;
  world.workspace.shared_compressor(12).compress("Hello", false, bytes);
  std::string frames;
  websocket::append_frame(frames, Opcode::text, bytes, true);
  for (int i = 0; i < 3; ++i)
    world.connect({.enabled = true, .compress = Mode::shared, .compress_window_bits = 12});
  for (auto& client : world.clients) client->connection->send_formatted(frames);
  for (auto& client : world.clients)
    EXPECT_EQ(client->take(), (Frames{{0xc1, std::string(kHello)}}));
}

TEST_F(SocketDeflate, DecompressedMessagesMayBeTaken) {
  Client& client = world.connect(kShared);
  std::vector<std::string> taken;
  client.on_text_or_binary = [&](Client&, const websocket::Message& message) {
    ASSERT_NE(message.storage, nullptr);
    taken.push_back(std::move(*message.storage));
  };
  world.send(client, packed(kHello) + packed(kHello));
  EXPECT_EQ(taken, (std::vector<std::string>{"Hello", "Hello"}));
}

TEST_F(SocketDeflate, LargeMessagesInPieces) {
  Client& client = world.connect(kShared);
  std::string text;
  while (text.size() < 3'000'000)
    text += "line " + std::to_string(text.size() * 7919 % 1000003) + "\n";
  world.send(client, packed(deflated(text)));
  const Told told = client.take_told();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], "text " + text);
}

}  // namespace
}  // namespace bao::testing
