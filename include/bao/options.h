#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bao/handler.h>
#include <bao/routes.h>
#include <bao/tls.h>
#include <bao/websocket.h>

namespace bao {

/// The program's command line, for `.arguments`: the server takes its port from `--port=N` or
/// `--port N` if the option
/// `.port` is not set. Everything else on the line is the program's own and is left alone.
class Arguments {
 public:
  Arguments() = default;
  Arguments(int argc, const char* const* argv);
  /// The value of the last `--port`.
  const std::optional<std::string>& port() const { return port_; }

 private:
  std::optional<std::string> port_;
};

/// How replies are compressed; see Options::compression.
struct Compression {
  /// Which codings: `zstd`, `br`, `gzip`. If a client likes several as much the first of them is
  /// sent; of a prepared response the smallest.
  std::vector<std::string> codings = {"zstd", "br", "gzip"};
  /// Smaller bodies are sent as they are: there is little to save.
  std::uint64_t min_size = 1024;
};

/// The options of `serve`. The order of the members is part of the interface, because designated
/// initializers must follow it: where to listen, what to answer, how to behave, limits, the rest.
struct Options {
  // -- Where to listen

  /// 0 to 65535; 0 takes any free port. Unset: `--port` of `.arguments`, then the environment's
  /// BUN_PORT, PORT, NODE_PORT, then 3000.
  std::optional<std::int64_t> port = {};
  /// An IPv4 or IPv6 address or a name. Empty: all interfaces, IPv6 and IPv4.
  std::string hostname = {};
  /// A unix socket instead of a port: its path; with a leading NUL byte the name of a Linux
  /// abstract socket
  /// (`std::string("\0name", 5)`).
  std::string unix_path = {};
  /// Lets several processes or threads listen on the same port; the kernel spreads the connections.
  bool reuse_port = false;
  /// Keeps IPv4 clients out of an IPv6 listener.
  bool ipv6_only = false;
  /// The command line, to take `--port` from: `.arguments = {argc, argv}`.
  Arguments arguments = {};
  /// Certificates and keys, an entry for each server name: with any, the server speaks HTTPS. One
  /// is `.tls = {{.key = bao::file("key.pem"), .cert = bao::file("cert.pem")}}`.
  std::vector<Tls> tls = {};
  /// Finds certificates for server names that no entry has; see CertificateFor.
  CertificateFor certificate_for = {};

  // -- What to answer

  Routes routes = {};
  /// Answers what no route does. Without it: 404.
  Handler fetch = {};
  /// Answers when a handler throws.
  ErrorHandler error = {};
  /// The handlers of WebSockets and their limits; requests become WebSockets by `Server::upgrade`.
  WebSocketOptions websocket = {};

  // -- How to behave

  /// Shows errors as a page with stack and source. Unset: on, unless NODE_ENV is `production`.
  std::optional<bool> development = {};
  /// How long a connection may be silent in both directions, also while a handler works, in whole
  /// milliseconds; 0 for ever.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(10);
  /// How long the head of a request may take to arrive, in whole milliseconds; 0 for ever.
  std::chrono::milliseconds head_timeout = std::chrono::seconds(10);
  /// How long a TLS handshake may take, the search for a certificate included, in whole
  /// milliseconds; 0 for ever.
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds(10);
  /// How long a TLS session can be resumed, in whole seconds, at most 7 days; 0 for not at all.
  std::chrono::milliseconds session_timeout = std::chrono::hours(2);
  /// Keys for the tickets of TLS sessions, so that several processes, or servers of several loops,
  /// resume each other's: 80 random bytes each (no PEM), or 48. The first seals, all open. Empty:
  /// the server makes its own.
  Pem ticket_keys = {};
  /// Compresses replies for clients that take it: `.compression = bao::Compression{}`. Unset:
  /// never, because it costs more than all else that a server does for a reply.
  std::optional<Compression> compression = {};
  /// Decodes request bodies with `Content-Encoding: gzip` or `deflate`, up to
  /// `max_request_body_size` decoded bytes; those with another coding are refused with 415.
  bool decode_request_bodies = false;

  // -- Limits

  /// Larger bodies are refused with 413. 128 MiB: large enough for uploads, small enough for
  /// memory.
  std::uint64_t max_request_body_size = std::uint64_t{128} << 20;
  /// Larger request lines are refused with 414, larger heads with 431. 64 bytes to 64 MiB.
  std::uint64_t max_head_size = 16 * 1024;
  /// More fields in a head are refused with 431.
  std::uint64_t max_head_fields = 200;
  /// How many TLS handshakes may be under way; one more, and the oldest is dropped. 1 to 1000000.
  std::uint64_t max_handshakes = 4096;

  // -- The rest

  /// Names the server, for logs: no control characters. Empty: random.
  std::string id = {};
  /// Where uncaught errors and warnings go, as lines without a final newline. Unset: stderr. Must
  /// not throw.
  std::function<void(std::string_view)> log = {};
};

/// What `Server::reload` replaces: routes and handlers, and certificates if any are given. Requests
/// under way end with the old ones.
struct ReloadOptions {
  Routes routes = {};
  Handler fetch = {};
  ErrorHandler error = {};
  /// Other certificates for new connections; open ones go on with theirs. Empty, and without
  /// `.certificate_for`, the present ones stay.
  std::vector<Tls> tls = {};
  CertificateFor certificate_for = {};
  /// Other keys for the tickets of sessions. Empty: the present ones stay.
  Pem ticket_keys = {};
  /// For open WebSockets, too. Without a handler the old ones stay, with their limits.
  WebSocketOptions websocket = {};
};

}  // namespace bao
