#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <bao/fields.h>
#include <bao/socket_address.h>
#include <bao/task.h>

namespace bao {

class Server;
class WebSocket;

namespace server {
class WebSocket;
}

namespace detail {

/// A value of any type, with its type.
struct SocketValue {
  explicit SocketValue(const std::type_info& type) : type(type) {}
  virtual ~SocketValue() = default;
  virtual void* value() = 0;
  const std::type_info& type;
};

[[noreturn]] void throw_wrong_data(const std::type_info& asked, const SocketValue* held);

}  // namespace detail

/// What became of a message that was to be sent.
enum class SendResult : std::uint8_t {
  sent,          ///< on its way
  backpressure,  ///< queued: the client is slow. The handler `drain` is called when it has caught
                 ///< up
  dropped,  ///< not sent: the socket is closed, or more than `backpressure_limit` waits already
};

/// A message of a client: a view, good until the handler has returned, or its coroutine has ended.
class Message {
 public:
  Message(std::string_view payload, bool text) : payload_(payload), text_(text) {}
  /// True for text, which is then valid UTF-8; false for bytes.
  bool is_text() const { return text_; }
  /// The payload, whatever it is.
  std::string_view view() const { return payload_; }
  std::span<const std::byte> bytes() const {
    return {reinterpret_cast<const std::byte*>(payload_.data()), payload_.size()};
  }
  /// Lets a handler take its message as a std::string_view.
  operator std::string_view() const { return payload_; }

 private:
  std::string_view payload_;
  bool text_;
};

/// What a program keeps with a socket: one value of any type that can be moved.
class SocketData {
 public:
  SocketData() = default;
  template <typename T>
    requires(!std::same_as<std::remove_cvref_t<T>, SocketData>)
  SocketData(T&& value)
      : value_(std::make_unique<Value<std::decay_t<T>>>(std::forward<T>(value))) {}

 private:
  friend class Server;
  friend class WebSocket;

  template <typename T>
  struct Value final : detail::SocketValue {
    template <typename U>
    explicit Value(U&& value) : SocketValue(typeid(T)), held(std::forward<U>(value)) {}
    void* value() override { return &held; }
    T held;
  };

  std::unique_ptr<detail::SocketValue> value_;
};

/// A handle of a WebSocket of a server. Copies are handles of the same socket and may be kept for
/// as long as the program likes: once the socket is closed every call says so and does nothing.
/// Only on the loop's thread; from another thread use `Loop::post`.
class WebSocket {
 public:
  /// A handle of no socket, as of one that is closed.
  WebSocket() = default;
  WebSocket(const WebSocket& other);
  WebSocket(WebSocket&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  WebSocket& operator=(WebSocket other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  ~WebSocket();

  /// False once it is closed by either side, from the handler `close` on.
  bool open() const;
  explicit operator bool() const { return open(); }
  /// Handles of the same socket are equal.
  bool operator==(const WebSocket& other) const { return core_ == other.core_; }

  // -- Sending

  /// Sends a text, which must be UTF-8: that is not checked. `compress`: if the client takes
  /// compressed messages and `.per_message_deflate` is on.
  SendResult send(std::string_view text, bool compress = false);
  /// Sends bytes.
  SendResult send_binary(std::span<const std::byte> bytes, bool compress = false);
  SendResult send_binary(std::string_view bytes, bool compress = false);
  /// Control frames, which carry at most 125 bytes: longer ones are dropped. The answer to a ping
  /// comes to the handler `pong`; pings of the client are answered without the program.
  SendResult ping(std::string_view payload = {});
  SendResult pong(std::string_view payload = {});
  /// Runs `f()`; what it sends leaves in one write. What handlers send is gathered anyway.
  template <typename F>
  auto cork(F&& f) -> std::invoke_result_t<F> {
    const Cork cork(*this);
    return std::forward<F>(f)();
  }
  /// Bytes that wait because the client is slow.
  std::size_t buffered_amount() const;

  // -- Ending

  /// Closes the socket: the client gets the code and the reason, cut at a character if it has more
  /// than 123 bytes. The handler `close` runs before this returns. Codes that a client accepts are
  /// 1000 to 1003, 1007 to 1014 and 3000 to 4999; 0, 1005 and 1006 send none. Throws
  /// std::invalid_argument for a code that no frame can carry (below 0 or above 65535).
  void close(int code = 1000, std::string_view reason = {});
  /// Ends the connection at once, without a word; the handler `close` gets the code 1006.
  void terminate();

  // -- Reading

  /// Stops reading, so that the client has to wait; messages that have arrived are still handled.
  /// The idle timeout is suspended.
  void pause();
  void resume();
  bool paused() const;

  // -- Publishing

  /// From now on the socket gets what is published to that topic, until it is closed.
  void subscribe(std::string_view topic);
  /// False if it had not subscribed.
  bool unsubscribe(std::string_view topic);
  bool is_subscribed(std::string_view topic) const;
  /// The topics that it has subscribed to, in no order.
  std::vector<std::string> subscriptions() const;
  /// Sends a message to all subscribers of a topic but this socket (see `.publish_to_self`); it
  /// need not be one itself. Returns how many those are. They get it at the end of the loop's turn.
  std::size_t publish(std::string_view topic, std::string_view text, bool compress = false);
  std::size_t publish_binary(std::string_view topic, std::span<const std::byte> bytes,
                             bool compress = false);
  std::size_t publish_binary(std::string_view topic, std::string_view bytes, bool compress = false);

  // -- Its own

  /// What `Server::upgrade` or `set_data` gave it; it lives as long as the socket or a handle of
  /// it. Throws std::logic_error if it is not of that type.
  template <typename T>
  T& data() const {
    detail::SocketValue* held = value();
    if (held == nullptr || held->type != typeid(T)) detail::throw_wrong_data(typeid(T), held);
    return *static_cast<T*>(held->value());
  }
  /// The same if it is of that type, else null.
  template <typename T>
  T* data_if() const {
    detail::SocketValue* held = value();
    return held == nullptr || held->type != typeid(T) ? nullptr : static_cast<T*>(held->value());
  }
  void set_data(SocketData data);
  /// The client's address; none for unix sockets, and once it is closed.
  std::optional<SocketAddress> address() const;

  /// For the engine.
  explicit WebSocket(server::WebSocket& core);

 private:
  friend class Server;

  class Cork {
   public:
    explicit Cork(const WebSocket& socket);
    Cork(const Cork&) = delete;
    Cork& operator=(const Cork&) = delete;
    ~Cork();

   private:
    server::WebSocket* const core_;  // which it holds
  };

  detail::SocketValue* value() const;
  SendResult send(std::string_view payload, bool text, bool compress);

  server::WebSocket* core_ = nullptr;
};

namespace detail {

/// A handler's coroutine, for the engine to run; empty if the handler was none.
struct SocketTask {
  std::coroutine_handle<> frame = nullptr;
  PromiseBase* promise = nullptr;
};

}  // namespace detail

/// What handles an event of WebSockets: any callable that takes the event's arguments, of which the
/// last ones may be left out, and returns nothing or a Task<void>. Copies share the callable.
template <typename... Args>
class SocketHandler {
 public:
  /// No handler.
  SocketHandler() = default;

  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, SocketHandler>)
  SocketHandler(F&& f) : call_(std::make_shared<Model<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const { return call_ != nullptr; }
  /// True if it is a coroutine.
  bool is_task() const { return call_->is_task; }
  /// For the engine.
  detail::SocketTask operator()(WebSocket& socket, Args... args) const {
    return call_->run(socket, args...);
  }

 private:
  struct Call {
    explicit Call(bool is_task) : is_task(is_task) {}
    virtual ~Call() = default;
    virtual detail::SocketTask run(WebSocket& socket, Args... args) = 0;
    const bool is_task;
  };

  /// The result of a callable that takes the socket and the first of the arguments.
  template <typename F, std::size_t... I>
  static auto result_with(std::index_sequence<I...>)
      -> std::invoke_result_t<F&, WebSocket&, std::tuple_element_t<I, std::tuple<Args...>>...>;
  template <typename F, std::size_t N>
  static constexpr bool takes = requires { result_with<F>(std::make_index_sequence<N>()); };
  /// How many arguments behind the socket a callable takes; -1: not even that.
  template <typename F, std::size_t N = sizeof...(Args)>
  static constexpr int count() {
    if constexpr (takes<F, N>) {
      return static_cast<int>(N);
    } else if constexpr (N > 0) {
      return count<F, N - 1>();
    } else {
      return -1;
    }
  }

  template <typename F>
  struct Model final : Call {
    static constexpr int kCount = count<F>();
    static_assert(kCount >= 0,
                  "A handler of WebSockets takes (bao::WebSocket&) and then the event's arguments, "
                  "see docs/websockets.md");
    using R = decltype(result_with<F>(std::make_index_sequence<std::size_t(kCount)>()));
    static constexpr bool kTask = std::same_as<R, Task<void>>;
    static_assert(kTask || std::is_void_v<R>,
                  "A handler of WebSockets returns nothing or a bao::Task<void>");

    template <typename G>
    explicit Model(G&& g) : Call(kTask), f(std::forward<G>(g)) {}
    detail::SocketTask run(WebSocket& socket, Args... args) override {
      return call(std::make_index_sequence<std::size_t(kCount)>(), socket, std::tie(args...));
    }
    template <std::size_t... I>
    detail::SocketTask call(std::index_sequence<I...>, WebSocket& socket,
                            [[maybe_unused]] std::tuple<Args&...> args) {
      if constexpr (kTask) {
        auto frame = f(socket, std::get<I>(args)...).release();
        return {frame, &frame.promise()};
      } else {
        f(socket, std::get<I>(args)...);
        return {};
      }
    }
    F f;
  };

  std::shared_ptr<Call> call_;
};

/// How messages are compressed or decompressed (RFC 7692).
enum class Compressor : std::uint8_t {
  disabled,   ///< never; with the other direction on, messages of clients are read as by `shared`
  shared,     ///< one state for all sockets, which forgets each message
  dedicated,  ///< a state for each socket, as large as there is: it remembers earlier messages
  // The same with about so much memory for each socket. Reading takes 32 KiB at most.
  dedicated_3kb,
  dedicated_4kb,
  dedicated_8kb,
  dedicated_16kb,
  dedicated_32kb,
  dedicated_64kb,
  dedicated_128kb,
  dedicated_256kb,
};

/// Whether messages may be compressed: `true`, or how in either direction.
class PerMessageDeflate {
 public:
  PerMessageDeflate() = default;
  PerMessageDeflate(std::same_as<bool> auto on)
      : compress_(on ? Compressor::shared : Compressor::disabled), decompress_(compress_) {}
  PerMessageDeflate(Compressor compress, Compressor decompress)
      : compress_(compress), decompress_(decompress) {}

  Compressor compress() const { return compress_; }
  Compressor decompress() const { return decompress_; }

 private:
  Compressor compress_ = Compressor::disabled;
  Compressor decompress_ = Compressor::disabled;
};

/// The handlers of a server's WebSockets and their limits: `.websocket` of `serve`. There must be a
/// handler for there to be WebSockets.
///
/// A handler that is a coroutine keeps the socket's next events back until it has ended, so
/// messages are handled in order; see `.ordered`.
struct WebSocketOptions {
  // -- Handlers

  /// `(WebSocket&)`: a socket is there. Runs before `Server::upgrade` returns. What it throws
  /// closes the socket with 1011.
  SocketHandler<> open = {};
  /// `(WebSocket&, Message)`, or `(WebSocket&, std::string_view)`.
  SocketHandler<Message> message = {};
  /// `(WebSocket&, int code, std::string_view reason)`: the socket is closed, and out of its
  /// topics. The code and the reason are the client's (1005: it gave none), or those that were sent
  /// to it; 1006 if it vanished.
  SocketHandler<int, std::string_view> close = {};
  /// `(WebSocket&)`: after SendResult::backpressure everything has left.
  SocketHandler<> drain = {};
  /// `(WebSocket&, std::string_view payload)`: a ping came, and was answered.
  SocketHandler<std::string_view> ping = {};
  /// `(WebSocket&, std::string_view payload)`: a pong came.
  SocketHandler<std::string_view> pong = {};
  /// A handler threw. An exception that does not derive from std::exception comes as a
  /// bao::UnknownException. Without this the error is logged.
  std::function<void(const std::exception&, WebSocket&)> error = {};

  // -- Limits

  /// A longer message, counted after decompression, closes the socket with 1009. At most 4 GiB - 1;
  /// 16 MiB is far more than chats and games send, and little enough for some clients at a time.
  std::uint64_t max_payload_length = std::uint64_t{16} << 20;
  /// Once more than this waits for a slow client, messages to it are dropped. At most 4 GiB - 1; 0:
  /// no limit.
  std::uint64_t backpressure_limit = std::uint64_t{16} << 20;
  /// Ends the connection instead of dropping messages.
  bool close_on_backpressure_limit = false;
  /// How long a client may be silent, in whole milliseconds; 0 for ever. Two minutes are shorter
  /// than what most proxies allow.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(120);
  /// Pings a silent client before the idle timeout, so that only those that are gone are closed.
  bool send_pings = true;

  // -- How to behave

  /// Whether `WebSocket::publish` sends to the socket itself, too, if it has subscribed.
  bool publish_to_self = false;
  /// Lets clients that can do it compress their messages, and the program compress its own.
  PerMessageDeflate per_message_deflate = {};
  /// Whether a coroutine keeps back the next events of its socket. If not, messages that came later
  /// may be handled while it waits.
  bool ordered = true;

  /// True if there is a handler.
  bool enabled() const {
    return open || message || close || drain || ping || pong || static_cast<bool>(error);
  }
};

/// What `Server::upgrade` adds to the handshake and to the socket.
struct UpgradeOptions {
  /// Fields of the 101, cookies say.
  Fields headers = {};
  /// What `WebSocket::data` gives.
  SocketData data = {};
  /// A subprotocol: sent if the client offers it (Sec-WebSocket-Protocol).
  std::string protocol = {};
};

}  // namespace bao
