#include "content_coding/encoder.h"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <string_view>

#include "content_coding/decoded.h"

namespace bao::content_coding {
namespace {

using http::Coding;
using testing::decoded;

std::string words(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i) text += "word " + std::to_string(i % 977) + "\n";
  text.resize(size);
  return text;
}

std::string noise(size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

class EncoderTest : public ::testing::TestWithParam<Coding> {};

TEST_P(EncoderTest, TheWholeComesBack) {
  for (const Effort effort : {Effort::each_time, Effort::once}) {
    for (const std::string& content : {std::string(), std::string("a"), words(100), words(5000),
                                       words(70'000), words(400'000), noise(100'000)}) {
      bool whole = false;
      EXPECT_EQ(decoded(GetParam(), encode(GetParam(), effort, content), &whole), content);
      EXPECT_TRUE(whole);
    }
  }
}

TEST_P(EncoderTest, TextBecomesSmaller) {
  const std::string text = words(20'000);
  EXPECT_LT(encode(GetParam(), Effort::each_time, text).size(), text.size() / 4);
  EXPECT_LT(encode(GetParam(), Effort::once, text).size(), text.size() / 4);
}

TEST_P(EncoderTest, PiecesGiveTheSameContent) {
  const std::string text = words(50'000);
  for (const After after : {After::more, After::flush}) {
    for (const size_t size : {size_t{1}, size_t{7}, size_t{1000}, size_t{20'000}}) {
      if (size == 1 && after == After::flush) continue;
      auto encoder = Encoder::make(GetParam(), Effort::each_time);
      std::string encoded;
      for (size_t at = 0; at < text.size(); at += size) {
        encoder->encode(std::string_view(text).substr(at, size), after, encoded);
      }
      encoder->encode({}, After::end, encoded);
      bool whole = false;
      EXPECT_EQ(decoded(GetParam(), encoded, &whole), text);
      EXPECT_TRUE(whole);
    }
  }
}

// What an event stream needs: a client that has got a piece can read it.
TEST_P(EncoderTest, AFlushedPieceCanBeDecoded) {
  auto encoder = Encoder::make(GetParam(), Effort::each_time);
  std::string encoded;
  std::string content;
  for (int i = 0; i < 100; ++i) {
    const std::string piece = "data: " + std::to_string(i) + "\n\n";
    content += piece;
    encoder->encode(piece, After::flush, encoded);
    bool whole = true;
    EXPECT_EQ(decoded(GetParam(), encoded, &whole), content);
    EXPECT_FALSE(whole);
  }
}

TEST_P(EncoderTest, NothingButAnEndIsWhole) {
  auto encoder = Encoder::make(GetParam(), Effort::each_time);
  std::string encoded;
  encoder->encode({}, After::end, encoded);
  bool whole = false;
  EXPECT_EQ(decoded(GetParam(), encoded, &whole), "");
  EXPECT_TRUE(whole);
}

INSTANTIATE_TEST_SUITE_P(, EncoderTest,
                         ::testing::Values(Coding::gzip, Coding::brotli, Coding::zstd),
                         [](const auto& info) {
                           return std::string(http::coding_name(info.param));
                         });

// RFC 1952 section 2.3: what tells it from zlib's own format
TEST(Encoder, GzipHasItsFraming) {
  const std::string encoded = encode(Coding::gzip, Effort::each_time, "a");
  EXPECT_EQ(encoded.substr(0, 3), "\x1F\x8B\x08");
}

}  // namespace
}  // namespace bao::content_coding
