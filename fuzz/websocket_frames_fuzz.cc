// Feeds arbitrary bytes to the parser of frames, whole and in pieces, and compares it with a reader
// that is as simple as the text of RFC 6455 section 5. What it unmasks is unmasked byte by byte
// here, and texts are judged by a table of RFC 3629. The first bytes of the input choose limits and
// cuts.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http1/cuts.h"
#include "websocket/frame_parser.h"
#include "websocket/utf8.h"

namespace bao::websocket {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct Frame {
  int opcode = 0;
  bool final = false;
  bool compressed = false;
  std::string payload;  // as much as has come
  bool ended = false;
  bool operator==(const Frame&) const = default;
};

struct Reading {
  std::vector<Frame> frames;
  int refused = 0;
  bool operator==(const Reading&) const = default;
};

Reading read(std::string_view bytes, const testing::Cuts& cuts, bool compression, uint64_t limit) {
  FrameParser parser(compression);
  Reading reading;
  size_t start = 0;
  for (size_t end : cuts) {
    // A copy of its own, so that reading past a piece is seen.
    std::string piece(bytes.substr(start, end - start));
    std::span<char> input(piece);
    FrameParser::Event event;
    while ((event = parser.next(input, limit)) == FrameParser::Event::payload) {
      if (parser.frame_begins()) {
        const bool control = is_control(parser.opcode());
        reading.frames.push_back({static_cast<int>(parser.opcode()),
                                  parser.final(),
                                  !control && parser.compressed(),
                                  {},
                                  false});
      }
      Frame& frame = reading.frames.back();
      require(!frame.ended);
      const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
      require(parser.ascii() == std::ranges::all_of(parser.piece(), is_ascii));
      require(!parser.piece().empty() || parser.frame_ends());
      frame.payload.append(parser.piece().data(), parser.piece().size());
      frame.ended = parser.frame_ends();
    }
    if (event == FrameParser::Event::refused) {
      reading.refused = parser.fault().code;
      require(parser.fault().reason != nullptr);
      break;
    }
    require(input.empty());
    start = end;
  }
  return reading;
}

// RFC 6455 section 5.2 to 5.5, RFC 7692 section 6, with everything at hand at once.
class SimpleReader {
 public:
  SimpleReader(std::string_view bytes, bool compression, uint64_t limit)
      : rest_(bytes), compression_(compression), limit_(limit) {}

  Reading read() {
    while (!rest_.empty() && reading_.refused == 0 && one_frame()) {
    }
    return reading_;
  }

 private:
  bool fail(int code) {
    reading_.refused = code;
    return false;
  }
  unsigned at(size_t i) const { return static_cast<unsigned char>(rest_[i]); }

  bool one_frame() {
    const unsigned opcode = at(0) % 16;
    const bool fin = at(0) >= 128;
    const bool rsv1 = at(0) / 64 % 2 == 1;
    const bool control = opcode >= 8;
    if (at(0) / 16 % 4 != 0) return fail(1002);
    if (!(opcode <= 2 || (opcode >= 8 && opcode <= 10))) return fail(1002);
    if (rsv1 && (!compression_ || (opcode != 1 && opcode != 2))) return fail(1002);
    if (control && !fin) return fail(1002);
    if (!control && (opcode == 0) != fragmented_) return fail(1002);
    if (rest_.size() < 2) return false;
    if (at(1) < 128) return fail(1002);
    uint64_t length = at(1) - 128;
    if (control && length > 125) return fail(1002);
    const size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    const size_t head = 2 + extended + 4;
    if (rest_.size() < head) return false;
    if (extended > 0) {
      length = 0;
      for (size_t i = 0; i < extended; ++i) length = length * 256 + at(2 + i);
      if (length <= 125 || (extended == 8 && (length <= 65535 || length > INT64_MAX)))
        return fail(1002);
    }
    if (!control) {
      if (opcode != 0) compressed_ = rsv1;
      if (opcode != 0) size_ = 0;
      // The limits of this fuzzer are small, so nothing overflows but the length itself.
      const uint64_t most = compressed_ ? limit_ + limit_ / 4 + 1024 : limit_;
      if (length > most || size_ + length > most) return fail(1009);
      size_ += length;
      fragmented_ = !fin;
    }
    const std::string_view key = rest_.substr(head - 4, 4);
    const std::string_view masked =
        rest_.substr(head, static_cast<size_t>(std::min<uint64_t>(length, SIZE_MAX / 2)));
    if (masked.empty() && length > 0) return false;  // told with its first byte
    Frame frame{
        static_cast<int>(opcode), fin, !control && compressed_, {}, masked.size() == length};
    for (size_t i = 0; i < masked.size(); ++i)
      frame.payload += static_cast<char>(masked[i] ^ key[i % 4]);
    rest_.remove_prefix(head + masked.size());
    reading_.frames.push_back(std::move(frame));
    return reading_.frames.back().ended;
  }

  std::string_view rest_;
  bool compression_;
  uint64_t limit_;
  bool fragmented_ = false;
  bool compressed_ = false;
  uint64_t size_ = 0;
  Reading reading_;
};

// RFC 3629 section 4.
size_t character_at(std::string_view text) {
  const auto in = [&](size_t i, unsigned low, unsigned high) {
    return i < text.size() && static_cast<unsigned char>(text[i]) >= low &&
           static_cast<unsigned char>(text[i]) <= high;
  };
  const auto tail = [&](size_t i) { return in(i, 0x80, 0xbf); };
  if (in(0, 0, 0x7f)) return 1;
  if (in(0, 0xc2, 0xdf) && tail(1)) return 2;
  if (((in(0, 0xe0, 0xe0) && in(1, 0xa0, 0xbf)) || (in(0, 0xe1, 0xec) && tail(1)) ||
       (in(0, 0xed, 0xed) && in(1, 0x80, 0x9f)) || (in(0, 0xee, 0xef) && tail(1))) &&
      tail(2)) {
    return 3;
  }
  if (((in(0, 0xf0, 0xf0) && in(1, 0x90, 0xbf)) || (in(0, 0xf1, 0xf3) && tail(1)) ||
       (in(0, 0xf4, 0xf4) && in(1, 0x80, 0x8f))) &&
      tail(2) && tail(3)) {
    return 4;
  }
  return 0;
}

bool simply_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = character_at(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void check_text(std::string_view text, uint32_t seed) {
  const std::string copy(text);
  const bool right = simply_utf8(text);
  require(is_utf8(copy) == right);
  Utf8Validator validator;
  size_t start = 0;
  bool fine = true;
  for (size_t end : testing::at_random(text.size(), seed)) {
    fine = fine && validator.feed(std::string(text.substr(start, end - start)));
    start = end;
  }
  require((fine && validator.complete()) == right);
}

}  // namespace
}  // namespace bao::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bao;
  if (size < 2 || size > 4000) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool compression = data[0] % 2 == 1;
  const std::uint64_t limit = data[0] / 2 * 10u;
  const websocket::Reading whole =
      websocket::read(bytes, testing::whole(bytes.size()), compression, limit);
  websocket::require(
      websocket::read(bytes, testing::byte_by_byte(bytes.size()), compression, limit) == whole);
  websocket::require(websocket::read(bytes, testing::at_random(bytes.size(), data[1]), compression,
                                     limit) == whole);
  websocket::require(websocket::SimpleReader(bytes, compression, limit).read() == whole);
  websocket::check_text(bytes, data[1]);
  for (const auto& frame : whole.frames) websocket::check_text(frame.payload, data[1]);
  return 0;
}
