// The floor under every server of WebSockets: one epoll loop that answers each frame with the same
// frame unmasked, to whoever sent it or to everybody in the room. It does what no server can leave
// out (epoll_wait, recv, one send for each client) and hardly anything else: of a client's frames
// it looks at the first, and takes the others for as long and as good.

#include <arpa/inet.h>
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
#include <vector>

#include "websocket/handshake.h"

namespace {

struct Socket {
  int fd;
  bool room = false;
  std::string input{};        // the head, then the first frame
  std::string frame{};        // what every frame of the client is answered with
  size_t size_of_theirs = 0;  // of the client's, which is masked
  size_t partial = 0;         // bytes of a frame that is not complete
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Whoever does not take everything at once is not served to the end: nobody who measures a floor is
// that slow.
void send_all(int fd, std::string_view bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    fail("send");
}

// Answers the handshake once it is complete.
bool shake_hands(Socket& socket) {
  constexpr std::string_view kEnd = "\r\n\r\n", kField = "Sec-WebSocket-Key: ";
  const size_t end = socket.input.find(kEnd), field = socket.input.find(kField);
  if (end == std::string::npos || field == std::string::npos) return false;
  const size_t key = field + kField.size();
  const auto accept = bao::websocket::accept_value(
      std::string_view(socket.input).substr(key, socket.input.find('\r', key) - key));
  send_all(socket.fd,
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
               std::string(accept.data(), accept.size()) + "\r\n\r\n");
  socket.room = socket.input.starts_with("GET /room");
  socket.input.erase(0, end + kEnd.size());
  return true;
}

// RFC 6455 section 5.2, for one masked frame of at most 65535 bytes.
void learn_frame(Socket& socket) {
  const std::string& input = socket.input;
  if (input.size() < 8) return;
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(input[at]); };
  const size_t first = byte(1) & 127u;
  const size_t length = first == 126 ? byte(2) * 256u + byte(3) : first;
  const size_t head = first == 126 ? 4 : 2, payload = head + 4;
  if (input.size() < payload + length) return;
  socket.frame = input.substr(0, head);
  socket.frame[1] = static_cast<char>(first);
  for (size_t i = 0; i < length; ++i)
    socket.frame += static_cast<char>(input[payload + i] ^ input[head + i % 4]);
  socket.size_of_theirs = payload + length;
  socket.partial = input.size();
}

class Floor {
 public:
  Floor() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 4096) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      fail("listen");
    }
    std::printf("listening on %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    watch(listener_, nullptr);
  }

  void run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        auto* socket = static_cast<Socket*>(events[static_cast<size_t>(i)].data.ptr);
        if (socket == nullptr) {
          accept_all();
        } else {
          read(*socket);
        }
      }
    }
  }

 private:
  void watch(int fd, Socket* socket) const {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = socket}};
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      sockets_.push_back(std::make_unique<Socket>(Socket{.fd = fd}));
      watch(fd, sockets_.back().get());
    }
  }

  void read(Socket& socket) {
    const ssize_t got = ::recv(socket.fd, input_.data(), input_.size(), 0);
    if (got <= 0) return close(socket);
    if (socket.size_of_theirs == 0) {
      socket.input.append(input_.data(), static_cast<size_t>(got));
      if (!socket.input.starts_with("GET ") || shake_hands(socket)) learn_frame(socket);
    } else {
      socket.partial += static_cast<size_t>(got);
    }
    if (socket.size_of_theirs == 0) return;
    const size_t count = socket.partial / socket.size_of_theirs;
    socket.partial %= socket.size_of_theirs;
    answer(socket, count);
  }

  void answer(const Socket& socket, size_t count) {
    output_.clear();
    for (size_t i = 0; i < count; ++i) output_ += socket.frame;
    if (output_.empty()) return;
    if (!socket.room) return send_all(socket.fd, output_);
    for (const auto& other : sockets_)
      if (other->room) send_all(other->fd, output_);
  }

  void close(const Socket& socket) {
    ::close(socket.fd);
    std::erase_if(sockets_, [&](const auto& each) { return each.get() == &socket; });
  }

  int poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<char> input_ = std::vector<char>(256 * 1024);
  std::string output_;
};

}  // namespace

int main() {
  Floor().run();
}
