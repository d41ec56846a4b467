#include "server/deflate_choice.h"

#include <array>

namespace bao::server {

namespace {

using Mode = websocket::DeflateSettings::Mode;

constexpr std::array<std::string_view, 11> kNames{"disable", "shared", "dedicated", "3KB",
                                                  "4KB",     "8KB",    "16KB",      "32KB",
                                                  "64KB",    "128KB",  "256KB"};

struct Sizes {
  uint8_t compress_window_bits;
  uint8_t compress_memory_level;
  uint8_t decompress_window_bits;
};

// By choice. zlib's compressor takes 2^(bits + 2) + 2^(level + 9) bytes: 2 + 1 KiB for "3KB", and
// so on. A window of 512 bytes is the smallest, and one of 32 KiB the largest.
constexpr std::array<Sizes, kNames.size()> kSizes{{
    {15, 8, 15},
    {15, 8, 15},
    {15, 8, 15},
    {9, 1, 12},
    {9, 2, 12},
    {10, 3, 13},
    {11, 4, 14},
    {12, 5, 15},
    {13, 6, 15},
    {14, 7, 15},
    {15, 8, 15},
}};

Mode mode(DeflateChoice choice) {
  if (choice == DeflateChoice::disable) return Mode::disabled;
  return choice == DeflateChoice::shared ? Mode::shared : Mode::dedicated;
}

}  // namespace

std::optional<DeflateChoice> deflate_choice(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<DeflateChoice>(i);
  }
  return std::nullopt;
}

websocket::DeflateSettings deflate_settings(DeflateChoice compress, DeflateChoice decompress) {
  const Sizes& out = kSizes[static_cast<size_t>(compress)];
  return {.compress = mode(compress),
          .decompress = mode(decompress),
          .compress_window_bits = out.compress_window_bits,
          .compress_memory_level = out.compress_memory_level,
          .decompress_window_bits = kSizes[static_cast<size_t>(decompress)].decompress_window_bits};
}

}  // namespace bao::server
