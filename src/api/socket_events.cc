#include "api/socket_events.h"

#include <string>

#include <bao/handler.h>

#include "api/uncaught.h"
#include "net/loop.h"
#include "server/deflate_choice.h"
#include "server/error_page.h"
#include "server/server.h"
#include "trace/exception.h"

namespace bao::detail {

namespace {

using Handlers = std::shared_ptr<const WebSocketOptions>;

// An error that no handler takes.
void log_error(const WebSocket&, server::WebSocket& core, const std::exception_ptr& error) {
  server::Server* server = core.server();
  if (server == nullptr) return report_uncaught("a handler of WebSockets", error);
  server->log(server::render_error_text(server::describe_exception(error)));
}

void run_error_handler(const WebSocketOptions& handlers, WebSocket& socket,
                       const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    handlers.error(exception, socket);
  } catch (...) {
    handlers.error(UnknownException(trace::describe(error)), socket);
  }
}

void fail(const WebSocketOptions& handlers, server::WebSocket& core,
          const std::exception_ptr& error) {
  WebSocket socket(core);
  if (!handlers.error) return log_error(socket, core, error);
  try {
    run_error_handler(handlers, socket, error);
  } catch (...) {
    log_error(socket, core, std::current_exception());
  }
}

/// A run of a handler that is a coroutine. On the heap until it has ended. Holds what the handler
/// was called with, and meanwhile the next events of its socket.
class SocketCall final : public net::Resident {
 public:
  SocketCall(Handlers handlers, server::WebSocket& core, std::string text)
      : handlers_(std::move(handlers)),
        core_(&core),
        loop_(core.server()->loop()),
        socket_(core),
        text_(std::move(text)) {
    loop_.add_resident(*this);
  }
  ~SocketCall() {
    loop_.remove_resident(*this);
    if (task_.frame) task_.frame.destroy();
  }

  std::string_view text() const { return text_; }

  /// Calls `f(socket)`, which starts the coroutine, and runs that as far as it goes. `holds`:
  /// whether the events of the socket wait for its end. The call deletes itself. False if the
  /// coroutine has thrown by then.
  template <typename F>
  bool start(bool holds, F&& f) {
    bool ended = false;
    bool failed = false;
    ended_ = &ended;
    failed_ = &failed;
    try {
      task_ = f(socket_);
    } catch (...) {
      failed = true;
      fail(*handlers_, *core_, std::current_exception());
      delete this;
      return false;
    }
    task_.promise->owner = this;
    task_.promise->completed = [](void* owner) { static_cast<SocketCall*>(owner)->on_done(); };
    task_.frame.resume();
    if (ended) return !failed;
    ended_ = failed_ = nullptr;
    holds_ = holds && handlers_->ordered;
    if (holds_) core_->hold();
    return true;
  }

  void on_loop_end() override { delete this; }

 private:
  void on_done() {
    const std::exception_ptr error = std::exchange(task_.promise->error, nullptr);
    // Its locals end before the program hears of the error, as they do in a function.
    std::exchange(task_, {}).frame.destroy();
    if (ended_ != nullptr) *ended_ = true;
    if (failed_ != nullptr && error) *failed_ = true;
    if (error) fail(*handlers_, *core_, error);
    if (holds_) core_->release_events();
    delete this;
  }

  const Handlers handlers_;
  const http::Reference<server::WebSocket> core_;
  net::Loop& loop_;
  WebSocket socket_;
  const std::string text_;
  SocketTask task_;
  bool* ended_ = nullptr;  // of `start`, while that runs
  bool* failed_ = nullptr;
  bool holds_ = false;
};

// Runs a handler; false if it has thrown.
template <typename Handler, typename... Args>
bool run(const Handlers& handlers, const Handler& handler, server::WebSocket& core,
         const Args&... args) {
  WebSocket socket(core);
  try {
    handler(socket, args...);
    return true;
  } catch (...) {
    fail(*handlers, core, std::current_exception());
    return false;
  }
}

std::string take_text(const websocket::Message& message) {
  return message.storage != nullptr ? std::move(*message.storage) : std::string(message.payload);
}

}  // namespace

server::WebSocketSettings web_socket_settings(const WebSocketOptions& options) {
  using server::DeflateChoice;
  const PerMessageDeflate& deflate = options.per_message_deflate;
  return {.max_payload_length = options.max_payload_length,
          .backpressure_limit = options.backpressure_limit,
          .close_on_backpressure_limit = options.close_on_backpressure_limit,
          .idle_timeout = options.idle_timeout,
          .send_pings = options.send_pings,
          .publish_to_self = options.publish_to_self,
          .deflate = server::deflate_settings(static_cast<DeflateChoice>(deflate.compress()),
                                              static_cast<DeflateChoice>(deflate.decompress()))};
}

void SocketEvents::on_open(server::WebSocket& core) {
  const Handlers handlers = handlers_;
  if (!handlers->open) return;
  bool good = true;
  if (handlers->open.is_task()) {
    good = (new SocketCall(handlers, core, {}))->start(true, [&](WebSocket& socket) {
      return handlers->open(socket);
    });
  } else {
    good = run(handlers, handlers->open, core);
  }
  // A socket that the program could not take in hand is of no use to anybody.
  if (!good) core.close(websocket::close_code::kInternalError, "");
}

void SocketEvents::on_message(server::WebSocket& core, const websocket::Message& message) {
  const auto& handler = handlers_->message;
  if (!handler) return;
  if (!handler.is_task()) {
    run(handlers_, handler, core, Message(message.payload, message.text));
    return;
  }
  auto* call = new SocketCall(handlers_, core, take_text(message));
  call->start(true, [&](WebSocket& socket) {
    return handler(socket, Message(call->text(), message.text));
  });
}

namespace {

void on_control(const Handlers& handlers, const SocketHandler<std::string_view>& handler,
                server::WebSocket& core, std::string_view payload) {
  if (!handler) return;
  if (!handler.is_task()) {
    run(handlers, handler, core, payload);
    return;
  }
  auto* call = new SocketCall(handlers, core, std::string(payload));
  call->start(true, [&](WebSocket& socket) { return handler(socket, call->text()); });
}

}  // namespace

void SocketEvents::on_ping(server::WebSocket& core, std::string_view payload) {
  on_control(handlers_, handlers_->ping, core, payload);
}

void SocketEvents::on_pong(server::WebSocket& core, std::string_view payload) {
  on_control(handlers_, handlers_->pong, core, payload);
}

void SocketEvents::on_drain(server::WebSocket& core) {
  const auto& handler = handlers_->drain;
  if (!handler) return;
  if (!handler.is_task()) {
    run(handlers_, handler, core);
    return;
  }
  (new SocketCall(handlers_, core, {}))->start(true, [&](WebSocket& socket) {
    return handler(socket);
  });
}

void SocketEvents::on_close(server::WebSocket& core, uint16_t code, std::string_view reason) {
  const auto& handler = handlers_->close;
  if (!handler) return;
  if (!handler.is_task()) {
    run(handlers_, handler, core, int{code}, reason);
    return;
  }
  auto* call = new SocketCall(handlers_, core, std::string(reason));
  call->start(false, [&](WebSocket& socket) { return handler(socket, code, call->text()); });
}

}  // namespace bao::detail
