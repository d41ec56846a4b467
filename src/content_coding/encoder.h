#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/accept_encoding.h"

namespace bao::content_coding {

/// How much work content is worth.
enum class Effort : uint8_t {
  each_time,  ///< content of one reply, on the loop's thread: a few milliseconds for each 100 KB
  once,       ///< content that is encoded once and sent many times
};

/// What is to come behind a piece.
enum class After : uint8_t {
  more,   ///< another piece: what is given out now is up to the encoder
  flush,  ///< another piece, but perhaps much later: everything so far can be decoded
  end,    ///< nothing
};

/// Puts a content coding on content that comes in pieces: gzip (RFC 1952), br (RFC 7932) or zstd
/// (RFC 8878). Bytes in, bytes out. Each holds some 300 KB to 1 MB of memory.
class Encoder {
 public:
  /// `coding` is one of these three. `size` is that of the content, if it is known: small content
  /// needs less memory. Throws std::bad_alloc.
  static std::unique_ptr<Encoder> make(http::Coding coding, Effort effort,
                                       std::optional<uint64_t> size = std::nullopt);
  virtual ~Encoder() = default;

  /// Appends what `piece` comes to. Not after `end`. Throws std::bad_alloc.
  virtual void encode(std::string_view piece, After after, std::string& encoded) = 0;
};

/// The whole of `content` with a coding. Throws std::bad_alloc.
std::string encode(http::Coding coding, Effort effort, std::string_view content);

}  // namespace bao::content_coding
