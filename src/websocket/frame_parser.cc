#include "websocket/frame_parser.h"

#include <algorithm>

#include "websocket/close_code.h"

namespace bao::websocket {

namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kRsv1 = 0x40;
constexpr uint8_t kOtherRsv = 0x30;
constexpr uint8_t kOpcode = 0x0f;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLength = 0x7f;

// The size of a client's head whose second byte that is.
constexpr size_t head_size_of(uint8_t second) {
  const uint8_t length = second & kLength;
  return length < 126 ? 6 : length == 126 ? 8 : 14;
}

constexpr bool is_reserved(uint8_t opcode) {
  return (opcode > 0x2 && opcode < 0x8) || opcode > 0xa;
}

// What a compressed message may have on the wire to come to `max_message` bytes: deflate makes
// bytes longer that it cannot make shorter, by a seventh at worst.
constexpr uint64_t most_compressed(uint64_t max_message) {
  const uint64_t more = max_message / 4 + 1024;
  return max_message > UINT64_MAX - more ? UINT64_MAX : max_message + more;
}

}  // namespace

FrameParser::Event FrameParser::next(std::span<char>& input, uint64_t max_message) {
  if (fault_) return Event::refused;
  if (payload_left_ == 0) {
    if (!take_head(input, max_message)) return fault_ ? Event::refused : Event::more;
    frame_begins_ = true;
  } else if (position_ != 0) {
    frame_begins_ = false;
  }
  if (payload_left_ > 0 && input.empty()) return Event::more;
  const auto size = static_cast<size_t>(std::min<uint64_t>(payload_left_, input.size()));
  piece_ = input.first(size);
  input = input.subspan(size);
  ascii_ = apply_mask(piece_, key_, position_);
  // Above zero once the frame has begun, and the same modulo 4.
  position_ = static_cast<uint32_t>(4 + (position_ + size) % 4);
  payload_left_ -= size;
  return Event::payload;
}

// Takes the head of a frame off the input. False if it is not whole yet or wrong; what there is of
// it is judged byte by byte, so that a peer that breaks the rules hears of it at once.
bool FrameParser::take_head(std::span<char>& input, uint64_t max_message) {
  if (head_size_ == 0 && input.size() >= 2) {
    const auto* head = reinterpret_cast<const uint8_t*>(input.data());
    const size_t size = head_size_of(head[1]);
    if (input.size() >= size) {
      if (!begin_frame(head, max_message)) return false;
      input = input.subspan(size);
      return true;
    }
  }
  while (!input.empty()) {
    head_[head_size_++] = static_cast<uint8_t>(input.front());
    input = input.subspan(1);
    if (head_size_ == 1 && !judge_first(head_[0])) return false;
    if (head_size_ < 2) continue;
    if (head_size_ == 2 && !judge_second(head_[0], head_[1])) return false;
    if (head_size_ < head_size_of(head_[1])) continue;
    head_size_ = 0;
    return begin_frame(head_.data(), max_message);
  }
  return false;
}

// FIN, reserved bits and opcode (RFC 6455 sections 5.2 and 5.4, RFC 7692 section 6).
bool FrameParser::judge_first(uint8_t first) {
  const uint8_t opcode = first & kOpcode;
  if ((first & kOtherRsv) != 0) return refuse("a reserved bit is set");
  if (is_reserved(opcode)) return refuse("the opcode is reserved");
  const bool control = is_control(Opcode{opcode});
  const bool continues = Opcode{opcode} == Opcode::continuation;
  if ((first & kRsv1) != 0 && (!compression_ || control || continues)) {
    return refuse("RSV1 is set where nothing may be compressed");
  }
  if (control) return (first & kFin) != 0 || refuse("a control frame is fragmented");
  if (continues && !in_message_) return refuse("a continuation without a message to continue");
  if (!continues && in_message_) return refuse("a message begins inside of another one");
  return true;
}

// MASK and the short length (RFC 6455 sections 5.1 and 5.5).
bool FrameParser::judge_second(uint8_t first, uint8_t second) {
  if ((second & kMasked) == 0) return refuse("the frame is not masked");
  if (is_control(Opcode{static_cast<uint8_t>(first & kOpcode)}) &&
      (second & kLength) > kMaxControlPayload) {
    return refuse("a control frame is longer than 125 bytes");
  }
  return true;
}

// `head` is whole.
bool FrameParser::begin_frame(const uint8_t* head, uint64_t max_message) {
  if (!judge_first(head[0]) || !judge_second(head[0], head[1])) return false;
  uint64_t length = head[1] & kLength;
  const size_t length_bytes = length < 126 ? 0 : length == 126 ? 2 : 8;
  if (length_bytes > 0) {
    length = 0;
    for (size_t i = 0; i < length_bytes; ++i) length = length << 8 | head[2 + i];
    if (length < 126 || (length_bytes == 8 && length < 65536)) {
      return refuse("the length is not in its shortest form");
    }
    if (length >> 63 != 0) return refuse("the length has its highest bit set");
  }
  const Opcode opcode{static_cast<uint8_t>(head[0] & kOpcode)};
  const bool fin = (head[0] & kFin) != 0;
  if (!is_control(opcode)) {
    const bool first = opcode != Opcode::continuation;
    const bool compressed = first ? (head[0] & kRsv1) != 0 : compressed_;
    const uint64_t before = first ? 0 : message_size_;
    const uint64_t most = compressed ? most_compressed(max_message) : max_message;
    if (before > most || length > most - before) {
      fault_ = {close_code::kTooBig, "the message is larger than this server takes"};
      return false;
    }
    if (first) text_ = opcode == Opcode::text;
    compressed_ = compressed;
    message_size_ = before + length;
    in_message_ = !fin;
  }
  const uint8_t* key = head + 2 + length_bytes;
  key_ = {key[0], key[1], key[2], key[3]};
  opcode_ = opcode;
  final_ = fin;
  payload_left_ = length;
  position_ = 0;
  return true;
}

bool FrameParser::refuse(const char* reason) {
  fault_ = {close_code::kProtocolError, reason};
  return false;
}

}  // namespace bao::websocket
