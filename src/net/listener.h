#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>

#include "net/address.h"
#include "net/file_descriptor.h"

namespace bao::net {

/// Where and how to listen: either `unix_path`, or `hostname` and `port`.
struct ListenOptions {
  /// An IPv4 address, an IPv6 address (with or without brackets, with a zone such as `fe80::1%eth0`
  /// where it needs one) or a host name. Empty means all interfaces: `[::]`, which IPv4 clients
  /// reach too, or `0.0.0.0` on a machine without IPv6. Of a name's addresses the first that
  /// belongs to this machine is taken, IPv4 before IPv6: `localhost` is 127.0.0.1, the address that
  /// the most clients try (those that try ::1 first fall back to it).
  std::string hostname{};
  /// 0 to 65535; 0 means any free port, Listener::local() says which.
  int port = 0;
  /// The path of a unix socket, at most 107 bytes. A leading NUL byte, not counted, makes it the
  /// name of a Linux abstract socket, which has no file. Excludes the other options except
  /// `backlog`.
  std::string unix_path{};
  /// Lets several sockets, of this process or of others of the same user that ask for it too,
  /// listen on one port; the kernel spreads the connections (SO_REUSEPORT).
  bool reuse_port = false;
  /// Keeps IPv4 clients out of a listener on `[::]`. Wrong together with an IPv4 hostname.
  bool ipv6_only = false;
  /// How many connections may wait to be accepted. The kernel lowers it to net.core.somaxconn,
  /// which is 4096 unless the administrator changed it: so this asks for all that an untuned
  /// machine gives, because a client that finds the queue full waits a second before it tries
  /// again.
  int backlog = 4096;
};

/// Why a listener could not be opened. what() is a sentence for the person who starts the server:
/// it names the address and port or the path, says what is wrong and how to mend it.
class ListenError : public std::runtime_error {
 public:
  /// `code` must live for ever (a literal); `sentence` is copied.
  ListenError(const char* code, const std::string& sentence)
      : std::runtime_error(sentence), code_(code) {}

  /// The name of the system's error, for programs: "EADDRINUSE", "EACCES", "EADDRNOTAVAIL",
  /// "ENAMETOOLONG" …; "ENOTFOUND" for a host name that does not exist, "EAI_AGAIN" for one that
  /// cannot be looked up at present; "EINVAL" for options that contradict each other or themselves;
  /// "ENOTSOCK" for a unix path at which something else lies.
  std::string code() const { return code_; }

 private:
  const char* code_;
};

/// What accept() gives for a new connection.
struct Accepted {
  /// Non-blocking, close-on-exec; TCP connections have TCP_NODELAY.
  FileDescriptor fd;
  PeerAddress peer;
};

enum class AcceptStatus {
  /// There is a connection; call again for the next one.
  accepted,
  /// None is waiting: wait until the listener is readable.
  would_block,
  /// The process or the machine is out of descriptors or memory. The connection stays in the queue
  /// and keeps the listener readable, so stop watching it for a while instead of spinning.
  out_of_descriptors,
  /// The connection died while it waited. It is gone: call again.
  transient_error,
};

/// What an errno of accept4() means to the caller. EINTR is not among them: accept() repeats the
/// call.
AcceptStatus classify_accept_error(int error);

/// A listening socket. Move-only. May be used and destroyed on any thread, by one at a time. A
/// moved-from listener may only be closed, assigned and destroyed; a closed one no longer accepts.
class Listener {
 public:
  /// Opens a non-blocking, close-on-exec socket and listens. A host name is looked up here, and a
  /// unix path that others open at the same moment is waited for, so this may block for a while: it
  /// is meant for the start of a server. Throws ListenError.
  ///
  /// Unix sockets: the file that a dead server left behind is replaced. One that a live server
  /// answers on is an error (EADDRINUSE), and so is anything that is no socket (ENOTSOCK); neither
  /// is touched. Of several Bao servers that start on one path at the same time, one wins and the
  /// others get EADDRINUSE; listener.cc says how.
  static Listener open(const ListenOptions& options);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  /// Same as close().
  ~Listener();

  /// Stops listening; connections that nobody has accepted are reset. The file of a unix socket is
  /// removed if it is still the one that open() made. Unregister the descriptor from the loop
  /// first. A second call does nothing.
  void close() noexcept;

  /// The descriptor, for the loop to watch; it stays the listener's. -1 once closed.
  int fd() const { return fd_.get(); }

  /// Where it listens: the address that was taken and the real port, also after port 0; the path or
  /// abstract name of a unix socket. Valid as long as the listener lives, unless moved from.
  const SocketAddress& local() const { return local_; }

  /// What open() was called with. Valid as long as the listener lives, unless moved from.
  const ListenOptions& options() const { return options_; }

  /// Takes the next connection off the queue; never blocks. Fills `accepted` (closing a descriptor
  /// that is still in it) only if it returns AcceptStatus::accepted.
  AcceptStatus accept(Accepted& accepted);

 private:
  /// The file of a unix socket, and how to know it again.
  struct SocketFile {
    std::string path;  // absolute: the process may change its folder before the listener closes
    dev_t device;
    ino_t inode;
  };

  explicit Listener(const ListenOptions& options) : options_(options) {}
  void open_tcp();
  void open_unix();

  FileDescriptor fd_;
  std::optional<SocketFile> file_;
  SocketAddress local_;
  ListenOptions options_;
};

}  // namespace bao::net
