// The clients of `./dev bench websocket`: as cheap as clients can be, so that the server is what is
// measured. Frames are made once, answers are known by their size once the first was looked at.
//
//   bench-sockets echo PORT PATH SECONDS CONNECTIONS DEPTH SIZE
//       keeps DEPTH messages of SIZE bytes in flight on each connection, which the server sends
//       back
//   bench-sockets room PORT PATH SECONDS CONNECTIONS DEPTH SIZE
//       one client sends DEPTH messages to all, and the next ones when everybody has them
//
// A PATH that ends with "-compressed" offers permessage-deflate and sends compressed messages. With
// 0 SECONDS it only looks whether the server answers as it should. Says
// "result MESSAGES 0 MICROSECONDS MEDIAN P99", the last two of the time that a turn takes.

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>
#include <zlib.h>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

[[noreturn]] void fail_by_errno(const std::string& what) {
  fail(what + ": " + std::strerror(errno));
}

// ---- Messages

// Text of some structure, as JSON has.
std::string make_payload(size_t size) {
  std::string text;
  for (unsigned i = 0; text.size() < size; ++i) {
    text += "{\"id\":" + std::to_string(i * 7919 % 10007) + ",\"name\":\"user " +
            std::to_string(i % 97) + "\"},";
  }
  text.resize(size);
  return text;
}

// RFC 7692 section 7.2.1.
std::string compressed(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    fail("deflate");
  std::string bytes(deflateBound(&stream, text.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  deflate(&stream, Z_SYNC_FLUSH);
  bytes.resize(bytes.size() - stream.avail_out - 4);
  deflateEnd(&stream);
  return bytes;
}

std::string decompressed(std::string bytes) {
  bytes.append("\x00\x00\xff\xff", 4);
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) fail("inflate");
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  inflate(&stream, Z_SYNC_FLUSH);
  text.resize(text.size() - stream.avail_out);
  inflateEnd(&stream);
  return text;
}

std::string masked_frame(const std::string& payload, bool is_compressed) {
  constexpr unsigned char kKey[] = {0x37, 0xfa, 0x21, 0x3d};
  std::string frame(1, static_cast<char>(is_compressed ? 0xc1 : 0x81));
  const size_t length = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  frame += static_cast<char>(0x80 | (length == 0 ? payload.size() : length == 2 ? 126 : 127));
  for (size_t i = length; i-- > 0;) frame += static_cast<char>(payload.size() >> (8 * i));
  frame.append(reinterpret_cast<const char*>(kKey), sizeof kKey);
  for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ kKey[i % 4]);
  return frame;
}

// ---- Connections

class Socket {
 public:
  Socket(uint16_t port, const std::string& path, bool compress) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) fail_by_errno("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      fail_by_errno("connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send_all("GET " + path +
             " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
             (compress ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "") + "\r\n");
    std::string head;
    while (!head.ends_with("\r\n\r\n")) head += read_exactly(1);
    if (!head.starts_with("HTTP/1.1 101 ") ||
        head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == head.npos) {
      fail("no WebSocket: " + head);
    }
    if (compress && head.find("permessage-deflate") == head.npos) fail("no compression: " + head);
  }
  Socket(Socket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), left(other.left), started(other.started) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }

  // Blocks; what is in flight is little enough for the buffers of both ends.
  void send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) fail_by_errno("send");
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  std::string read_exactly(size_t size) {
    std::string bytes(size, '\0');
    for (size_t at = 0; at < size;) {
      const ssize_t count = ::recv(fd_, bytes.data() + at, size - at, 0);
      if (count <= 0) fail("the server ended the connection");
      at += static_cast<size_t>(count);
    }
    return bytes;
  }

  // Reads one frame whole and returns its size; `payload` is what it carries, decompressed.
  size_t read_frame(std::string& payload) {
    const std::string head = read_exactly(2);
    size_t size = static_cast<unsigned char>(head[1]);
    const size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (extended > 0) {
      size = 0;
      for (const char byte : read_exactly(extended))
        size = size << 8 | static_cast<unsigned char>(byte);
    }
    payload = read_exactly(size);
    if ((head[0] & 0x40) != 0) payload = decompressed(payload);
    return 2 + extended + size;
  }

  // What is there, thrown away; nothing if that is none.
  size_t drain(std::vector<char>& buffer) {
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count == 0) fail("the server ended the connection");
    if (count < 0 && errno != EAGAIN && errno != EINTR) fail_by_errno("recv");
    return count > 0 ? static_cast<size_t>(count) : 0;
  }

 private:
  int fd_ = -1;

 public:
  size_t left = 0;  // bytes of answers that have not come
  Clock::time_point started{};
};

// ---- The load

struct Arguments {
  bool room;
  uint16_t port;
  std::string path;
  std::chrono::seconds time;
  size_t connections;
  size_t depth;
  size_t size;
};

class Load {
 public:
  explicit Load(const Arguments& arguments) : arguments_(arguments) {
    const bool compress = arguments.path.ends_with("-compressed");
    const std::string payload = make_payload(arguments.size);
    const std::string frame = masked_frame(compress ? compressed(payload) : payload, compress);
    for (size_t i = 0; i < arguments.connections; ++i)
      sockets_.emplace_back(arguments.port, arguments.path, compress);
    // Every client of a room gets it, one of the others only if it sent it itself.
    for (Socket& socket : sockets_) {
      if (!arguments.room || &socket == &sockets_.front()) socket.send_all(frame);
    }
    for (Socket& socket : sockets_) {
      std::string answer;
      answer_size_ = socket.read_frame(answer);
      if (answer != payload) fail("the server answers with something else");
    }
    for (size_t i = 0; i < arguments.depth; ++i) batch_ += frame;
  }

  void run() {
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < sockets_.size(); ++i) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      if (::epoll_ctl(poll, EPOLL_CTL_ADD, sockets_[i].fd(), &event) != 0)
        fail_by_errno("epoll_ctl");
    }
    const Clock::time_point begin = Clock::now();
    const Clock::time_point end = begin + arguments_.time;
    begin_turns();
    std::vector<epoll_event> events(256);
    Clock::time_point now = begin;
    while (now < end) {
      const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 1000);
      now = Clock::now();
      for (int i = 0; i < count; ++i) take(sockets_[events[static_cast<size_t>(i)].data.u64], now);
    }
    ::close(poll);
    std::sort(turns_.begin(), turns_.end());
    const auto at = [&](size_t percent) {
      return turns_.empty() ? 0 : turns_[(turns_.size() - 1) * percent / 100];
    };
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - begin).count();
    std::cout << "result " << messages_ << " 0 " << took << ' ' << at(50) << ' ' << at(99)
              << std::endl;
  }

 private:
  void begin_turns() {
    if (arguments_.room) return begin_round();
    for (Socket& socket : sockets_) begin_turn(socket);
  }

  void begin_turn(Socket& socket) {
    socket.started = Clock::now();
    socket.left = arguments_.depth * answer_size_;
    socket.send_all(batch_);
  }

  void begin_round() {
    waiting_ = sockets_.size();
    for (Socket& socket : sockets_) socket.left = arguments_.depth * answer_size_;
    sockets_.front().started = Clock::now();
    sockets_.front().send_all(batch_);
  }

  void take(Socket& socket, Clock::time_point now) {
    const size_t count = socket.drain(buffer_);
    if (count > socket.left) fail("the server answers more than it was asked");
    socket.left -= count;
    if (count == 0 || socket.left > 0) return;
    if (!arguments_.room) {
      end_turn(socket.started, now);
      begin_turn(socket);
    } else if (--waiting_ == 0) {
      end_turn(sockets_.front().started, now);
      begin_round();
    }
  }

  void end_turn(Clock::time_point started, Clock::time_point now) {
    messages_ += arguments_.depth;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - started).count();
    if (turns_.size() < kMostTurns) turns_.push_back(static_cast<uint32_t>(took));
  }

  static constexpr size_t kMostTurns = 1 << 20;

  Arguments arguments_;
  std::vector<Socket> sockets_;
  size_t answer_size_ = 0;
  std::string batch_;
  size_t waiting_ = 0;
  uint64_t messages_ = 0;
  std::vector<uint32_t> turns_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

Arguments read_arguments(int count, char** texts) {
  const std::string_view kind = count == 8 ? texts[1] : "";
  if (kind != "echo" && kind != "room")
    fail("usage: bench-sockets echo|room PORT PATH SECONDS CONNECTIONS DEPTH SIZE");
  return {.room = kind == "room",
          .port = static_cast<uint16_t>(std::stoul(texts[2])),
          .path = texts[3],
          .time = std::chrono::seconds(std::stoul(texts[4])),
          .connections = std::stoul(texts[5]),
          .depth = std::stoul(texts[6]),
          .size = std::stoul(texts[7])};
}

}  // namespace

int main(int argc, char** argv) {
  try {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    Load(read_arguments(argc, argv)).run();
  } catch (const std::exception& error) {
    std::cerr << "bench-sockets: " << error.what() << std::endl;
    return 1;
  }
}
