#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bao::websocket {

/// Compresses messages as RFC 7692 section 7.2.1 says: raw DEFLATE that ends in an empty block
/// whose last four bytes (00 00 ff ff) are left out.
class Compressor {
 public:
  /// `window_bits` 9 to 15, `memory_level` 1 to 9; see DeflateSettings. Its memory is taken when it
  /// is first used.
  Compressor(int window_bits, int memory_level);
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor();

  /// Appends the compressed `message` to `to`. `keep_context`: the next message may refer to this
  /// one (context takeover, section 7.1.1.1); otherwise it starts as new. The same for all messages
  /// of a compressor. Throws std::bad_alloc, and then it is of no more use.
  void compress(std::string_view message, bool keep_context, std::string& to);

 private:
  struct State;
  int window_bits_;
  int memory_level_;
  std::unique_ptr<State> state_;
  std::unique_ptr<State> for_short_;  // short messages that start as new
};

/// Decompresses messages (RFC 7692 section 7.2.2).
class Decompressor {
 public:
  enum class Result : uint8_t {
    ok,
    invalid,  ///< no DEFLATE, or it refers to bytes before its beginning: fail with 1007
    too_big,  ///< more than `limit` bytes would come out: fail with 1009
  };

  /// `window_bits` 9 to 15: at least as large as the peer's. Throws std::bad_alloc.
  explicit Decompressor(int window_bits);
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor();

  /// Appends the decompressed message to `to`; at most `limit` bytes are ever made of it (a bomb
  /// stops there). `keep_context`: the next message may refer to this one. After anything but `ok`
  /// the object starts as new. Throws std::bad_alloc.
  Result decompress(std::string_view message, bool keep_context, uint64_t limit, std::string& to);

  /// The same for a message that comes in pieces: `put` for each, then `finish`. What a piece
  /// brings is in `to` when `put` returns, so that a wrong message can be refused before it ends.
  /// `to` begins empty, and `limit` is the most that it may become. A message that becomes much
  /// larger than it came (256 KiB and sixteen times as large) is not made before its end, as it
  /// would let a peer that has sent little hold much memory for as long as it likes. After anything
  /// but `ok` the object is of no more use but to be destroyed. Throws std::bad_alloc, likewise.
  Result put(std::string_view piece, uint64_t limit, std::string& to);
  Result finish(bool keep_context, uint64_t limit, std::string& to);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bao::websocket
