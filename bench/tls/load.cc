// Clients that speak TLS, for what wrk cannot do: handshakes, and connections that stay idle.
//
//   bench-handshakes full|resumed PORT SECONDS CONNECTIONS
//       each of so many clients connects, shakes hands, makes one request, closes and begins again;
//       says "result REQUESTS FAILURES MICROSECONDS MEDIAN P99", the last two of a whole round
//   bench-handshakes idle PORT COUNT
//       opens COUNT connections, has each make one request, says "open", and keeps them
//
// Nobody verifies certificates, TLS 1.3 is what is spoken, and a resumed session is that of the
// client's last connection.

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

[[noreturn]] void fail_by_errno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeConnection {
  void operator()(SSL* connection) const { SSL_free(connection); }
};
struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Connection = std::unique_ptr<SSL, FreeConnection>;
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

// Each number has ports of its own.
int connect_to(uint16_t port, size_t number) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_by_errno("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<uint32_t>(number % 16));
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail_by_errno("bind");
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail_by_errno("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// One client, that makes one connection after the other.
class Client {
 public:
  Client(SSL_CTX& context, uint16_t port, size_t number, bool resume)
      : context_(context), port_(port), number_(number), resume_(resume) {}

  /// Begins a connection; `loop` is an epoll descriptor, or -1 to wait in each call.
  void begin(int loop) {
    began_ = Clock::now();
    fd_ = connect_to(port_, number_);
    connection_.reset(SSL_new(&context_));
    SSL_set_app_data(connection_.get(), this);
    SSL_set_fd(connection_.get(), fd_);
    SSL_set_connect_state(connection_.get());
    offered_ = resume_ && session_ != nullptr;
    if (offered_) SSL_set_session(connection_.get(), session_.get());
    received_.clear();
    asked_ = false;
    if (loop < 0) return;
    if (::fcntl(fd_, F_SETFL, O_NONBLOCK) != 0) fail_by_errno("fcntl");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    if (::epoll_ctl(loop, EPOLL_CTL_ADD, fd_, &event) != 0) fail_by_errno("epoll_ctl");
    advance();  // the first word is the client's
  }
  /// Goes on. True once the reply is here.
  bool advance() {
    ERR_clear_error();
    if (!asked_) {
      if (!go_on(SSL_do_handshake(connection_.get()))) return false;
      if (SSL_write(connection_.get(), kRequest.data(), static_cast<int>(kRequest.size())) <= 0)
        throw std::runtime_error("the request could not be written");
      asked_ = true;
    }
    char buffer[4096];
    for (;;) {
      const int count = SSL_read(connection_.get(), buffer, sizeof buffer);
      if (!go_on(count)) return false;
      received_.append(buffer, static_cast<size_t>(count));
      if (complete()) return true;
    }
  }
  /// Whether it went as it should: the first one of a client has nothing to resume.
  bool as_wanted() const { return (SSL_session_reused(connection_.get()) == 1) == offered_; }
  uint32_t microseconds() const {
    return static_cast<uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_).count());
  }
  /// Says close_notify and closes.
  void end() {
    SSL_shutdown(connection_.get());
    connection_.reset();
    ::close(fd_);
  }
  /// Lets go of what OpenSSL keeps; the socket stays open.
  void forget() { connection_.reset(); }

  static int on_session(SSL* connection, SSL_SESSION* session) {
    static_cast<Client*>(SSL_get_app_data(connection))->session_.reset(session);
    return 1;
  }

 private:
  bool go_on(int result) {
    if (result > 0) return true;
    if (SSL_get_error(connection_.get(), result) == SSL_ERROR_WANT_READ) return false;
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    throw std::runtime_error(reason != nullptr ? reason : "the connection has ended");
  }
  bool complete() const {
    const size_t head = received_.find("\r\n\r\n");
    if (head == received_.npos) return false;
    if (received_.compare(0, 12, "HTTP/1.1 200") != 0)
      throw std::runtime_error("the server did not answer 200");
    return received_.find("Hello, world!", head) != received_.npos;
  }

  SSL_CTX& context_;
  const uint16_t port_;
  const size_t number_;
  const bool resume_;
  int fd_ = -1;
  Connection connection_;
  Session session_;
  std::string received_;
  bool asked_ = false;
  bool offered_ = false;
  Clock::time_point began_{};
};

Context make_context() {
  Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context.get(), Client::on_session);
  return context;
}

void shake_hands(bool resume, uint16_t port, double seconds, size_t count) {
  const Context context = make_context();
  const int loop = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(*context, port, i, resume));
    clients.back()->begin(loop);
  }
  std::vector<uint32_t> times;
  size_t wrong = 0;
  const auto start = Clock::now();
  const auto end =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (Clock::now() < end) {
    epoll_event events[64];
    const int ready = ::epoll_wait(loop, events, 64, 1000);
    for (int i = 0; i < ready; ++i) {
      auto& client = *static_cast<Client*>(events[i].data.ptr);
      if (!client.advance()) continue;
      if (!client.as_wanted()) ++wrong;
      times.push_back(client.microseconds());
      client.end();
      client.begin(loop);
    }
  }
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
  std::sort(times.begin(), times.end());
  const size_t made = times.size();
  if (made == 0) throw std::runtime_error("no handshake was done");
  std::cout << "result " << made << ' ' << wrong << ' ' << took << ' ' << times[made / 2] << ' '
            << times[made * 99 / 100] << std::endl;
}

void raise_descriptor_limit(size_t wanted) {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail_by_errno("getrlimit");
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, wanted);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail_by_errno("the limit of open files is too low");
}

void stay_idle(uint16_t port, size_t count) {
  raise_descriptor_limit(count + 64);
  const Context context = make_context();
  for (size_t i = 0; i < count; ++i) {
    Client client(*context, port, i, false);
    client.begin(-1);
    if (!client.advance()) throw std::runtime_error("the connection has ended");
    client.forget();
  }
  std::cout << "open" << std::endl;
  ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (argc == 5 && (arguments[0] == "full" || arguments[0] == "resumed")) {
      shake_hands(arguments[0] == "resumed", static_cast<uint16_t>(std::stoul(arguments[1])),
                  std::stod(arguments[2]), std::stoul(arguments[3]));
    } else if (argc == 4 && arguments[0] == "idle") {
      stay_idle(static_cast<uint16_t>(std::stoul(arguments[1])), std::stoul(arguments[2]));
    } else {
      std::cerr << "usage: bench-handshakes full|resumed PORT SECONDS CONNECTIONS\n"
                   "       bench-handshakes idle PORT COUNT\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "bench-handshakes: " << error.what() << '\n';
    return 1;
  }
}
