#include "talk.h"

#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "connect.h"

bao::WebSocketOptions make_sockets() {
  bao::WebSocketOptions options;
  options.per_message_deflate = true;
  options.open = [](bao::WebSocket& socket) { socket.subscribe("all"); };
  options.message = [](bao::WebSocket& socket, bao::Message message) {
    if (!message.is_text()) {
      socket.send_binary(message.bytes());
    } else if (message.view().starts_with('!')) {
      socket.publish("all", message.view());
    } else {
      socket.send(message.view(), message.view().starts_with('H'));
    }
  };
  options.close = [](bao::WebSocket&, int) {};
  return options;
}

namespace {

enum Opcode { kContinuation, kText, kBinary, kClose = 8, kPing };
constexpr int kLast = 0x80;
constexpr int kCompressed = 0x40;

constexpr std::string_view kHandshake =
    "GET /talk HTTP/1.1\r\nHost: 127.0.0.1:3000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Origin: http://127.0.0.1:3000\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

std::string frame(int first, std::string_view payload) {
  constexpr char kKey[] = {0x37, 0x7a, 0x21, 0x3d};
  std::string bytes(1, static_cast<char>(first));
  if (payload.size() < 126) {
    bytes += static_cast<char>(0x80 | payload.size());
  } else {
    bytes += static_cast<char>(0x80 | 126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size());
  }
  bytes.append(kKey, sizeof kKey);
  for (size_t i = 0; i < payload.size(); ++i) bytes += static_cast<char>(payload[i] ^ kKey[i % 4]);
  return bytes;
}

/// One client.
class Talker {
 public:
  Talker(uint16_t port, bool compresses) : fd_(connect_to(port)) {
    std::string head(kHandshake);
    if (compresses) head += "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    send_all(fd_, head + "\r\n");
    while (bytes_.find("\r\n\r\n") == bytes_.npos) read();
    if (!bytes_.starts_with("HTTP/1.1 101 ")) throw std::runtime_error("no WebSocket: " + bytes_);
    bytes_.clear();
  }
  ~Talker() { ::close(fd_); }
  Talker(const Talker&) = delete;
  Talker& operator=(const Talker&) = delete;

  void send(std::string_view frames) { send_all(fd_, frames); }

  /// Reads so many frames.
  void receive(int count) {
    for (; count > 0; --count) {
      size_t size = 0;
      while ((size = frame_size()) == 0) read();
      bytes_.erase(0, size);
    }
  }

 private:
  void read() {
    char buffer[65536];
    const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) throw std::runtime_error("the server has gone");
    bytes_.append(buffer, static_cast<size_t>(got));
  }

  // The size of the first frame; 0 if it is not whole.
  size_t frame_size() const {
    if (bytes_.size() < 4) return 0;
    const auto at = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes_[i])); };
    const size_t size = at(1) < 126 ? 2 + at(1) : 4 + (at(2) << 8 | at(3));
    return size <= bytes_.size() ? size : 0;
  }

  int fd_;
  std::string bytes_;
};

/// What a client sends, which comes back.
std::vector<std::string> make_messages() {
  const std::string large(16384, 'x');
  std::string words;
  while (words.size() < 600) words += "d\xc3\xa9j\xc3\xa0 vu \xe6\x97\xa5\xe6\x9c\xac ";
  std::vector<std::string> messages;
  for (int i = 0; i < 4; ++i) messages.push_back(frame(kLast | kText, "20 bytes of a message"));
  messages.push_back(frame(kLast | kText, "Hello, compressed"));
  messages.push_back(frame(kLast | kText, R"({"kind":"move","player":7,"x":120,"y":44})"));
  messages.push_back(frame(kLast | kText, words));
  messages.push_back(frame(kLast | kBinary, std::string(1000, '\1')));
  messages.push_back(frame(kLast | kText, large));
  messages.push_back(frame(kText, "in ") + frame(kLast | kContinuation, "two frames"));
  messages.push_back(frame(kLast | kPing, "there?"));
  return messages;
}

}  // namespace

void talk(uint16_t port, int rounds) {
  constexpr int kTalkers = 16;
  // "Hello" (RFC 7692 section 7.2.3.1).
  const std::string compressed =
      frame(kLast | kCompressed | kText, std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7));
  const std::string shout = frame(kLast | kText, "!to everybody but me");
  const std::vector<std::string> messages = make_messages();
  std::list<Talker> talkers;
  for (int i = 0; i < kTalkers; ++i) talkers.emplace_back(port, i % 2 == 0);
  for (int round = 0; round < rounds; ++round) {
    for (const std::string& message : messages) {
      for (Talker& talker : talkers) talker.send(message);
      for (Talker& talker : talkers) talker.receive(1);
    }
    bool compresses = true;
    for (Talker& talker : talkers) {
      if (compresses) {
        talker.send(compressed);
        talker.receive(1);
      }
      compresses = !compresses;
    }
    talkers.front().send(shout + shout);
    for (Talker& talker : talkers) talker.receive(&talker == &talkers.front() ? 0 : 2);
    if (round % 8 != 0) continue;
    Talker passing(port, true);
    std::string burst;
    for (int i = 0; i < 4; ++i) burst += messages[static_cast<size_t>(i)];
    passing.send(burst);
    passing.receive(4);
    passing.send(frame(kLast | kClose, "\x03\xe8"));
    passing.receive(1);
  }
}
