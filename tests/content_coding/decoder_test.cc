#include "content_coding/decoder.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <zlib.h>

#include "content_coding/encoder.h"

namespace bao::content_coding {
namespace {

using http::BodyFilter;
using http::Coding;
using Status = BodyFilter::Status;

std::string gzip(std::string_view content) {
  return encode(Coding::gzip, Effort::each_time, content);
}

/// Content with another framing of deflate data; `window` as of deflateInit2.
std::string deflated(std::string_view content, int window) {
  z_stream state{};
  EXPECT_EQ(::deflateInit2(&state, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string encoded(::deflateBound(&state, content.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  state.avail_in = static_cast<uInt>(content.size());
  state.next_out = reinterpret_cast<Bytef*>(encoded.data());
  state.avail_out = static_cast<uInt>(encoded.size());
  EXPECT_EQ(::deflate(&state, Z_FINISH), Z_STREAM_END);
  encoded.resize(state.total_out);
  ::deflateEnd(&state);
  return encoded;
}

/// The content, or "malformed", or "cut short".
std::string decode(Coding coding, std::string_view encoded, size_t piece = SIZE_MAX,
                   size_t room = 1000) {
  auto decoder = make_decoder(coding);
  std::string content;
  do {
    decoder->put(encoded.substr(0, piece));
    encoded.remove_prefix(std::min(piece, encoded.size()));
    Status status;
    do {
      const size_t before = content.size();
      status = decoder->decode(room, content);
      EXPECT_LE(content.size() - before, room);
      if (status == Status::malformed) return "malformed";
    } while (status == Status::full);
  } while (!encoded.empty());
  return decoder->at_end() ? content : "cut short";
}

std::string text() {
  std::string content;
  for (int i = 0; i < 2000; ++i) content += "line " + std::to_string(i) + "\n";
  return content;
}

TEST(Decoder, DecodesGzip) {
  EXPECT_EQ(decode(Coding::gzip, gzip("hello")), "hello");
  EXPECT_EQ(decode(Coding::gzip, gzip("")), "");
  EXPECT_EQ(decode(Coding::gzip, gzip(text())), text());
}

TEST(Decoder, SplitsAndRoomDoNotMatter) {
  const std::string encoded = gzip(text());
  for (const size_t piece : {1, 2, 3, 100, 1000}) {
    for (const size_t room : {1, 17, 20'000, 1'000'000}) {
      EXPECT_EQ(decode(Coding::gzip, encoded, piece, room), text());
    }
  }
}

// RFC 9110 section 8.4.1.2
TEST(Decoder, DeflateIsZlibsFormat) {
  for (const size_t piece : {size_t{1}, SIZE_MAX}) {
    EXPECT_EQ(decode(Coding::deflate, deflated(text(), 15), piece), text());
  }
}

// "Some non-conformant implementations send the deflate compressed data without the zlib wrapper."
TEST(Decoder, BareDeflateDataIsTaken) {
  for (const size_t piece : {size_t{1}, SIZE_MAX}) {
    EXPECT_EQ(decode(Coding::deflate, deflated(text(), -15), piece), text());
  }
}

// RFC 1952 section 2.2
TEST(Decoder, SeveralMembersAreOneContent) {
  for (const size_t piece : {size_t{1}, size_t{5}, SIZE_MAX}) {
    EXPECT_EQ(decode(Coding::gzip, gzip("one ") + gzip("") + gzip("two"), piece), "one two");
  }
}

TEST(Decoder, NothingAtAllIsNoContent) {
  EXPECT_EQ(decode(Coding::gzip, ""), "");
  EXPECT_EQ(decode(Coding::deflate, ""), "");
}

TEST(Decoder, WhatIsCutShortIsTold) {
  for (const auto& [coding, encoded] :
       {std::pair(Coding::gzip, gzip(text())), std::pair(Coding::deflate, deflated(text(), 15))}) {
    for (const size_t left :
         {size_t{1}, size_t{2}, size_t{9}, encoded.size() / 2, encoded.size() - 1}) {
      EXPECT_EQ(decode(coding, encoded.substr(0, left)), "cut short") << left;
    }
  }
}

TEST(Decoder, WhatIsNoneIsMalformed) {
  EXPECT_EQ(decode(Coding::gzip, "hello, world"), "malformed");
  EXPECT_EQ(decode(Coding::gzip, deflated("hello", 15)), "malformed");
  EXPECT_EQ(decode(Coding::deflate, "\xFF\xFF\xFF\xFF"), "malformed");
}

TEST(Decoder, AWrongChecksumIsMalformed) {
  for (const size_t from_end : {1, 5}) {
    std::string encoded = gzip(text());
    encoded[encoded.size() - from_end] ^= 1;
    EXPECT_EQ(decode(Coding::gzip, encoded), "malformed");
  }
}

TEST(Decoder, WhatStandsBehindTheEndIsMalformed) {
  EXPECT_EQ(decode(Coding::gzip, gzip("a") + "garbage"), "malformed");
  EXPECT_EQ(decode(Coding::deflate, deflated("a", 15) + "x"), "malformed");
  EXPECT_EQ(decode(Coding::gzip, gzip("a") + std::string(3, '\0')), "malformed");
}

// A window of 64 KiB that nobody has room for stays what it was sent as.
TEST(Decoder, ABombIsDecodedAsFarAsThereIsRoom) {
  const std::string bomb = gzip(std::string(50'000'000, 'a'));
  ASSERT_LT(bomb.size(), 60'000U);
  auto decoder = make_decoder(Coding::gzip);
  decoder->put(bomb);
  std::string content;
  EXPECT_EQ(decoder->decode(10'000, content), Status::full);
  EXPECT_EQ(content.size(), 10'000U);
  EXPECT_FALSE(decoder->at_end());
}

}  // namespace
}  // namespace bao::content_coding
