// A client whose work is exactly counted, where wrk counts time.
//
//   bench-client requests PORT FILE PATH COUNT DEPTH
//       sends COUNT requests over one connection, DEPTH at once, each batch when the last one is
//       answered
//   bench-client connections PORT FILE PATH COUNT
//       opens COUNT connections, has each make one request, says "open", and keeps them until its
//       input ends
//
// FILE holds the fields of the request, a line each; see bench/requests/.

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

[[noreturn]] void fail_by_errno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::string read_request(const char* file, const std::string& path) {
  std::string request = "GET " + path + " HTTP/1.1\r\n";
  std::ifstream lines(file);
  if (!lines) throw std::runtime_error(std::string("cannot read ") + file);
  for (std::string line; std::getline(lines, line);) request += line + "\r\n";
  return request + "\r\n";
}

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_by_errno("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail_by_errno("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail_by_errno("send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

// The size of the first reply in `bytes`, which all have a Content-Length; 0 if its head is not
// whole.
size_t reply_size(std::string_view bytes) {
  const size_t head = bytes.find("\r\n\r\n");
  if (head == bytes.npos) return 0;
  if (bytes.substr(0, 12) != "HTTP/1.1 200")
    throw std::runtime_error("the server did not answer 200");
  for (std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const size_t at = bytes.find(name);
    if (at < head) return head + 4 + std::strtoul(bytes.data() + at + name.size(), nullptr, 10);
  }
  throw std::runtime_error("a reply without Content-Length");
}

// Reads until `count` replies are here.
void receive(int fd, size_t count) {
  std::string bytes;
  char buffer[65536];
  while (count > 0) {
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0) fail_by_errno("recv");
    if (got == 0) throw std::runtime_error("the server has closed the connection");
    bytes.append(buffer, static_cast<size_t>(got));
    for (size_t size; count > 0 && (size = reply_size(bytes)) != 0 && size <= bytes.size();
         --count) {
      bytes.erase(0, size);
    }
  }
}

void make_requests(uint16_t port, const std::string& request, size_t count, size_t depth) {
  std::string batch;
  for (size_t i = 0; i < depth; ++i) batch += request;
  const int fd = connect_to(port);
  for (size_t done = 0; done < count; done += depth) {
    send_all(fd, batch);
    receive(fd, depth);
  }
  ::close(fd);
}

void raise_descriptor_limit(size_t wanted) {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail_by_errno("getrlimit");
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, wanted);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail_by_errno("the limit of open files is too low");
}

void hold_connections(uint16_t port, const std::string& request, size_t count) {
  raise_descriptor_limit(count + 64);
  std::vector<int> open;
  while (open.size() < count) {
    open.push_back(connect_to(port));
    send_all(open.back(), request);
    receive(open.back(), 1);
  }
  std::cout << "open" << std::endl;
  ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (argc == 7 && arguments[0] == "requests") {
      make_requests(static_cast<uint16_t>(std::stoul(arguments[1])),
                    read_request(argv[3], arguments[3]), std::stoul(arguments[4]),
                    std::stoul(arguments[5]));
    } else if (argc == 6 && arguments[0] == "connections") {
      hold_connections(static_cast<uint16_t>(std::stoul(arguments[1])),
                       read_request(argv[3], arguments[3]), std::stoul(arguments[4]));
    } else {
      std::cerr << "usage: bench-client requests PORT FILE PATH COUNT DEPTH\n"
                   "       bench-client connections PORT FILE PATH COUNT\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "bench-client: " << error.what() << '\n';
    return 1;
  }
}
