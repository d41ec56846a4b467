#pragma once

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <bao/request.h>
#include <bao/response.h>
#include <bao/task.h>

namespace bao {

class Server;

namespace detail {

class Receiver;

/// A handler's coroutine, for the engine to run.
struct Started {
  std::coroutine_handle<> frame = nullptr;
  PromiseBase* promise = nullptr;
  /// Gives the result of the finished coroutine to the receiver, or rethrows what it threw.
  void (*deliver)(PromiseBase& promise, Receiver& receiver) = nullptr;
};

/// Told what running a handler came to. The response is handed on where it is, so that none is
/// moved on its way.
class Receiver {
 public:
  /// The response may be moved from; it lives until the call returns.
  virtual void on_response(Response& response) = 0;
  /// The handler returned an empty std::optional.
  virtual void on_nothing() = 0;
  /// The handler is a coroutine, which the receiver resumes and destroys.
  virtual void on_started(const Started& started) = 0;

 protected:
  ~Receiver() = default;
};

template <typename R>
struct ReplyTraits {
  static constexpr bool is_reply = std::convertible_to<R, Response>;
  static constexpr bool is_task = false;
};
template <typename R>
struct ReplyTraits<std::optional<R>> {
  static constexpr bool is_reply = std::convertible_to<R, Response>;
  static constexpr bool is_task = false;
};
template <typename R>
struct ReplyTraits<Task<R>> {
  static constexpr bool is_reply = ReplyTraits<R>::is_reply && !ReplyTraits<R>::is_task;
  static constexpr bool is_task = true;
};

/// Gives what a handler returned to the receiver.
template <typename R>
void deliver(R&& result, Receiver& receiver) {
  if constexpr (std::same_as<R, Response>) {  // its own: what a handler returned by reference is
                                              // copied below
    receiver.on_response(result);
  } else if constexpr (std::convertible_to<R, Response>) {
    Response response = std::forward<R>(result);
    receiver.on_response(response);
  } else if (!result) {
    receiver.on_nothing();
  } else {
    deliver(*std::forward<R>(result), receiver);
  }
}

template <typename R>
Started start(Task<R> task) {
  auto handle = task.release();
  return {handle, &handle.promise(), [](PromiseBase& promise, Receiver& receiver) {
            deliver(std::move(static_cast<Promise<R>&>(promise).result()), receiver);
          }};
}

/// Runs `f` with the arguments and tells the receiver what it came to. Throws what `f` throws.
template <typename F, typename... Args>
void run_handler(Receiver& receiver, F& f, Args&... args) {
  using R = std::invoke_result_t<F&, Args&...>;
  if constexpr (ReplyTraits<R>::is_task) {
    receiver.on_started(start(f(args...)));
  } else {
    deliver(f(args...), receiver);
  }
}

template <typename R>
constexpr bool returns_reply = ReplyTraits<std::remove_cvref_t<R>>::is_reply;

}  // namespace detail

/// What answers a request: any callable that takes `(bao::Request&)`, `(bao::Request&,
/// bao::Server&)` or nothing, and returns a `Response` (or what converts to one), a
/// `std::optional<Response>`, or a `Task` of either.
///
/// Copies share the callable, which lives until the last request that it serves has ended, so a
/// coroutine lambda may use its captures. It is called on the loop's thread, and must not block it
/// (see `bao::blocking`).
class Handler {
 public:
  /// No handler.
  Handler() = default;

  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, Handler> &&
             !std::same_as<std::remove_cvref_t<F>, Response> &&
             std::is_class_v<std::remove_cvref_t<F>>)
  Handler(F&& f) : call_(std::make_shared<Model<std::remove_cvref_t<F>>>(std::forward<F>(f))) {}

  /// A null pointer makes no handler.
  template <typename R, typename... Args>
  Handler(R (*f)(Args...)) {
    if (f != nullptr) call_ = std::make_shared<Model<R (*)(Args...)>>(f);
  }

  explicit operator bool() const { return call_ != nullptr; }

  /// True if it is a coroutine.
  bool is_task() const { return call_->is_task; }
  /// True if it wants to be called with the whole body at hand.
  bool wants_body() const { return wants_body_; }
  /// For the engine.
  void operator()(Request& request, Server& server, detail::Receiver& receiver) const {
    call_->run(request, server, receiver);
  }

  /// The most bytes that a body may have here; none: the server's word holds.
  const std::optional<std::uint64_t>& max_body() const { return max_body_; }

  friend Handler buffered(Handler handler);
  friend Handler body_limit(std::uint64_t bytes, Handler handler);

 private:
  struct Call {
    explicit Call(bool is_task) : is_task(is_task) {}
    virtual ~Call() = default;
    virtual void run(Request& request, Server& server, detail::Receiver& receiver) = 0;
    const bool is_task;
  };

  template <typename F>
  static constexpr bool takes_both = std::invocable<F&, Request&, Server&>;
  template <typename F>
  static constexpr bool takes_request = std::invocable<F&, Request&>;
  template <typename F>
  static constexpr bool takes_nothing = std::invocable<F&>;

  template <typename F>
  static auto result_of() {
    if constexpr (takes_both<F>) {
      return std::type_identity<std::invoke_result_t<F&, Request&, Server&>>();
    } else if constexpr (takes_request<F>) {
      return std::type_identity<std::invoke_result_t<F&, Request&>>();
    } else if constexpr (takes_nothing<F>) {
      return std::type_identity<std::invoke_result_t<F&>>();
    } else {
      return std::type_identity<void>();
    }
  }

  template <typename F>
  struct Model final : Call {
    using R = typename decltype(result_of<F>())::type;
    static constexpr bool is_callable = takes_both<F> || takes_request<F> || takes_nothing<F>;
    static_assert(is_callable,
                  "A bao handler takes (bao::Request&), (bao::Request&, bao::Server&) or nothing; "
                  "take the request by "
                  "reference, it cannot be copied");
    // Nobody knows what a callable returns that cannot be called: one mistake, one message.
    static_assert(!is_callable || detail::returns_reply<R>,
                  "A bao handler returns a bao::Response, a std::optional<bao::Response>, or a "
                  "bao::Task of either");

    template <typename G>
    explicit Model(G&& g) : Call(detail::ReplyTraits<R>::is_task), f(std::forward<G>(g)) {}
    void run([[maybe_unused]] Request& request, [[maybe_unused]] Server& server,
             detail::Receiver& receiver) override {
      if constexpr (takes_both<F>) {
        detail::run_handler(receiver, f, request, server);
      } else if constexpr (takes_request<F>) {
        detail::run_handler(receiver, f, request);
      } else if constexpr (takes_nothing<F>) {
        detail::run_handler(receiver, f);
      }
    }
    F f;
  };

  std::shared_ptr<Call> call_;
  bool wants_body_ = false;
  std::optional<std::uint64_t> max_body_;
};

/// The handler, called only once the whole body has arrived, so that `req.text().get()` needs no
/// coroutine. Every request to it may then hold `max_request_body_size` bytes of memory before any
/// code of the program has run.
inline Handler buffered(Handler handler) {
  handler.wants_body_ = true;
  return handler;
}

/// The handler, with a limit of its own on the bodies that come to it, above or below
/// `.max_request_body_size`: `{"/upload", bao::body_limit(4ull << 30, upload)}`. Larger ones are
/// answered with 413, before the handler runs if the client says how large they are.
inline Handler body_limit(std::uint64_t bytes, Handler handler) {
  handler.max_body_ = bytes;
  return handler;
}

/// What answers when a handler throws: any callable that takes `(const std::exception&)` or
/// `(const std::exception&, bao::Request&)` and returns what a Handler may. An exception that does
/// not derive from std::exception comes as a bao::UnknownException. If it throws too or returns
/// nothing, the client gets the built-in page (development) or a plain 500.
class ErrorHandler {
 public:
  ErrorHandler() = default;

  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, ErrorHandler>)
  ErrorHandler(F&& f) : call_(std::make_shared<Model<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const { return call_ != nullptr; }
  /// For the engine.
  void operator()(const std::exception& error, Request& request, detail::Receiver& receiver) const {
    call_->run(error, request, receiver);
  }

 private:
  struct Call {
    virtual ~Call() = default;
    virtual void run(const std::exception& error, Request& request, detail::Receiver& receiver) = 0;
  };

  template <typename F>
  struct Model final : Call {
    template <typename G>
    explicit Model(G&& g) : f(std::forward<G>(g)) {}
    void run(const std::exception& error, [[maybe_unused]] Request& request,
             detail::Receiver& receiver) override {
      if constexpr (std::invocable<F&, const std::exception&, Request&>) {
        static_assert(
            detail::returns_reply<std::invoke_result_t<F&, const std::exception&, Request&>>,
            "A bao error handler returns a bao::Response, a std::optional of it, or a bao::Task of "
            "either");
        detail::run_handler(receiver, f, error, request);
      } else if constexpr (std::invocable<F&, const std::exception&>) {
        static_assert(detail::returns_reply<std::invoke_result_t<F&, const std::exception&>>,
                      "A bao error handler returns a bao::Response, a std::optional of it, or a "
                      "bao::Task of either");
        detail::run_handler(receiver, f, error);
      } else {
        static_assert(std::invocable<F&, const std::exception&>,
                      "A bao error handler takes (const std::exception&) or (const "
                      "std::exception&, bao::Request&)");
      }
    }
    F f;
  };

  std::shared_ptr<Call> call_;
};

/// Stands for a thrown object that does not derive from std::exception; what() names its type.
class UnknownException : public std::exception {
 public:
  explicit UnknownException(std::string what) : what_(std::move(what)) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

}  // namespace bao
