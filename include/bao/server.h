#pragma once

#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <bao/options.h>
#include <bao/request.h>
#include <bao/task.h>
#include <bao/websocket.h>

namespace bao {

namespace detail {
class ServerState;
struct StopState;
}  // namespace detail

/// What a server has counted since it started. `pending_*` and `connections_open` are of now.
struct Counters {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t requests_pending = 0;
  std::uint64_t requests_total = 0;  ///< requests whose head was understood
  std::uint64_t bytes_in = 0;        ///< off the wire, heads included
  std::uint64_t bytes_out = 0;
  /// Replies by the first digit of their status: [2] counts the 2xx. Those that the protocol layer
  /// wrote included.
  std::array<std::uint64_t, 6> replies_by_class{};
  /// TLS: connections that are not open yet, those that came to be, those of them that went on with
  /// an earlier session, those that did not, and those that ended without saying so, as if cut.
  std::uint64_t handshakes_pending = 0;
  std::uint64_t handshakes_done = 0;
  std::uint64_t handshakes_resumed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t incomplete_closes = 0;
};

/// The end of a server, to be awaited: `co_await server.stop()`. May be dropped, copied, and
/// awaited several times, but not awaited in a handler of that server, see Server::stop.
class Stopping {
 public:
  class Awaiter {
   public:
    explicit Awaiter(std::shared_ptr<detail::StopState> state) : state_(std::move(state)) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter();
    bool await_ready() const;
    void await_suspend(std::coroutine_handle<> waiting);
    void await_resume() const {}

   private:
    friend struct detail::StopState;
    std::shared_ptr<detail::StopState> state_;
    std::coroutine_handle<> waiting_ = nullptr;
  };
  Awaiter operator co_await() const { return Awaiter(state_); }
  /// True once no connection is left.
  bool done() const;

 private:
  friend class Server;
  explicit Stopping(std::shared_ptr<detail::StopState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::StopState> state_;
};

/// What `Server::fetch` sends to the handlers, beside the target.
struct FetchOptions {
  std::string method = "GET";
  Fields fields = {};
  std::string body = {};
};

/// A handle of a running server. Copies are handles of the same one. The server lives on its loop,
/// so handles may be dropped; it ends by `stop`, by a signal (see `run`), or with its loop. Only on
/// the loop's thread; from another thread use `Loop::post`.
class Server {
 public:
  /// The real port; none for unix sockets.
  std::optional<int> port() const;
  /// The name under which it can be reached: the option, or `localhost`; none for unix sockets.
  std::optional<std::string> hostname() const;
  /// `http://localhost:3000/`, `unix:///tmp/socket` (a relative path stays relative,
  /// `unix://./socket`), `abstract://name`.
  std::string url() const;
  /// "http", or "https" with `.tls`.
  std::string_view protocol() const;
  /// Where it listens.
  SocketAddress address() const;
  const std::string& id() const;
  bool development() const;

  /// Requests that have come and are not yet answered.
  std::uint64_t pending_requests() const;
  /// WebSockets that are open.
  std::uint64_t pending_web_sockets() const;
  Counters counters() const;

  /// Stops accepting. Idle connections close at once, the others once their request is answered.
  /// WebSockets go on until they are closed. With `force` all are cut: requests under way are
  /// aborted, WebSockets closed with 1001. May be called again, with `force` too.
  ///
  /// A handler may call it but must not await it: the end of the server waits for the handler's
  /// reply, and so each would wait for the other. Drop the result there, or await it in a task of
  /// its own (`bao::spawn`).
  Stopping stop(bool force = false);
  /// Closes connections that wait between requests; returns how many.
  std::size_t close_idle_connections();
  /// Replaces routes and handlers for requests from now on, those of WebSockets, and certificates,
  /// if any are given, for connections from now on. Throws OptionError and changes nothing if they
  /// are wrong.
  void reload(ReloadOptions options);
  /// Runs the handlers without a socket: `co_await server.fetch("/users/7")`. `target` is a path
  /// with an optional query, or an http URL. Throws std::runtime_error if the handler aborts the
  /// request or the server is stopped.
  Task<Response> fetch(std::string target, FetchOptions options);
  Task<Response> fetch(std::string target);

  /// The client's address; none for unix sockets, `fetch`, or a connection that is gone.
  std::optional<SocketAddress> request_ip(const Request& request) const;
  /// Another idle timeout for this request, in whole milliseconds; 0 for none. Does nothing if its
  /// connection is gone.
  void timeout(Request& request, std::chrono::milliseconds timeout);
  /// Cuts the connection: the client sees a reset, the stop token fires, pending body reads throw,
  /// a later response is ignored. False if the request was over.
  bool abort(Request& request);

  /// Makes a WebSocket of a request: the handler `.websocket.open` has run when this returns, and
  /// the handler of the request returns nothing (`std::nullopt`). May be called after a `co_await`.
  /// False if the request does not ask for a WebSocket as it should, has been answered, or came
  /// without a socket, or the server stops; it is then to be answered as usual. (One that asks for
  /// another version than 13 has been answered with 426.) Throws std::logic_error if `.websocket`
  /// has no handlers.
  bool upgrade(Request& request, UpgradeOptions options);
  bool upgrade(Request& request);
  /// Sends a message to all WebSockets that have subscribed to the topic; returns how many those
  /// are. They get it at the end of the loop's turn, compressed where that is possible unless
  /// `compress` is false.
  std::size_t publish(std::string_view topic, std::string_view text, bool compress = true);
  std::size_t publish_binary(std::string_view topic, std::span<const std::byte> bytes,
                             bool compress = true);
  std::size_t publish_binary(std::string_view topic, std::string_view bytes, bool compress = true);
  /// How many WebSockets have subscribed to the topic.
  std::size_t subscriber_count(std::string_view topic) const;

  /// Whether the server keeps `run` going while it listens; it does unless told otherwise. Requests
  /// under way always do.
  void ref();
  void unref();

 private:
  friend class detail::ServerState;
  friend Server serve(Options options);
  explicit Server(std::shared_ptr<detail::ServerState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::ServerState> state_;
};

/// Starts a server on this thread's loop. It answers once the loop runs (`run`). Throws OptionError
/// for a wrong option and ListenError if it cannot listen.
Server serve(Options options);

}  // namespace bao
