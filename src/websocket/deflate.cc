#include "websocket/deflate.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <zlib.h>

namespace bao::websocket {

namespace {

// The end of what a sync flush gives, which a message goes without (RFC 7692 section 7.2.1).
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);

// One call's worth of output. It lies on the stack.
constexpr size_t kChunk = 16 * 1024;

// The level at which zlib still searches without looking ahead: half the time of its default for
// messages that come out a tenth longer at most.
constexpr int kLevel = 3;

// What a compressor for short messages is made with: clearing its tables, which a message that
// starts as new needs, touches 2 KiB instead of 64.
constexpr size_t kShort = 1024;
constexpr int kShortWindowBits = 10;
constexpr int kShortMemoryLevel = 3;

// zlib counts the input of one call in an unsigned int.
constexpr size_t kMostInput = size_t{1} << 30;

// A message may have one last block, and one more for so many of its bytes: each costs time, and
// nobody but an attacker sends more.
constexpr size_t kBytesForAnEnd = 1024;

Bytef* input_bytes(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

struct Compressor::State {
  State(int window_bits, int memory_level) {
    const int result =
        deflateInit2(&stream, kLevel, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) throw std::bad_alloc();
  }
  ~State() { deflateEnd(&stream); }
  z_stream stream{};
};

Compressor::Compressor(int window_bits, int memory_level)
    : window_bits_(window_bits), memory_level_(memory_level) {}

Compressor::~Compressor() = default;

void Compressor::compress(std::string_view message, bool keep_context, std::string& to) {
  // An empty block, whose first byte is what the tail leaves of it (RFC 7692 section 7.2.3.6).
  if (message.empty()) return to.push_back('\0');
  const bool brief = !keep_context && message.size() <= kShort && window_bits_ >= kShortWindowBits;
  std::unique_ptr<State>& state = brief ? for_short_ : state_;
  if (state == nullptr) {
    state = brief ? std::make_unique<State>(kShortWindowBits,
                                            std::min(memory_level_, kShortMemoryLevel))
                  : std::make_unique<State>(window_bits_, memory_level_);
  }
  z_stream& stream = state->stream;
  std::array<char, kChunk> chunk;
  while (!message.empty()) {
    const std::string_view part = message.substr(0, kMostInput);
    message.remove_prefix(part.size());
    stream.next_in = input_bytes(part);
    stream.avail_in = static_cast<uInt>(part.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream.avail_out = static_cast<uInt>(chunk.size());
      deflate(&stream, message.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      to.append(chunk.data(), chunk.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  assert(to.ends_with(kTail));
  to.resize(to.size() - kTail.size());
  if (!keep_context) deflateReset(&stream);
}

struct Decompressor::State {
  explicit State(int window_bits) {
    if (inflateInit2(&stream, -window_bits) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }

  Result inflate_part(std::string_view part, uint64_t& left, std::string& to);
  bool continue_after_end();

  z_stream stream{};
  size_t ends_left = 0;  // last blocks that the present message may still have
};

Decompressor::Decompressor(int window_bits) : state_(std::make_unique<State>(window_bits)) {}

Decompressor::~Decompressor() = default;

// A block that says that it is the last one (RFC 7692 section 7.2.3.4) ends a stream for zlib. For
// us it goes on, and may refer to what was before.
bool Decompressor::State::continue_after_end() {
  if (ends_left-- == 0) return false;
  std::array<Bytef, 32 * 1024> window;
  uInt size = 0;
  return inflateGetDictionary(&stream, window.data(), &size) == Z_OK &&
         inflateReset(&stream) == Z_OK &&
         (size == 0 || inflateSetDictionary(&stream, window.data(), size) == Z_OK);
}

// `left` is what may still be made of the message.
Decompressor::Result Decompressor::State::inflate_part(std::string_view part, uint64_t& left,
                                                       std::string& to) {
  std::array<char, kChunk> chunk;
  stream.next_in = input_bytes(part);
  stream.avail_in = static_cast<uInt>(part.size());
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int result = inflate(&stream, Z_SYNC_FLUSH);
    const size_t made = chunk.size() - stream.avail_out;
    if (made > left) return Result::too_big;
    left -= made;
    to.append(chunk.data(), made);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_STREAM_END) {
      if (!continue_after_end()) return Result::invalid;
      if (stream.avail_in == 0) return Result::ok;
      continue;
    }
    // Nothing left to do is said by this error, too.
    if (result != Z_OK && result != Z_BUF_ERROR) return Result::invalid;
    if (stream.avail_out > 0) return stream.avail_in == 0 ? Result::ok : Result::invalid;
  }
}

Decompressor::Result Decompressor::decompress(std::string_view message, bool keep_context,
                                              uint64_t limit, std::string& to) {
  // No encoder should make that of an empty message (RFC 7692 section 7.2.3.6), but some do.
  if (message.empty()) return Result::ok;
  Result result = Result::ok;
  state_->ends_left = 1 + message.size() / kBytesForAnEnd;
  try {
    while (result == Result::ok && !message.empty()) {
      const std::string_view part = message.substr(0, kMostInput);
      message.remove_prefix(part.size());
      result = state_->inflate_part(part, limit, to);
    }
    if (result == Result::ok) result = state_->inflate_part(kTail, limit, to);
  } catch (const std::bad_alloc&) {
    inflateReset(&state_->stream);
    throw;
  }
  // A message that is cut short leaves zlib inside of a block. 128: between two blocks; the low
  // bits: what is left of a byte.
  constexpr int kBetweenBlocks = 128;
  const bool whole = state_->stream.data_type == kBetweenBlocks;
  if (result == Result::ok && !whole) result = Result::invalid;
  if (result != Result::ok || !keep_context) inflateReset(&state_->stream);
  return result;
}

}  // namespace bao::websocket
