#pragma once

#include <cstdint>
#include <span>

#include "websocket/frame.h"
#include "websocket/mask.h"

namespace bao::websocket {

/// Why frames were refused: the code to fail the connection with (RFC 6455 section 7.1.7) and a
/// sentence for people, which is sent as the reason and lives for ever.
struct Fault {
  uint16_t code = 0;
  const char* reason = nullptr;
  explicit operator bool() const { return code != 0; }
};

/// Reads the frames of a client: bytes in, events out. It knows no socket, joins nothing and owns
/// no memory. Refuses whatever RFC 6455 section 5 forbids a client: frames without a mask (5.1),
/// reserved bits and opcodes (5.2), lengths that are not minimal or above 2^63 (5.2), control
/// frames that are long or fragmented (5.5), continuations of nothing and messages inside of
/// messages (5.4).
class FrameParser {
 public:
  enum class Event : uint8_t {
    more,     ///< all input is used
    payload,  ///< a piece of a frame, or an empty frame; see the getters
    refused,  ///< see `fault`; nothing can be read any more
  };

  /// `compression`: RSV1 is allowed on the first frame of a message (RFC 7692 section 6).
  explicit FrameParser(bool compression = false) : compression_(compression) {}

  /// Takes bytes off the front of `input`, up to the next event. A piece is unmasked where it lies.
  /// A message that is larger than `max_message` bytes is refused with 1009 as soon as a head says
  /// so; of a compressed one the bytes on the wire are counted, with a little more allowed (deflate
  /// may make bytes longer), as the true size is not known here.
  Event next(std::span<char>& input, uint64_t max_message);

  // -- After Event::payload

  /// The piece, unmasked, in the input. Empty only for an empty frame.
  std::span<char> piece() const { return piece_; }
  /// Whether the piece is nothing but ASCII.
  bool ascii() const { return ascii_; }
  /// Of the frame: continuation, text, binary, close, ping or pong.
  Opcode opcode() const { return opcode_; }
  /// Whether the piece begins its frame.
  bool frame_begins() const { return frame_begins_; }
  /// Whether the piece ends its frame.
  bool frame_ends() const { return payload_left_ == 0; }
  /// Whether the frame is the last one of its message; true for control frames.
  bool final() const { return final_; }
  /// Whether the message that the last data frame belongs to is compressed (RSV1 of its first
  /// frame).
  bool compressed() const { return compressed_; }
  /// Whether the message that the last data frame belongs to is text.
  bool text() const { return text_; }
  /// Bytes of the present frame that have not come yet.
  uint64_t payload_left() const { return payload_left_; }

  // -- Any time

  /// Why it refused.
  const Fault& fault() const { return fault_; }
  /// True between two frames, if no byte of the next one has come.
  bool at_frame_start() const { return payload_left_ == 0 && head_size_ == 0; }
  /// True while a message is fragmented and its last frame has not begun.
  bool in_message() const { return in_message_; }

 private:
  bool take_head(std::span<char>& input, uint64_t max_message);
  bool judge_first(uint8_t first);
  bool judge_second(uint8_t first, uint8_t second);
  bool begin_frame(const uint8_t* head, uint64_t max_message);
  bool refuse(const char* reason);

  uint64_t payload_left_ = 0;
  uint64_t message_size_ = 0;  // of all frames of the present message
  std::span<char> piece_;
  Fault fault_;
  uint32_t position_ = 0;  // in the frame's payload: 0 at its start, else 4 to 7, right modulo 4
  MaskKey key_{};
  std::array<uint8_t, kMaxFrameHead> head_{};  // one that comes in pieces
  uint8_t head_size_ = 0;
  Opcode opcode_ = Opcode::continuation;
  bool compression_ = false;
  bool final_ = false;
  bool compressed_ = false;
  bool text_ = false;
  bool in_message_ = false;
  bool frame_begins_ = false;
  bool ascii_ = false;  // the piece is
};

}  // namespace bao::websocket
