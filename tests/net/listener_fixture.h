#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "net/child_process.h"
#include "net/file_descriptor.h"
#include "net/listener.h"

// What the tests of the listener share: clients of real sockets.
namespace bao::net::listener_tests {

using testing::become_ordinary_user;
using testing::filter_system_calls;
using testing::in_child;
using testing::kSkipped;

// The errno of connect(), 0 if it worked; `client` then is the connection.
inline int connect_raw(int family, const void* address, socklen_t length, FileDescriptor& client) {
  client.reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!client) return errno;
  sockaddr_storage storage{};
  std::memcpy(&storage, address, length);
  return ::connect(client.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0 ? 0 : errno;
}

inline int connect_tcp(const char* ip, int port, FileDescriptor& client) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, ip, &in.sin_addr) == 1) {
    return connect_raw(AF_INET, &in, sizeof(in), client);
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(::inet_pton(AF_INET6, ip, &in6.sin6_addr), 1);
  return connect_raw(AF_INET6, &in6, sizeof(in6), client);
}

inline sockaddr_un unix_address(const std::string& path) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  return un;
}

inline int connect_unix(const std::string& path, FileDescriptor& client) {
  const sockaddr_un un = unix_address(path);
  const std::size_t length = offsetof(sockaddr_un, sun_path) + path.size();
  return connect_raw(AF_UNIX, &un, static_cast<socklen_t>(length), client);
}

inline bool exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

// Waits until a connection is there and takes it.
inline AcceptStatus accept_next(Listener& listener, Accepted& accepted) {
  pollfd waiting{.fd = listener.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&waiting, 1, 5000), 1);
  return listener.accept(accepted);
}

inline bool answers(Listener& listener, const char* ip) {
  FileDescriptor client;
  Accepted accepted;
  return connect_tcp(ip, listener.local().port, client) == 0 &&
         accept_next(listener, accepted) == AcceptStatus::accepted;
}

inline bool answers_unix(Listener& listener, const std::string& path) {
  FileDescriptor client;
  Accepted accepted;
  return connect_unix(path, client) == 0 &&
         accept_next(listener, accepted) == AcceptStatus::accepted;
}

struct Refusal {
  std::string code;
  std::string sentence;
};

// Why open() refuses `options`; empty if it does not.
inline Refusal refusal(const ListenOptions& options) {
  try {
    Listener::open(options);
  } catch (const ListenError& error) {
    return {error.code(), error.what()};
  }
  return {};
}

inline bool has_ipv6() {
  FileDescriptor client;
  // Port 1 refuses; without IPv6 the socket or the address is missing.
  const int error = connect_tcp("::1", 1, client);
  return error == 0 || error == ECONNREFUSED;
}

#define BAO_NEEDS_IPV6() \
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no ::1"

class TemporaryFolder {
 public:
  TemporaryFolder() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/bao-listener-XXXXXX";
};

}  // namespace bao::net::listener_tests
