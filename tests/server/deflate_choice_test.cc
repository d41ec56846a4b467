#include "server/deflate_choice.h"

#include <gtest/gtest.h>

namespace bao::server {
namespace {

using Mode = websocket::DeflateSettings::Mode;

TEST(DeflateChoiceTest, NamesAreBuns) {
  EXPECT_EQ(deflate_choice("disable"), DeflateChoice::disable);
  EXPECT_EQ(deflate_choice("shared"), DeflateChoice::shared);
  EXPECT_EQ(deflate_choice("dedicated"), DeflateChoice::dedicated);
  EXPECT_EQ(deflate_choice("3KB"), DeflateChoice::size_3kb);
  EXPECT_EQ(deflate_choice("256KB"), DeflateChoice::size_256kb);
  EXPECT_EQ(deflate_choice("7KB"), std::nullopt);
  EXPECT_EQ(deflate_choice(""), std::nullopt);
}

TEST(DeflateChoiceTest, BothOffIsNoExtension) {
  EXPECT_FALSE(deflate_settings(DeflateChoice::disable, DeflateChoice::disable).enabled());
  EXPECT_TRUE(deflate_settings(DeflateChoice::shared, DeflateChoice::disable).enabled());
  EXPECT_TRUE(deflate_settings(DeflateChoice::disable, DeflateChoice::shared).enabled());
}

// zlib's compressor takes 2^(bits + 2) + 2^(level + 9) bytes.
TEST(DeflateChoiceTest, SizesAreWhatACompressorTakes) {
  const std::pair<DeflateChoice, int> sizes[] = {
      {DeflateChoice::size_3kb, 3},     {DeflateChoice::size_4kb, 4},
      {DeflateChoice::size_8kb, 8},     {DeflateChoice::size_16kb, 16},
      {DeflateChoice::size_32kb, 32},   {DeflateChoice::size_64kb, 64},
      {DeflateChoice::size_128kb, 128}, {DeflateChoice::size_256kb, 256},
      {DeflateChoice::dedicated, 256},
  };
  for (const auto& [choice, kilobytes] : sizes) {
    const auto settings = deflate_settings(choice, DeflateChoice::shared);
    EXPECT_EQ(settings.compress, Mode::dedicated);
    const int bytes =
        (1 << (settings.compress_window_bits + 2)) + (1 << (settings.compress_memory_level + 9));
    EXPECT_EQ(bytes, kilobytes * 1024);
  }
}

TEST(DeflateChoiceTest, ReadingTakesTheWindowThatIsNamed) {
  const auto bits = [](DeflateChoice choice) {
    return deflate_settings(DeflateChoice::shared, choice).decompress_window_bits;
  };
  EXPECT_EQ(bits(DeflateChoice::size_4kb), 12);
  EXPECT_EQ(bits(DeflateChoice::size_32kb), 15);
  EXPECT_EQ(bits(DeflateChoice::size_256kb), 15);
  EXPECT_EQ(deflate_settings(DeflateChoice::shared, DeflateChoice::shared).decompress,
            Mode::shared);
}

}  // namespace
}  // namespace bao::server
