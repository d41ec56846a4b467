#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bao::testing {

/// How long anything may take before a test gives up on it. Never an upper bound that is itself
/// tested.
inline constexpr std::chrono::seconds kPatience{20};

/// A reply as it came off the wire.
struct RawReply {
  int status = 0;    ///< 0: none came
  std::string head;  ///< status line and fields
  std::string body;

  std::vector<std::string> field_all(std::string_view name) const {
    std::vector<std::string> values;
    for (size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
      std::string_view line = std::string_view(head).substr(at + 2);
      line = line.substr(0, line.find("\r\n"));
      size_t colon = line.find(':');
      if (colon != name.size() || strncasecmp(line.data(), name.data(), colon) != 0) continue;
      values.emplace_back(line.substr(std::min(line.size(), colon + 2)));
    }
    return values;
  }
  /// The value of the only field of that name; nothing if it is not there exactly once.
  std::optional<std::string> field(std::string_view name) const {
    auto values = field_all(name);
    if (values.size() != 1) return std::nullopt;
    return values[0];
  }
  bool has(std::string_view name) const { return !field_all(name).empty(); }
};

/// A client that sends exactly the bytes that it is told to. It never blocks: while it waits it
/// calls its pump, which turns the server's loop if that is on the same thread, and waits for the
/// socket if it is on another one.
class RawClient {
 public:
  using Pump = std::function<void()>;

  /// How a connection stands, seen from here.
  enum class End { open, closed, reset };

  static RawClient tcp(int port, Pump pump = {}, const char* ip = "127.0.0.1") {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(static_cast<uint16_t>(port));
    if (::inet_pton(AF_INET, ip, &in.sin_addr) == 1)
      return {AF_INET, &in, sizeof in, std::move(pump)};
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(::inet_pton(AF_INET6, ip, &in6.sin6_addr), 1);
    return {AF_INET6, &in6, sizeof in6, std::move(pump)};
  }

  /// `path` may be an abstract name, with its leading NUL byte.
  static RawClient unix_domain(const std::string& path, Pump pump = {}) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.data(), path.size());
    return {AF_UNIX, &un, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size()),
            std::move(pump)};
  }

  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        error_(other.error_),
        end_(other.end_),
        pump_(std::move(other.pump_)),
        received_(std::move(other.received_)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { close(); }

  /// The errno of connecting; 0 if it worked.
  int connect_error() const { return error_; }

  void send(std::string_view bytes) {
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!bytes.empty() && std::chrono::steady_clock::now() < deadline) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno == EAGAIN) {
        pump();
      } else {
        return;
      }
    }
  }

  /// Sends what the socket takes at once; returns how much that was.
  size_t send_some(std::string_view bytes) {
    ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }

  /// Closes the sending side only.
  void finish_writing() { ::shutdown(fd_, SHUT_WR); }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  /// Ends the connection so that the server sees a reset.
  void reset() {
    linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  /// Waits for the next reply. `to_head`: it answers a HEAD request, so it has no body.
  RawReply read_reply(bool to_head = false) {
    RawReply reply;
    size_t head_end = std::string::npos;
    wait([&] { return (head_end = received_.find("\r\n\r\n")) != std::string::npos; });
    if (head_end == std::string::npos) return reply;
    reply.head = received_.substr(0, head_end + 2);
    received_.erase(0, head_end + 4);
    if (reply.head.size() > 12) reply.status = std::atoi(reply.head.c_str() + 9);
    if (to_head || reply.status / 100 == 1 || reply.status == 204 || reply.status == 304)
      return reply;
    auto length = reply.field("Content-Length");
    EXPECT_TRUE(length.has_value()) << reply.head;
    size_t size = std::strtoull(length.value_or("0").c_str(), nullptr, 10);
    EXPECT_TRUE(wait([&] { return received_.size() >= size; }))
        << "the body is cut short: " << reply.head;
    reply.body = received_.substr(0, size);
    received_.erase(0, size);
    return reply;
  }

  /// Sends a request and waits for its reply.
  RawReply exchange(std::string_view request) {
    send(request);
    return read_reply(request.starts_with("HEAD "));
  }
  RawReply get(std::string_view path) {
    return exchange("GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }

  /// Waits until the server has ended the connection. What came before stays readable.
  End wait_for_end() {
    wait([&] { return end_ != End::open; });
    return end_;
  }
  /// Whether the connection has ended by now.
  End end() {
    receive();
    return end_;
  }

  /// What has come and was not read as a reply.
  const std::string& received() {
    receive();
    return received_;
  }
  /// Waits until `text` has come.
  bool wait_for(std::string_view text) {
    return wait([&] { return received_.find(text) != std::string::npos; });
  }

  /// Waits until so many bytes have come, and takes them; fewer if they never come.
  std::string take(size_t size) {
    wait([&] { return received_.size() >= size; });
    std::string bytes = received_.substr(0, size);
    received_.erase(0, size);
    return bytes;
  }

  /// Pumps until `done`; false if that takes too long or the connection has ended.
  bool wait(const std::function<bool()>& done) {
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      receive();
      if (done()) return true;
      if (end_ != End::open || std::chrono::steady_clock::now() > deadline) return false;
      pump();
    }
  }

  /// The port of this end.
  int local_port() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    if (address.ss_family == AF_INET)
      return ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
    return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
  }

  int fd() const { return fd_; }

 private:
  RawClient(int family, const void* address, socklen_t length, Pump pump)
      : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)), pump_(std::move(pump)) {
    sockaddr_storage storage{};
    std::memcpy(&storage, address, length);
    error_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&storage), length) == 0 ? 0 : errno;
  }

  void pump() {
    if (pump_) return pump_();
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 10);
  }

  void receive() {
    char buffer[64 * 1024];
    while (fd_ >= 0 && end_ == End::open) {
      ssize_t count = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (count > 0) {
        received_.append(buffer, static_cast<size_t>(count));
      } else if (count == 0) {
        end_ = End::closed;
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR) {
        end_ = End::reset;
      }
    }
  }

  int fd_;
  int error_ = 0;
  End end_ = End::open;
  Pump pump_;
  std::string received_;
};

inline std::ostream& operator<<(std::ostream& out, RawClient::End end) {
  return out << (end == RawClient::End::open     ? "open"
                 : end == RawClient::End::closed ? "closed"
                                                 : "reset");
}

}  // namespace bao::testing
