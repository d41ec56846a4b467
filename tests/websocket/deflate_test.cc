#include "websocket/deflate.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <zlib.h>

namespace bao::websocket {
namespace {

using Result = Decompressor::Result;

std::string compressed(Compressor& compressor, std::string_view message, bool keep = false) {
  std::string bytes;
  compressor.compress(message, keep, bytes);
  return bytes;
}

std::string decompressed(Decompressor& decompressor, std::string_view bytes, bool keep = false) {
  std::string message;
  EXPECT_EQ(decompressor.decompress(bytes, keep, 1 << 26, message), Result::ok);
  return message;
}

std::string noise(size_t size) {
  std::mt19937 random(7);
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>(random());
  return text;
}

std::string prose(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i)
    text += "line " + std::to_string(i * i % 1009) + " of a log\n";
  text.resize(size);
  return text;
}

// RFC 7692 section 7.2.3.1.
TEST(Deflate, ExampleHello) {
  Compressor compressor(15, 8);
  EXPECT_EQ(compressed(compressor, "Hello"), std::string("\xf2\x48\xcd\xc9\xc9\x07\x00", 7));
  Decompressor decompressor(15);
  EXPECT_EQ(decompressed(decompressor, std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7)),
            "Hello");
}

// RFC 7692 section 7.2.3.2: with the window of the first message the second one is shorter.
TEST(Deflate, ExampleOfContextTakeover) {
  Compressor compressor(15, 8);
  compressed(compressor, "Hello", true);
  EXPECT_EQ(compressed(compressor, "Hello", true), std::string("\xf2\x00\x11\x00\x00", 5));
  Decompressor decompressor(15);
  EXPECT_EQ(decompressed(decompressor, std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7), true),
            "Hello");
  EXPECT_EQ(decompressed(decompressor, std::string_view("\xf2\x00\x11\x00\x00", 5), true), "Hello");
}

// RFC 7692 section 7.2.3.3: a block without compression.
TEST(Deflate, ExampleOfAStoredBlock) {
  Decompressor decompressor(15);
  EXPECT_EQ(decompressed(decompressor,
                         std::string_view("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11)),
            "Hello");
}

// RFC 7692 section 7.2.3.4: BFINAL is set, and a zero byte behind it.
TEST(Deflate, ExampleOfALastBlock) {
  Decompressor decompressor(15);
  const std::string_view bytes("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
  EXPECT_EQ(decompressed(decompressor, bytes), "Hello");
  EXPECT_EQ(decompressed(decompressor, bytes, true), "Hello");
  // The window outlives such a block.
  EXPECT_EQ(decompressed(decompressor, std::string_view("\xf2\x00\x11\x00\x00", 5), true), "Hello");
}

// RFC 7692 section 7.2.3.5: two blocks in one message.
TEST(Deflate, ExampleOfTwoBlocks) {
  Decompressor decompressor(15);
  EXPECT_EQ(
      decompressed(decompressor,
                   std::string_view("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13)),
      "Hello");
}

// RFC 7692 section 7.2.3.6: an empty message is one zero byte.
TEST(Deflate, EmptyMessage) {
  Compressor compressor(15, 8);
  EXPECT_EQ(compressed(compressor, "", true), std::string(1, '\0'));
  Decompressor decompressor(15);
  EXPECT_EQ(decompressed(decompressor, std::string_view("\0", 1)), "");
  EXPECT_EQ(decompressed(decompressor, ""), "");
}

// All windows and memory levels, with and without context, there and back.
TEST(Deflate, RoundTrips) {
  for (int bits = 9; bits <= 15; ++bits) {
    for (int level : {1, 8, 9}) {
      for (bool keep : {false, true}) {
        Compressor compressor(bits, level);
        Decompressor decompressor(bits);
        for (size_t size : {1u, 2u, 100u, 1024u, 1025u, 16384u, 70000u}) {
          for (const std::string& text : {prose(size), noise(size), std::string(size, 'a')}) {
            const std::string bytes = compressed(compressor, text, keep);
            ASSERT_EQ(decompressed(decompressor, bytes, keep), text)
                << bits << " " << level << " " << size;
          }
        }
      }
    }
  }
}

// RFC 7692 section 7.1.1: without context each message is decompressed by itself.
TEST(Deflate, MessagesWithoutContextStandAlone) {
  Compressor compressor(12, 8);
  const std::string first = compressed(compressor, prose(5000));
  EXPECT_EQ(compressed(compressor, prose(5000)), first);
  const std::string brief = compressed(compressor, "Hello, hello, hello");
  EXPECT_EQ(compressed(compressor, "Hello, hello, hello"), brief);
  Decompressor decompressor(12);
  EXPECT_EQ(decompressed(decompressor, brief), "Hello, hello, hello");
}

TEST(Deflate, AppendsBehindWhatIsThere) {
  Compressor compressor(15, 8);
  std::string bytes = "x";
  compressor.compress("Hello", false, bytes);
  EXPECT_EQ(bytes, std::string("x\xf2\x48\xcd\xc9\xc9\x07\x00", 8));
  Decompressor decompressor(15);
  std::string text = "y";
  EXPECT_EQ(decompressor.decompress(std::string_view(bytes).substr(1), false, 5, text), Result::ok);
  EXPECT_EQ(text, "yHello");
}

TEST(Deflate, GarbageIsInvalidAndForgotten) {
  Decompressor decompressor(15);
  std::string text;
  EXPECT_EQ(decompressor.decompress("\xff\xff\xff\xff", true, 100, text), Result::invalid);
  EXPECT_EQ(decompressed(decompressor, std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7), true),
            "Hello");
}

TEST(Deflate, MessageThatIsCutShortIsInvalid) {
  Compressor compressor(15, 8);
  const std::string bytes = compressed(compressor, prose(3000));
  for (size_t size = 1; size + 1 < bytes.size(); size += 7) {
    Decompressor decompressor(15);
    std::string text;
    const Result result =
        decompressor.decompress(std::string_view(bytes).substr(0, size), false, 1 << 20, text);
    // The bytes that end a message may happen to be good code, but never the whole text.
    EXPECT_FALSE(result == Result::ok && text == prose(3000)) << size;
  }
  Decompressor decompressor(15);
  std::string text;
  // A stored block that announces five bytes and has two.
  EXPECT_EQ(
      decompressor.decompress(std::string_view("\x00\x05\x00\xfa\xffHe", 7), false, 100, text),
      Result::invalid);
}

// A reference to before the beginning, which only a window that was kept could hold.
TEST(Deflate, ReferenceToNothingIsInvalid) {
  Decompressor decompressor(15);
  std::string text;
  EXPECT_EQ(decompressor.decompress(std::string_view("\xf2\x00\x11\x00\x00", 5), false, 100, text),
            Result::invalid);
}

// The limit holds while a message is decompressed, not only afterwards.
TEST(Deflate, BombStopsAtTheLimit) {
  Compressor compressor(15, 8);
  const std::string bomb = compressed(compressor, std::string(50 << 20, '\0'));
  EXPECT_LT(bomb.size(), 300'000u);
  Decompressor decompressor(15);
  std::string text;
  EXPECT_EQ(decompressor.decompress(bomb, true, 1 << 20, text), Result::too_big);
  EXPECT_LE(text.size(), size_t{1} << 20);
  EXPECT_LE(text.capacity(), size_t{3} << 20);
}

TEST(Deflate, LimitIsExact) {
  Compressor compressor(15, 8);
  for (size_t size : {1u, 100u, 16384u, 16385u, 40000u}) {
    const std::string bytes = compressed(compressor, prose(size));
    Decompressor decompressor(15);
    std::string text;
    EXPECT_EQ(decompressor.decompress(bytes, false, size, text), Result::ok);
    EXPECT_EQ(text, prose(size));
    text.clear();
    EXPECT_EQ(decompressor.decompress(bytes, false, size - 1, text), Result::too_big);
  }
}

// Last blocks cost time each, so a message of nothing else is refused.
TEST(Deflate, ManyLastBlocksAreInvalid) {
  Decompressor decompressor(15);
  std::string ends;
  for (int i = 0; i < 5000; ++i) ends += std::string("\x03\x00", 2);  // an empty last block
  std::string text;
  EXPECT_EQ(decompressor.decompress(ends, false, 100, text), Result::invalid);
  EXPECT_EQ(decompressor.decompress(std::string_view("\x03\x00\x00", 3), false, 100, text),
            Result::ok);
}

// What a message in pieces of `step` bytes comes to.
Result in_pieces(Decompressor& decompressor, std::string_view bytes, size_t step, uint64_t limit,
                 std::string& text, bool keep = false) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    const Result result = decompressor.put(bytes.substr(0, step), limit, text);
    if (result != Result::ok) return result;
  }
  return decompressor.finish(keep, limit, text);
}

TEST(Deflate, LastBlocksAtTheEndsOfPiecesCount) {
  Decompressor decompressor(15);
  std::string ends;
  for (int i = 0; i < 5000; ++i) ends += std::string("\x03\x00", 2);
  std::string text;
  EXPECT_EQ(in_pieces(decompressor, ends, 2, 100, text), Result::invalid);
}

TEST(Deflate, PiecesOfAllSizes) {
  for (const std::string& message :
       {std::string(), std::string("Hello"), prose(100'000), noise(70'000)}) {
    Compressor compressor(15, 8);
    const std::string bytes = compressed(compressor, message);
    Decompressor decompressor(15);
    for (size_t step : {size_t{1}, size_t{7}, size_t{4096}, bytes.size()}) {
      std::string text;
      ASSERT_EQ(in_pieces(decompressor, bytes, step, message.size(), text), Result::ok) << step;
      ASSERT_EQ(text, message) << step;
    }
  }
  std::string text;
  Decompressor decompressor(15);
  EXPECT_EQ(decompressor.finish(false, 100, text), Result::ok);  // nothing at all
  EXPECT_EQ(text, "");
}

// RFC 7692 section 7.1.1.1: the context goes on whether a message comes whole or in pieces.
TEST(Deflate, PiecesKeepTheContext) {
  Compressor compressor(15, 8);
  Decompressor decompressor(15);
  for (int i = 0; i < 6; ++i) {
    const std::string bytes = compressed(compressor, prose(5000), true);
    std::string text;
    if (i % 2 == 0) {
      ASSERT_EQ(in_pieces(decompressor, bytes, 10, 5000, text, true), Result::ok);
    } else {
      text = decompressed(decompressor, bytes, true);
    }
    ASSERT_EQ(text, prose(5000));
  }
}

// A piece brings what can be made of it.
TEST(Deflate, PiecesBringTheirText) {
  Decompressor decompressor(15);
  std::string text;
  EXPECT_EQ(decompressor.put(std::string_view("\x00\x05\x00\xfa\xffHe", 7), 100, text), Result::ok);
  EXPECT_EQ(text, "He");
}

// A peer that has sent a few bytes does not make the server keep many until it ends the message.
TEST(Deflate, BombsInPiecesWaitForTheirEnd) {
  Compressor compressor(15, 8);
  const size_t size = 8 << 20;
  const std::string bomb = compressed(compressor, std::string(size, 'x'));
  const size_t most = 256 * 1024 + 16 * bomb.size() + 16 * 1024;
  ASSERT_LT(most, size / 2);
  for (size_t step : {size_t{1}, size_t{100}, bomb.size()}) {
    Decompressor decompressor(15);
    std::string text;
    for (size_t at = 0; at < bomb.size(); at += step) {
      ASSERT_EQ(decompressor.put(std::string_view(bomb).substr(at, step), size, text), Result::ok);
      ASSERT_LE(text.size(), most);
    }
    ASSERT_EQ(decompressor.finish(false, size, text), Result::ok);
    ASSERT_EQ(text, std::string(size, 'x'));
    text.clear();
    ASSERT_EQ(in_pieces(decompressor, bomb, step, size - 1, text), Result::too_big);
  }
}

// RFC 7692 section 7.2.3.4: a block may say that it is the last one, in pieces too; what is
// bounded is their number in the whole message.
TEST(Deflate, LastBlocksInPieces) {
  const std::string_view last("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
  for (size_t step = 1; step <= last.size(); ++step) {
    Decompressor decompressor(15);
    std::string text;
    ASSERT_EQ(in_pieces(decompressor, last, step, 100, text), Result::ok);
    ASSERT_EQ(text, "Hello");
  }
  std::string ends;
  for (int i = 0; i < 100; ++i) ends += std::string_view("\x03\x00", 2);
  Decompressor refusing(15);
  std::string text;
  EXPECT_EQ(in_pieces(refusing, ends, 10, 100, text), Result::invalid);
  // As many as the whole message may have, all in its first piece.
  Compressor compressor(15, 8);
  const std::string rest = compressed(compressor, noise(200 * 1024));
  Decompressor decompressor(15);
  text.clear();
  EXPECT_EQ(in_pieces(decompressor, ends + rest, 200, 1 << 20, text), Result::ok);
  EXPECT_EQ(text, noise(200 * 1024));
}

}  // namespace
}  // namespace bao::websocket
