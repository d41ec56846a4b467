#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace bao::testing {

/// How a client builds a frame; everything may be wrong.
struct ClientFrame {
  std::uint8_t opcode = 1;
  std::string_view payload = {};
  bool fin = true;
  std::uint8_t rsv = 0;  ///< three bits: 4 is RSV1
  bool masked = true;
  std::array<std::uint8_t, 4> key{0x37, 0xfa, 0x21, 0x3d};
  /// Bytes of the extended length: 0, 2 or 8; by default the shortest.
  std::optional<int> length_bytes = {};
  /// Written instead of the payload's size.
  std::optional<std::uint64_t> length = {};
};

/// The bytes of a client's frame (RFC 6455 section 5.2).
inline std::string frame(const ClientFrame& f) {
  const std::uint64_t length = f.length.value_or(f.payload.size());
  const int extended = f.length_bytes.value_or(length < 126 ? 0 : length < 65536 ? 2 : 8);
  std::string bytes;
  bytes += static_cast<char>((f.fin ? 0x80 : 0) | f.rsv << 4 | f.opcode);
  const int first = extended == 0 ? static_cast<int>(length) : extended == 2 ? 126 : 127;
  bytes += static_cast<char>((f.masked ? 0x80 : 0) | first);
  for (int i = extended - 1; i >= 0; --i) bytes += static_cast<char>(length >> (8 * i));
  if (f.masked) {
    for (std::uint8_t byte : f.key) bytes += static_cast<char>(byte);
  }
  for (std::size_t i = 0; i < f.payload.size(); ++i) {
    bytes += static_cast<char>(f.payload[i] ^ (f.masked ? f.key[i % 4] : 0));
  }
  return bytes;
}

inline std::string text(std::string_view payload) {
  return frame({.opcode = 1, .payload = payload});
}
inline std::string binary(std::string_view payload) {
  return frame({.opcode = 2, .payload = payload});
}
inline std::string ping(std::string_view payload) {
  return frame({.opcode = 9, .payload = payload});
}
inline std::string pong(std::string_view payload) {
  return frame({.opcode = 10, .payload = payload});
}
/// A Close frame with a code, or without one if it is 0.
inline std::string close_frame(std::uint16_t code, std::string_view reason = {}) {
  std::string payload;
  if (code != 0) {
    payload += static_cast<char>(code >> 8);
    payload += static_cast<char>(code & 0xff);
  }
  payload += reason;
  return frame({.opcode = 8, .payload = payload});
}

/// A frame of the server, as a client reads it.
struct ServerFrame {
  std::uint8_t first = 0;  ///< FIN, reserved bits and opcode
  std::string payload;
  bool operator==(const ServerFrame&) const = default;
};

/// Reads whole frames off the front of `bytes`. Stops at what is not whole, masked or not minimal.
inline std::vector<ServerFrame> take_frames(std::string& bytes) {
  std::vector<ServerFrame> frames;
  for (;;) {
    if (bytes.size() < 2) return frames;
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    std::uint64_t length = at(1);
    if (length > 127) return frames;
    std::size_t head = 2;
    const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (bytes.size() < head + extended) return frames;
    if (extended > 0) {
      length = 0;
      for (std::size_t i = 0; i < extended; ++i) length = length << 8 | at(head + i);
      if (length < 126 || (extended == 8 && length < 65536)) return frames;
    }
    head += extended;
    if (bytes.size() - head < length) return frames;
    frames.push_back({at(0), bytes.substr(head, length)});
    bytes.erase(0, head + length);
  }
}

inline ServerFrame server_text(std::string_view payload) {
  return {0x81, std::string(payload)};
}
inline ServerFrame server_binary(std::string_view payload) {
  return {0x82, std::string(payload)};
}
inline ServerFrame server_ping(std::string_view payload) {
  return {0x89, std::string(payload)};
}
inline ServerFrame server_pong(std::string_view payload) {
  return {0x8a, std::string(payload)};
}
inline ServerFrame server_close(std::uint16_t code, std::string_view reason = {}) {
  std::string payload;
  if (code != 0) {
    payload += static_cast<char>(code >> 8);
    payload += static_cast<char>(code & 0xff);
  }
  payload += reason;
  return {0x88, payload};
}

inline void PrintTo(const ServerFrame& frame, std::ostream* out) {
  *out << "frame " << std::hex << static_cast<int>(frame.first) << std::dec << " of "
       << frame.payload.size() << " bytes: " << frame.payload.substr(0, 80);
}

}  // namespace bao::testing
