#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/raw_client.h"
#include "api/served.h"

namespace bao::testing {

/// A frame as it came off the wire.
struct SocketFrame {
  int opcode = 0;
  bool last = true;
  bool compressed = false;
  std::string payload;

  /// Of a Close frame; 1005 if it has none.
  int code() const {
    if (payload.size() < 2) return 1005;
    return static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
  }
  std::string reason() const { return payload.size() < 2 ? "" : payload.substr(2); }
};

enum Opcode { kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

/// A client of WebSockets that sends exactly the frames that it is told to.
class SocketClient {
 public:
  static std::string request(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) +
           " HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           std::string(fields) + "\r\n";
  }

  explicit SocketClient(const Served& served, std::string_view path = "/",
                        std::string_view fields = "")
      : wire(served.connect()), handshake(wire.exchange(request(path, fields))) {}

  void send(int opcode, std::string_view payload, bool last = true) {
    wire.send(frame(opcode, payload, last));
  }
  void text(std::string_view payload) { send(kText, payload); }
  void close(int code, std::string_view reason = "") {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    send(kClose, payload.append(reason));
  }

  /// A masked frame.
  static std::string frame(int opcode, std::string_view payload, bool last = true) {
    std::string bytes(1, static_cast<char>(opcode | (last ? 0x80 : 0)));
    if (payload.size() < 126) {
      bytes += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 65536) {
      bytes += '\xFE';
      bytes += static_cast<char>(payload.size() >> 8);
      bytes += static_cast<char>(payload.size());
    } else {
      bytes += '\xFF';
      for (int shift = 56; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(static_cast<uint64_t>(payload.size()) >> shift);
      }
    }
    const char mask[4] = {1, 2, 3, 4};
    bytes.append(mask, 4);
    for (size_t i = 0; i < payload.size(); ++i) bytes += payload[i] ^ mask[i % 4];
    return bytes;
  }

  /// Waits for the next frame; none if the connection ends before.
  std::optional<SocketFrame> read() {
    const std::string head = wire.take(2);
    if (head.size() < 2) return std::nullopt;
    SocketFrame result;
    const auto first = static_cast<uint8_t>(head[0]);
    result.opcode = first & 0xF;
    result.last = (first & 0x80) != 0;
    result.compressed = (first & 0x40) != 0;
    EXPECT_EQ(head[1] & 0x80, 0) << "a server does not mask (RFC 6455 section 5.1)";
    uint64_t size = static_cast<uint8_t>(head[1]) & 0x7F;
    if (size > 125) {
      const std::string bytes = wire.take(size == 126 ? 2 : 8);
      size = 0;
      for (char byte : bytes) size = size << 8 | static_cast<uint8_t>(byte);
    }
    result.payload = wire.take(size);
    return result;
  }
  /// The payload of the next frame, which must be a text.
  std::string read_text() {
    const auto frame = read();
    if (!frame) return "(the end)";
    EXPECT_EQ(frame->opcode, kText);
    return frame->payload;
  }

  RawClient wire;
  RawReply handshake;
};

/// A server whose `fetch` makes a WebSocket of each request.
inline Options sockets(WebSocketOptions web_socket) {
  Options options;
  options.websocket = std::move(web_socket);
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    if (server.upgrade(req)) return std::nullopt;
    return Response("no WebSocket\n").status(400);
  };
  return options;
}

}  // namespace bao::testing
