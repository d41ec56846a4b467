#include "websocket/mask.h"

#include <gtest/gtest.h>
#include <string>

#include "http1/guarded_page.h"
#include "websocket/wide.h"

namespace bao::websocket {
namespace {

constexpr MaskKey kKey{0x12, 0xfe, 0x80, 0x01};

std::string masked_simply(std::string_view text, uint64_t offset) {
  std::string masked;
  for (size_t i = 0; i < text.size(); ++i) {
    masked += static_cast<char>(text[i] ^ kKey[(offset + i) % 4]);
  }
  return masked;
}

std::string pattern(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>(i * 7 + i / 251);
  return text;
}

// RFC 6455 section 5.7: "Hello" masked with 37 fa 21 3d.
TEST(Mask, ExampleOfTheRfc) {
  std::string text("\x7f\x9f\x4d\x51\x58");
  apply_mask(text, {0x37, 0xfa, 0x21, 0x3d}, 0);
  EXPECT_EQ(text, "Hello");
}

// RFC 6455 section 5.3, at all sizes, alignments and positions in the frame, with a page behind the
// bytes that may not be touched.
TEST(Mask, EverySizeAndOffset) {
  testing::GuardedPage page(2048);
  for (size_t size = 0; size <= 300; ++size) {
    const std::string text = pattern(size);
    for (uint64_t offset : {0, 1, 2, 3, 4, 7}) {
      const std::string_view placed = page.place(text);
      const std::span<char> bytes(const_cast<char*>(placed.data()), placed.size());
      apply_mask(bytes, kKey, offset);
      ASSERT_EQ(placed, masked_simply(text, offset)) << size << " from " << offset;
    }
  }
}

TEST(Mask, LargeOnesAtOddPlaces) {
  for (size_t size : {1000u, 4096u, 16384u, 65537u}) {
    for (size_t shift : {0u, 1u, 5u, 31u}) {
      const std::string text = pattern(size);
      std::string bytes = std::string(shift, 'x') + text + "y";
      apply_mask(std::span(bytes).subspan(shift, size), kKey, 3);
      EXPECT_EQ(bytes.substr(shift, size), masked_simply(text, 3));
      EXPECT_EQ(bytes.substr(0, shift), std::string(shift, 'x'));
      EXPECT_EQ(bytes.back(), 'y');
    }
  }
}

TEST(Mask, TwiceIsNothing) {
  const std::string text = pattern(1027);
  std::string bytes = text;
  apply_mask(bytes, kKey, 1);
  EXPECT_NE(bytes, text);
  apply_mask(bytes, kKey, 1);
  EXPECT_EQ(bytes, text);
}

// What comes out is told to be ASCII if no byte of it has its highest bit, wherever that byte is.
TEST(Mask, TellsWhetherTheTextIsAscii) {
  for (size_t size = 0; size <= 600; size += size < 80 ? 1 : 37) {
    const std::string text(size, '~');
    std::string masked = masked_simply(text, 1);
    EXPECT_TRUE(apply_mask(masked, kKey, 1)) << size;
    for (size_t bad = 0; bad < size; ++bad) {
      std::string other = text;
      other[bad] = '\x80';
      masked = masked_simply(other, 1);
      ASSERT_FALSE(apply_mask(masked, kKey, 1)) << bad << " of " << size;
    }
  }
}

}  // namespace
}  // namespace bao::websocket
