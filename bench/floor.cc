// The floor under every server: one epoll loop that answers fixed bytes, once for each empty line
// that it reads. It does what no server can leave out (epoll_wait, recv, send) and nothing else, so
// what a server costs above it is the server's own.

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// As long as what the other servers answer.
constexpr std::string_view kReply =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/plain;charset=utf-8\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    "Content-Length: 13\r\n"
    "\r\n"
    "Hello, world!";

struct Connection {
  int fd;
  unsigned matched = 0;  // bytes of "\r\n\r\n" at the end of what was read
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on_any_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(fd, 4096) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail("listen");
  }
  std::printf("listening on %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

void watch(int epoll, int fd, Connection* connection) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = connection}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

void accept_all(int epoll, int listener) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(epoll, fd, new Connection{fd});
  }
}

// How many requests end in `bytes`.
size_t count_ends(std::string_view bytes, unsigned& matched) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  size_t ends = 0;
  for (const char byte : bytes) {
    if (byte == kEnd[matched]) {
      if (++matched < kEnd.size()) continue;
      ++ends;
      matched = 0;
    } else {
      matched = byte == '\r' ? 1 : 0;
    }
  }
  return ends;
}

// Whoever does not take all replies at once is dropped: nobody who measures a floor is that slow.
void serve(Connection* connection, std::array<char, 65536>& input, std::string& output) {
  const ssize_t got = ::recv(connection->fd, input.data(), input.size(), 0);
  output.clear();
  if (got > 0) {
    const size_t ends = count_ends({input.data(), static_cast<size_t>(got)}, connection->matched);
    for (size_t i = 0; i < ends; ++i) output += kReply;
    if (output.empty()) return;
    const ssize_t sent = ::send(connection->fd, output.data(), output.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(output.size())) return;
  }
  ::close(connection->fd);
  delete connection;
}

}  // namespace

int main() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  const int listener = listen_on_any_port();
  watch(epoll, listener, nullptr);
  std::array<epoll_event, 256> events;
  const auto input = std::make_unique<std::array<char, 65536>>();
  std::string output;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
      if (connection == nullptr) {
        accept_all(epoll, listener);
      } else {
        serve(connection, *input, output);
      }
    }
  }
}
