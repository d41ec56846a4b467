#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "websocket/extension.h"

namespace bao::server {

/// How a program says that messages are compressed or decompressed. The sizes are what a compressor
/// takes of memory for each socket, and the window of a decompressor.
enum class DeflateChoice : uint8_t {
  disable,
  shared,
  dedicated,
  size_3kb,
  size_4kb,
  size_8kb,
  size_16kb,
  size_32kb,
  size_64kb,
  size_128kb,
  size_256kb,
};

/// The choice of that name: "disable", "shared", "dedicated", "3KB" and so on.
std::optional<DeflateChoice> deflate_choice(std::string_view name);

websocket::DeflateSettings deflate_settings(DeflateChoice compress, DeflateChoice decompress);

}  // namespace bao::server
