#include "websocket/deflate.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <utility>
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

// How large a message may become before its end: larger than honest texts do.
constexpr uint64_t most_ahead(uint64_t taken) {
  return 256 * 1024 + 16 * taken;
}

struct Decompressor::State {
  explicit State(int window_bits) {
    if (inflateInit2(&stream, -window_bits) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }

  enum class Step : uint8_t {
    used,  // all input is used
    late,  // what is left of the input is for the message's end
    invalid,
    too_big,
  };
  // The most that a message may become: for good, and for now.
  struct Bounds {
    uint64_t limit;
    uint64_t ahead;
    bool ended;  // all of the message has come
  };

  Step inflate_part(std::string_view part, const Bounds& bounds, std::string& to);
  Step inflate_all(std::string_view& input, const Bounds& bounds, std::string& to);
  Result end(Step step, bool keep_context, const Bounds& bounds, std::string& to);
  bool continue_after_end();
  bool too_many_ends() const { return ends > 1 + taken / kBytesForAnEnd; }
  void start_anew();

  z_stream stream{};
  std::string late;    // input that waits for the message's end
  uint64_t taken = 0;  // bytes of the present message
  uint64_t ends = 0;   // last blocks in it
};

Decompressor::Decompressor(int window_bits) : state_(std::make_unique<State>(window_bits)) {}

Decompressor::~Decompressor() = default;

void Decompressor::State::start_anew() {
  inflateReset(&stream);
  std::string().swap(late);
  taken = ends = 0;
}

// A block that says that it is the last one (RFC 7692 section 7.2.3.4) ends a stream for zlib. For
// us it goes on, and may refer to what was before.
bool Decompressor::State::continue_after_end() {
  std::array<Bytef, 32 * 1024> window;
  uInt size = 0;
  return inflateGetDictionary(&stream, window.data(), &size) == Z_OK &&
         inflateReset(&stream) == Z_OK &&
         (size == 0 || inflateSetDictionary(&stream, window.data(), size) == Z_OK);
}

Decompressor::State::Step Decompressor::State::inflate_part(std::string_view part,
                                                            const Bounds& bounds, std::string& to) {
  std::array<char, kChunk> chunk;
  stream.next_in = input_bytes(part);
  stream.avail_in = static_cast<uInt>(part.size());
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int result = inflate(&stream, Z_SYNC_FLUSH);
    const size_t made = chunk.size() - stream.avail_out;
    if (made + to.size() > bounds.limit) return Step::too_big;
    to.append(chunk.data(), made);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_STREAM_END) {
      ++ends;
      if (too_many_ends() && bounds.ended) return Step::invalid;
      if (!continue_after_end()) return Step::invalid;
      if (stream.avail_in == 0) return Step::used;
      if (too_many_ends()) return Step::late;
      continue;
    }
    // Nothing left to do is said by this error, too.
    if (result != Z_OK && result != Z_BUF_ERROR) return Step::invalid;
    if (stream.avail_out > 0) return stream.avail_in == 0 ? Step::used : Step::invalid;
    if (to.size() > bounds.ahead) return Step::late;
  }
}

// Takes what it uses off the front of `input`.
Decompressor::State::Step Decompressor::State::inflate_all(std::string_view& input,
                                                           const Bounds& bounds, std::string& to) {
  Step step = Step::used;
  while (step == Step::used && !input.empty()) {
    const std::string_view part = input.substr(0, kMostInput);
    step = inflate_part(part, bounds, to);
    input.remove_prefix(part.size() - stream.avail_in);
  }
  return step;
}

// What follows on the last byte of a message, which came to `step`.
Decompressor::Result Decompressor::State::end(Step step, bool keep_context, const Bounds& bounds,
                                              std::string& to) {
  if (step == Step::used) step = inflate_part(kTail, bounds, to);
  // A message that is cut short leaves zlib inside of a block. 128: between two blocks; the low
  // bits: what is left of a byte.
  constexpr int kBetweenBlocks = 128;
  if (step == Step::used && stream.data_type != kBetweenBlocks) step = Step::invalid;
  if (step != Step::used || !keep_context) inflateReset(&stream);
  taken = ends = 0;
  if (step == Step::used) return Result::ok;
  return step == Step::too_big ? Result::too_big : Result::invalid;
}

Decompressor::Result Decompressor::decompress(std::string_view message, bool keep_context,
                                              uint64_t limit, std::string& to) {
  // No encoder should make that of an empty message (RFC 7692 section 7.2.3.6), but some do.
  if (message.empty()) return Result::ok;
  const uint64_t most = limit > UINT64_MAX - to.size() ? UINT64_MAX : limit + to.size();
  const State::Bounds bounds{.limit = most, .ahead = most, .ended = true};
  state_->taken = message.size();
  try {
    const State::Step step = state_->inflate_all(message, bounds, to);
    return state_->end(step, keep_context, bounds, to);
  } catch (const std::bad_alloc&) {
    state_->start_anew();
    throw;
  }
}

Decompressor::Result Decompressor::put(std::string_view piece, uint64_t limit, std::string& to) {
  State& state = *state_;
  state.taken += piece.size();
  const uint64_t ahead = std::min(limit, most_ahead(state.taken));
  if (state.too_many_ends() || !state.late.empty() || to.size() > ahead) {
    state.late.append(piece);
    return Result::ok;
  }
  const State::Bounds bounds{.limit = limit, .ahead = ahead, .ended = false};
  const State::Step step = state.inflate_all(piece, bounds, to);
  if (step == State::Step::too_big) return Result::too_big;
  if (step == State::Step::invalid) return Result::invalid;
  state.late.append(piece);
  return Result::ok;
}

Decompressor::Result Decompressor::finish(bool keep_context, uint64_t limit, std::string& to) {
  State& state = *state_;
  if (state.taken == 0) return Result::ok;
  if (state.too_many_ends()) return Result::invalid;
  const std::string late = std::exchange(state.late, {});
  std::string_view input = late;
  const State::Bounds bounds{.limit = limit, .ahead = limit, .ended = true};
  const State::Step step = state.inflate_all(input, bounds, to);
  return state.end(step, keep_context, bounds, to);
}

}  // namespace bao::websocket
