// Decompresses arbitrary bytes with bounds, and compresses arbitrary messages and back. The first
// bytes of the input choose windows, contexts and limits.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "websocket/deflate.h"

namespace bao::websocket {
namespace {

using Result = Decompressor::Result;

void require(bool condition) {
  if (!condition) std::abort();
}

// What a peer may send: nothing but a result, and never more than the limit.
void take_apart(std::string_view bytes, int bits, bool keep, uint64_t limit) {
  Decompressor decompressor(bits);
  const std::string_view parts[] = {bytes.substr(0, bytes.size() / 2),
                                    bytes.substr(bytes.size() / 2)};
  for (std::string_view part : parts) {
    const std::string copy(part);
    std::string text = "before";
    const Result result = decompressor.decompress(copy, keep, limit, text);
    require(text.starts_with("before") && text.size() - 6 <= limit);
    if (result != Result::ok) continue;
    // Without context it is the same each time, and the limit is exact.
    if (keep) continue;
    std::string again;
    require(decompressor.decompress(copy, false, text.size() - 6, again) == Result::ok);
    require(again == text.substr(6));
    again.clear();
    if (text.size() > 6)
      require(decompressor.decompress(copy, false, text.size() - 7, again) == Result::too_big);
    again.clear();
    for (size_t at = 0; at < copy.size(); at += 1 + at % 5) {
      require(decompressor.put(part.substr(at, 1 + at % 5), text.size() - 6, again) == Result::ok);
    }
    require(decompressor.finish(false, text.size() - 6, again) == Result::ok);
    require(again == text.substr(6));
  }
}

void there_and_back(std::string_view bytes, int bits, int level, bool keep) {
  Compressor compressor(bits, level);
  Decompressor decompressor(bits);
  // Messages of different sizes, so that those for short ones come into play.
  for (size_t size : {bytes.size(), bytes.size() / 2, bytes.size() / 7, bytes.size()}) {
    std::string message(bytes.substr(0, size));
    for (int doubled = 0; doubled < 3; ++doubled) message += message;
    std::string packed;
    compressor.compress(message, keep, packed);
    std::string text;
    require(decompressor.decompress(packed, keep, message.size(), text) == Result::ok);
    require(text == message);
  }
}

}  // namespace
}  // namespace bao::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bao::websocket;
  if (size < 3 || size > 4000) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  const int bits = 9 + data[0] % 7;
  const bool keep = data[0] >= 128;
  take_apart(bytes, bits, keep, data[1] * 100u);
  there_and_back(bytes, bits, 1 + data[2] % 9, keep);
  return 0;
}
