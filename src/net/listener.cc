#include "net/listener.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "net/hostname.h"

namespace bao::net {
namespace {

using namespace std::chrono_literals;
using Family = SocketAddress::Family;

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
  int family() const { return address.ss_family; }
};

const char* errno_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? name : "EIO";
}

std::string errno_text(int error) {
  return std::system_category().message(error);
}

[[noreturn]] void throw_too_many_files(int error, const std::string& what) {
  throw ListenError(errno_name(error), what +
                                           " cannot be opened because too many files are open: "
                                           "raise the limit (ulimit -n) or close some.");
}

void set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof(value)) != 0) {
    const int error = errno;
    throw ListenError(errno_name(error), "An option of the listening socket cannot be set: " +
                                             errno_text(error) + ".");
  }
}

SocketAddress local_address(int fd) {
  Endpoint local;
  local.length = sizeof(local.address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local.address), &local.length) != 0) {
    const int error = errno;
    throw ListenError(errno_name(error), "The address of the listening socket cannot be read: " +
                                             errno_text(error) + ".");
  }
  return from_sockaddr(local.address, local.length);
}

void check_options(const ListenOptions& options) {
  if (!options.unix_path.empty()) {
    if (options.hostname.empty() && options.port == 0 && !options.reuse_port &&
        !options.ipv6_only) {
      return;
    }
    throw ListenError("EINVAL",
                      "unix_path excludes hostname, port, reuse_port and ipv6_only: give either a "
                      "path, or a hostname and a port.");
  }
  if (options.port < 0 || options.port > 65535) {
    throw ListenError("EINVAL", "port is " + std::to_string(options.port) +
                                    ": use a number from 1 to 65535, or 0 for any free port.");
  }
  if (auto fault = hostname_fault(options.hostname, "port")) {
    throw ListenError("EINVAL",
                      "The hostname \"" + options.hostname + "\" is wrong: " + *fault + ".");
  }
}

// --- TCP ---

[[noreturn]] void throw_unresolved(const std::string& hostname, int status, int error) {
  const char* code = "ENOTFOUND";
  if (status == EAI_AGAIN) code = "EAI_AGAIN";
  if (status == EAI_FAIL) code = "EAI_FAIL";
  if (status == EAI_MEMORY) code = "ENOMEM";
  if (status == EAI_SYSTEM) code = errno_name(error);
  const std::string reason =
      status == EAI_SYSTEM ? errno_text(error) : std::string(::gai_strerror(status));
  throw ListenError(code, "The hostname \"" + hostname + "\" cannot be resolved (" + reason +
                              "): check hostname, or leave it out to listen on all interfaces.");
}

[[noreturn]] void throw_unknown_zone(const std::string& hostname) {
  throw ListenError("EINVAL", "The hostname \"" + hostname +
                                  "\" has a zone that this machine does not know: put one of its "
                                  "interfaces behind the %, as in fe80::1%eth0.");
}

// The hostname, whose form is good, without the brackets of an IPv6 address.
std::string bare_host(const std::string& hostname) {
  if (!hostname.starts_with('[')) return hostname;
  return hostname.substr(1, hostname.size() - 2);
}

// Appends the addresses of `hostname`, IPv4 before IPv6, otherwise in the resolver's order.
void append_endpoints(const std::string& hostname, int port, std::vector<Endpoint>& endpoints) {
  const std::string host = bare_host(hostname);
  const bool ipv6_literal = host.find(':') != std::string::npos;  // no host name contains one
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (ipv6_literal ? AI_NUMERICHOST : 0);
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  const int error = errno;
  if (status != 0) {
    if (ipv6_literal) throw_unknown_zone(hostname);
    throw_unresolved(hostname, status, error);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
      if (entry->ai_family != family) continue;
      Endpoint endpoint;
      std::memcpy(&endpoint.address, entry->ai_addr, entry->ai_addrlen);
      endpoint.length = entry->ai_addrlen;
      endpoints.push_back(endpoint);
    }
  }
}

// Where to listen, best first; never empty.
std::vector<Endpoint> resolve(const ListenOptions& options) {
  std::vector<Endpoint> endpoints;
  if (options.hostname.empty()) {
    append_endpoints("::", options.port, endpoints);
    if (!options.ipv6_only) append_endpoints("0.0.0.0", options.port, endpoints);
    return endpoints;
  }
  append_endpoints(options.hostname, options.port, endpoints);
  if (options.ipv6_only) {
    std::erase_if(endpoints, [](const Endpoint& endpoint) {
      return to_peer_address(endpoint.address).family == Family::ipv4;
    });
    if (endpoints.empty()) {
      throw ListenError("EINVAL", "ipv6_only is set, but the hostname \"" + options.hostname +
                                      "\" has IPv4 only: use an IPv6 address such as ::, or leave "
                                      "ipv6_only out.");
    }
  }
  return endpoints;
}

// "Port 3000 on localhost (127.0.0.1)"
std::string describe(const ListenOptions& options, const Endpoint& endpoint) {
  const std::string address = from_sockaddr(endpoint.address, endpoint.length).address;
  std::string place = address;
  if (options.hostname.empty()) {
    place = "all interfaces (" + address + ")";
  } else if (bare_host(options.hostname) != address) {
    place = options.hostname + " (" + address + ")";
  }
  return "Port " + std::to_string(options.port) + " on " + place;
}

bool is_link_local_without_zone(const Endpoint& endpoint) {
  if (endpoint.family() != AF_INET6) return false;
  sockaddr_in6 in6;
  std::memcpy(&in6, &endpoint.address, sizeof(in6));
  return IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) && in6.sin6_scope_id == 0;
}

[[noreturn]] void throw_tcp_error(int error, const ListenOptions& options,
                                  const Endpoint& endpoint) {
  const std::string what = describe(options, endpoint);
  const char* code = errno_name(error);
  if (error == EMFILE || error == ENFILE) throw_too_many_files(error, what);
  if (error == EADDRINUSE && options.port == 0) {
    throw ListenError(code, what +
                                " stands for any free port, but none is free: close some "
                                "connections or choose a port.");
  }
  if (error == EADDRINUSE && options.reuse_port) {
    throw ListenError(code, what +
                                " is in use by a program that does not share it: start it as the "
                                "same user and with reuse_port too, stop it, or choose another "
                                "port.");
  }
  if (error == EADDRINUSE) {
    throw ListenError(code, what +
                                " is in use already: stop what uses it, choose another port, or "
                                "use port 0 for any free one.");
  }
  if (error == EACCES || error == EPERM) {
    throw ListenError(code, what +
                                " may only be opened with a privilege: choose a port from 1024 "
                                "up, or give the program the capability CAP_NET_BIND_SERVICE.");
  }
  if (error == EINVAL && is_link_local_without_zone(endpoint)) {
    throw ListenError(code, what +
                                " cannot be opened because a link-local address needs a zone: "
                                "append % and the interface, as in fe80::1%eth0.");
  }
  if (error == EADDRNOTAVAIL) {
    throw ListenError(code, what +
                                " cannot be opened because this machine has no such address: use "
                                "one of its own, or leave hostname out to listen on all "
                                "interfaces.");
  }
  if (error == EAFNOSUPPORT) {
    const bool ipv6 = endpoint.family() == AF_INET6;
    throw ListenError(code,
                      what + " cannot be opened because this machine has no " +
                          (ipv6 ? "IPv6: use an IPv4 address." : "IPv4: use an IPv6 address."));
  }
  throw ListenError(code, what + " cannot be opened: " + errno_text(error) + ".");
}

// Returns a socket that listens at `endpoint`, or none and leaves the reason in errno.
FileDescriptor listen_at(const Endpoint& endpoint, const ListenOptions& options) {
  FileDescriptor fd(
      ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd) return fd;
  // Connections of the last run that linger in TIME_WAIT shall not hinder a restart.
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reuse_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  // Always said, because the default is the administrator's (net.ipv6.bindv6only).
  if (endpoint.family() == AF_INET6) {
    set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0);
  }
  // Accepted sockets inherit it on Linux: one system call less for each connection.
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  // With SO_REUSEADDR two programs may both bind; then the second listen() fails.
  if (::bind(fd.get(), endpoint.get(), endpoint.length) != 0 ||
      ::listen(fd.get(), options.backlog) != 0) {
    const int error = errno;
    fd.reset();
    errno = error;
  }
  return fd;
}

// --- Unix sockets ---
//
// A socket file outlives a server that dies, and bind() refuses a path that exists, so a dead file
// must be unlinked first. Done carelessly, two servers that start together both find it dead, and
// the slower one unlinks the file of the faster, which then listens where nobody can reach it.
// Therefore:
//
// 1. Whoever opens a path holds an flock() on its *folder* from the first look to listen(). That
//    needs no lock file, ends with the process, and holds between threads, processes and
//    containers. (Binding under a temporary name and renaming would need no lock, but rename()
//    cannot be told which file it may replace, and getsockname() and `ss` would show the temporary
//    name for ever.)
// 2. A folder that cannot be locked (not readable, or a stranger sits on the lock, as anybody can
//    in /tmp) does not keep a server from starting on a free path; but then nothing is replaced.
// 3. A server that closes removes its file while it still listens, so nobody takes the file for
//    dead and puts a new one in its place between the comparison and the unlink().
// 4. Programs that know nothing of the lock answer connect() with ECONNREFUSED between their bind()
//    and listen(). A file counts as dead only after it has refused twice, with a pause between.

constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;
// The lock is held for microseconds, or for kRefusalPause; who holds it longer is no Bao server.
constexpr auto kFolderLockPatience = 500ms;
constexpr auto kRefusalPause = 10ms;

class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    const auto deadline = std::chrono::steady_clock::now() + kFolderLockPatience;
    while (fd_ && !held_) {
      held_ = ::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0;
      if (held_ || (errno != EWOULDBLOCK && errno != EINTR)) break;
      if (std::chrono::steady_clock::now() >= deadline) break;
      std::this_thread::sleep_for(1ms);
    }
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    // close() alone would leave it to a child that another thread forked meanwhile.
    if (held_) ::flock(fd_.get(), LOCK_UN);
  }

  bool held() const { return held_; }

 private:
  FileDescriptor fd_;
  bool held_ = false;
};

// Abstract names are written as `ss` writes them: with @ for NUL.
std::string describe_unix(std::string path) {
  std::replace(path.begin(), path.end(), '\0', '@');
  return "The unix socket " + path;
}

bool is_abstract(const std::string& path) {
  return path.front() == '\0';
}

Endpoint unix_endpoint(const std::string& path) {
  // The leading NUL of an abstract name takes the place of the NUL that ends a path.
  const std::size_t limit = is_abstract(path) ? kMaxUnixPath + 1 : kMaxUnixPath;
  if (path.size() > limit) {
    throw ListenError("ENAMETOOLONG", describe_unix(path) + " has a path of " +
                                          std::to_string(path.size()) +
                                          " bytes, but the system takes at most " +
                                          std::to_string(limit) + ": choose a shorter one.");
  }
  if (!is_abstract(path) && path.find('\0') != std::string::npos) {
    throw ListenError("EINVAL", describe_unix(path) +
                                    " has a NUL byte in its path: take it out, or put it first for "
                                    "an abstract socket.");
  }
  if (path.size() == 1 && is_abstract(path)) {
    throw ListenError("EINVAL",
                      "The abstract unix socket has no name: put one behind the NUL byte.");
  }
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  Endpoint endpoint;
  std::memcpy(&endpoint.address, &un, sizeof(un));
  // Every byte of the length belongs to an abstract name, so it must be exact.
  endpoint.length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + !is_abstract(path));
  return endpoint;
}

[[noreturn]] void throw_unix_error(int error, const std::string& path) {
  const std::string what = describe_unix(path);
  const char* code = errno_name(error);
  switch (error) {
    case EADDRINUSE:
      throw ListenError(code,
                        what + " is in use already: stop what uses it or choose another path.");
    case ENOTSOCK:
      throw ListenError(code, what +
                                  " cannot be opened because something that is no socket lies "
                                  "there: move it away or choose another path.");
    case ENOENT:
    case ENOTDIR:
      throw ListenError(code, what +
                                  " cannot be opened because its folder does not exist: make the "
                                  "folder or choose another path.");
    case EACCES:
    case EPERM:
    case EROFS:
      throw ListenError(code, what +
                                  " cannot be opened because its folder, or the socket that lies "
                                  "there, is not this user's to write: change the rights or choose "
                                  "another path.");
    case EMFILE:
    case ENFILE: throw_too_many_files(error, what);
    default: throw ListenError(code, what + " cannot be opened: " + errno_text(error) + ".");
  }
}

// Whether a server answers at `endpoint`: 0 if one does, else an errno; ECONNREFUSED means a dead
// one.
int probe(const Endpoint& endpoint) {
  const FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), endpoint.get(), endpoint.length) != 0) {
    // EAGAIN: its queue is full. EPROTOTYPE: it speaks datagrams. Somebody lives there either way.
    return errno == EAGAIN || errno == EPROTOTYPE ? 0 : errno;
  }
  return 0;
}

// Makes place at `path`, which bind() found taken, or throws. The caller then tries again. `locked`
// says whether this process holds the folder's lock.
void remove_dead_socket(const std::string& path, const Endpoint& endpoint, bool locked) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    throw_unix_error(errno, path);
  }
  if (!S_ISSOCK(status.st_mode)) throw_unix_error(ENOTSOCK, path);
  int answer = probe(endpoint);
  if (answer == ECONNREFUSED) {
    std::this_thread::sleep_for(kRefusalPause);
    answer = probe(endpoint);
  }
  if (answer == ENOENT) return;
  if (answer == 0) throw_unix_error(EADDRINUSE, path);
  if (answer == ECONNREFUSED && !locked) {
    throw ListenError("EADDRINUSE",
                      describe_unix(path) +
                          " was left behind by a dead server, but its folder cannot be "
                          "locked in order to replace it safely: remove the file, or "
                          "use a folder of your own.");
  }
  if (answer != ECONNREFUSED) throw_unix_error(answer, path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_unix_error(errno, path);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, slash + 1);
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto result = std::filesystem::absolute(path, error);
  return error ? path : result.string();
}

}  // namespace

Listener Listener::open(const ListenOptions& options) {
  check_options(options);
  Listener listener(options);
  if (options.unix_path.empty()) {
    listener.open_tcp();
  } else {
    listener.open_unix();
  }
  return listener;
}

void Listener::open_tcp() {
  const std::vector<Endpoint> endpoints = resolve(options_);
  for (const Endpoint& endpoint : endpoints) {
    fd_ = listen_at(endpoint, options_);
    if (fd_) break;
    const int error = errno;
    const bool not_of_this_machine = error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
    if (!not_of_this_machine || &endpoint == &endpoints.back()) {
      throw_tcp_error(error, options_, endpoint);
    }
  }
  local_ = local_address(fd_.get());
}

void Listener::open_unix() {
  const std::string& path = options_.unix_path;
  const Endpoint endpoint = unix_endpoint(path);
  fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) throw_unix_error(errno, path);

  std::optional<FolderLock> lock;
  if (!is_abstract(path)) lock.emplace(folder_of(path));
  // More than one repetition only if programs that ignore the lock interfere.
  int attempts = 3;
  while (::bind(fd_.get(), endpoint.get(), endpoint.length) != 0) {
    const int error = errno;
    if (error != EADDRINUSE || is_abstract(path) || --attempts == 0) throw_unix_error(error, path);
    remove_dead_socket(path, endpoint, lock && lock->held());
  }
  if (!is_abstract(path)) {
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0) throw_unix_error(errno, path);
    file_ = SocketFile{absolute(path), status.st_dev, status.st_ino};
  }
  if (::listen(fd_.get(), options_.backlog) != 0) throw_unix_error(errno, path);
  local_ = local_address(fd_.get());
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::move(other.fd_)),
      file_(std::exchange(other.file_, std::nullopt)),
      local_(std::move(other.local_)),
      options_(std::move(other.options_)) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::move(other.fd_);
  file_ = std::exchange(other.file_, std::nullopt);
  local_ = std::move(other.local_);
  options_ = std::move(other.options_);
  return *this;
}

Listener::~Listener() {
  close();
}

void Listener::close() noexcept {
  if (file_) {
    // The kernel keeps the inode as long as the socket is open, so its number cannot have gone to
    // another file.
    struct stat status;
    if (::lstat(file_->path.c_str(), &status) == 0 && status.st_dev == file_->device &&
        status.st_ino == file_->inode) {
      ::unlink(file_->path.c_str());
    }
    file_.reset();
  }
  fd_.reset();
}

AcceptStatus Listener::accept(Accepted& accepted) {
  assert(fd_);
  sockaddr_storage peer;
  for (;;) {
    socklen_t length = sizeof(peer);
    const int fd = ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accepted.fd.reset(fd);
      accepted.peer = to_peer_address(peer);
      return AcceptStatus::accepted;
    }
    if (errno != EINTR) return classify_accept_error(errno);
  }
}

AcceptStatus classify_accept_error(int error) {
  switch (error) {
    case EAGAIN: return AcceptStatus::would_block;
    // Linux reports errors that are pending on the new connection; accept(2) lists them.
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
    case EPERM:  // forbidden by a firewall rule
      return AcceptStatus::transient_error;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    default:  // a pause is the safe answer to what nobody foresaw: repeating at once might spin
      return AcceptStatus::out_of_descriptors;
  }
}

}  // namespace bao::net
