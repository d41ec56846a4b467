#include "robustness/client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace bao::testing {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Waits for `events`; false after `patience`.
bool wait_for(int fd, short events, milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

int connect_tcp(int port, int receive_buffer, int source) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (receive_buffer > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (source != 1) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + static_cast<uint32_t>(source));
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd);
      return -1;
    }
  }
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  int error = errno;
  socklen_t length = sizeof error;
  if (error == EINPROGRESS && wait_for(fd, POLLOUT, kPatience)) {
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error == 0) return fd;
  ::close(fd);
  return -1;
}

int connect_unix(const std::string& path) {
  // A unix socket's connect() waits for room in the queue only if it may block.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

bool ReceivedReply::says_close() const {
  return head.find("\r\nConnection: close\r\n") != std::string::npos;
}

Client::Client(const Place& place, int receive_buffer, int source)
    : fd_(place.unix_path.empty() ? connect_tcp(place.port, receive_buffer, source)
                                  : connect_unix(place.unix_path)) {}

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      skipped_(other.skipped_),
      buffer_(std::move(other.buffer_)) {}

Client& Client::operator=(Client&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(skipped_, other.skipped_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

bool Client::send(std::string_view bytes, milliseconds patience) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_for(fd_, POLLOUT, patience)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

size_t Client::send_until_full(std::string_view bytes, milliseconds patience) {
  size_t total = 0;
  for (;;) {
    const size_t at = total % bytes.size();
    const ssize_t sent =
        ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      total += static_cast<size_t>(sent);
    } else if (errno == EAGAIN) {
      if (!wait_for(fd_, POLLOUT, patience)) return total;
    } else if (errno != EINTR) {
      return total;
    }
  }
}

bool Client::get(std::string_view path) {
  return send(request(path));
}

// Reads once, as much as there is. False at the end of the connection, and when nothing comes.
bool Client::fill() {
  if (!wait_for(fd_, POLLIN, kPatience)) return false;
  char block[16 * 1024];
  const ssize_t count = ::recv(fd_, block, sizeof block, MSG_DONTWAIT);
  if (count <= 0) return false;
  buffer_.append(block, static_cast<size_t>(count));
  return true;
}

std::optional<std::string> Client::read_until(std::string_view mark) {
  size_t from = 0;
  for (;;) {
    const size_t found = buffer_.find(mark, from);
    if (found != std::string::npos) {
      std::string text = buffer_.substr(0, found + mark.size());
      buffer_.erase(0, found + mark.size());
      return text;
    }
    from = buffer_.size() - std::min(buffer_.size(), mark.size() - 1);
    if (!fill()) return std::nullopt;
  }
}

bool Client::read_exactly(size_t size, std::string& to) {
  while (buffer_.size() < size) {
    if (!fill()) return false;
  }
  to.append(buffer_, 0, size);
  buffer_.erase(0, size);
  return true;
}

std::optional<ReceivedReply> Client::read_reply() {
  ReceivedReply reply;
  auto head = read_until("\r\n\r\n");
  if (!head || head->size() < 12) return std::nullopt;
  reply.head = *std::move(head);
  std::from_chars(reply.head.data() + 9, reply.head.data() + 12, reply.status);
  if (reply.head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos) {
    for (;;) {
      const auto line = read_until("\r\n");
      size_t size = 0;
      if (!line) return std::nullopt;
      std::from_chars(line->data(), line->data() + line->size(), size, 16);
      if (!read_exactly(size, reply.body) || !read_until("\r\n")) return std::nullopt;
      if (size == 0) return reply;
    }
  }
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  if (const size_t at = reply.head.find(kLength); at != std::string::npos) {
    size_t size = 0;
    std::from_chars(reply.head.data() + at + kLength.size(), reply.head.data() + reply.head.size(),
                    size);
    if (!read_exactly(size, reply.body)) return std::nullopt;
  }
  return reply;
}

size_t Client::skip(size_t most, milliseconds patience) {
  size_t count = std::min(most, buffer_.size());
  if (count > 0) {
    buffer_.erase(0, count);
  } else if (wait_for(fd_, POLLIN, patience)) {
    char block[64 * 1024];
    const ssize_t got = ::recv(fd_, block, std::min(most, sizeof block), MSG_DONTWAIT);
    if (got > 0) count = static_cast<size_t>(got);
  }
  skipped_ += count;
  return count;
}

End Client::read_end(milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  char block[64 * 1024];
  skipped_ += buffer_.size();
  buffer_.clear();
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() < 0 || !wait_for(fd_, POLLIN, left)) return End::none;
    const ssize_t got = ::recv(fd_, block, sizeof block, MSG_DONTWAIT);
    if (got == 0) return End::closed;
    if (got > 0) {
      skipped_ += static_cast<size_t>(got);
    } else if (errno != EAGAIN && errno != EINTR) {
      return End::reset;
    }
  }
}

bool Client::readable() const {
  return !buffer_.empty() || wait_for(fd_, POLLIN, milliseconds(0));
}

void Client::half_close() {
  ::shutdown(fd_, SHUT_WR);
}

void Client::reset() {
  // A linger time of zero makes close() send RST (socket(7)).
  const linger now{.l_onoff = 1, .l_linger = 0};
  if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void Client::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string request(std::string_view path, std::string_view more, std::string_view body) {
  std::string text = body.empty() ? "GET " : "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: robust\r\n").append(more);
  if (!body.empty())
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return text.append("\r\n").append(body);
}

}  // namespace bao::testing
