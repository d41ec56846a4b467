#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <node_api.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <uv.h>
#include <vector>

#include "due_replies.h"
#include "http/exchange.h"
#include "links.h"
#include "net/loop.h"
#include "server/local_request.h"
#include "server/server.h"
#include "slots.h"
#include "sockets.h"
#include "tls.h"

namespace bao::node {

/// What one thread of Node (the main one, or a worker) has of Bao: its loop inside Node's, its
/// slots and its servers.
///
/// Every use of the engine happens in an *entry*: either Node's loop woke us (`wake`), which is one
/// turn of the engine's loop with everything that JavaScript does in it, promise jobs included, or
/// JavaScript called one of the addon's functions at another time. After the outermost entry the
/// timer and the reference on Node's loop are set anew.
class Environment {
 public:
  /// The functions of JavaScript's table, in the order of `kCallbackNames`.
  enum class Callback : uint8_t {
    dispatch,
    dispatchAll,
    body,
    gone,
    drained,
    stopped,
    local,
    forget,
    log,
    certificate,
    message,
    socket,
    connection
  };
  static constexpr std::array<const char*, 13> kCallbackNames{
      "dispatch", "dispatchAll", "body",        "gone",    "drained", "stopped",   "local",
      "forget",   "log",         "certificate", "message", "socket",  "connection"};

  /// Lives until the thread's environment ends. Throws JavaScriptFailed.
  static Environment* make(napi_env env);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  napi_env env() const { return env_; }
  net::Loop& loop() { return *loop_; }
  Slots& slots() { return slots_; }
  Sockets& sockets() { return sockets_; }
  Links& links() { return links_; }

  /// Keeps the functions of a table, once: throws std::runtime_error if there is one. Throws
  /// WrongValue if the table lacks a function.
  /// `rings`: io_uring may be used.
  void install(napi_value table, bool rings);
  /// The Uint32Array of status and type.
  napi_value registers() const;

  // -- Servers by number

  uint32_t add_server(http::Reference<server::Server> server);
  /// Throws WrongValue if there is none.
  server::Server& server(uint32_t number) const;
  void remove_server(uint32_t number) { servers_[number] = {}; }

  /// A string of JavaScript as UTF-8, which stays good until the next call of this.
  struct Text {
    std::string_view view;
    std::string* owned;  // if it did not fit the scratch buffer
  };

  // -- Into JavaScript

  /// Gives a request to JavaScript: now, or with others at the end of the turn.
  void dispatch(server::Exchange& exchange, uint32_t handler);
  /// Replies to the slots that registers name with texts, joined: now, or with others at the end of
  /// the wake-up. The slots are closed.
  void reply_texts(napi_value texts);
  /// Sends what waits for the end of the wake-up: before something that would cut it off.
  void send_due() { due_.send(*loop_); }
  void send_due_if_full() {
    if (due_.full()) due_.send(*loop_);
  }
  void tell_body(Slot& slot, http::Failure failure);
  void tell_gone(Slot& slot, http::Failure failure, bool over);
  void tell_drained(Slot& slot);
  void tell_stopped(double promise);
  void tell_local(double promise, server::LocalReply reply);
  /// A message of the WebSocket of that number.
  void tell_message(uint32_t socket, const websocket::Message& message);
  /// Another event of it.
  void tell_socket(uint32_t socket, Sockets::Event event, std::string_view payload, int code);
  /// An event of the connection of that number, as native.d.ts has it. `payload` are bytes with
  /// data, else text.
  void tell_connection(uint32_t connection, Links::Event event, double table, int value,
                       std::string_view payload);
  void log(std::string_view line);
  /// Asks the source of that number for a certificate.
  void ask_certificate(double source, std::shared_ptr<tls::CertificateRequest> request);
  CertificateRequests& certificate_requests() { return certificate_requests_; }
  /// No exchange uses that table any more; told to JavaScript after this entry.
  void table_ended(double table);

  /// True while a handler runs, up to its return or its first `await`.
  bool in_handler() const { return depth_ > 0; }

  /// False once the environment ends: JavaScript must not be called any more.
  bool running() const { return !ended_; }

  /// While JavaScript uses the engine outside of a wake-up.
  class Entry {
   public:
    explicit Entry(Environment& environment);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    Environment& environment_;
    bool outermost_;
  };

  /// Nullopt if the value is no string.
  std::optional<Text> read_text(napi_value value);

 private:
  explicit Environment(napi_env env);
  ~Environment() = default;

  void open_handles();
  static void on_wake(uv_poll_t* poll, int status, int events);
  static void on_timer(uv_timer_t* timer);
  static void on_cleanup(napi_async_cleanup_hook_handle handle, void* data);
  static void on_closed(uv_handle_t* handle);

  void wake();
  /// One turn of the engine's loop, and what it leads to. True if another may find more to do.
  bool turn();
  void run_waiting();
  void settle();
  void arm_timer();
  void forget_tables();

  void enter_javascript();
  void leave_javascript();
  void renew_scope();
  napi_value function(Callback callback);
  void call(Callback callback, std::span<const napi_value> arguments);
  void report(napi_status status);
  /// A request that waits for the end of the turn.
  struct Waiting {
    http::Reference<server::Exchange> exchange;
    uint32_t handler;
  };
  void dispatch_alone(server::Exchange& exchange, uint32_t handler);
  void dispatch_together(std::span<const Waiting> batch);
  void describe(server::Exchange& exchange, const Slot& slot, uint32_t handler, uint32_t* place);
  void dispatch_failed(Slot* slot);
  void take_texts(std::span<Slot* const> slots, size_t place, napi_value texts);
  void take_text(Slot& slot, const Text& body);
  void take_silence(Slot& slot);
  void reply_text(Slot& slot, int status, std::string_view type, const Text& body);

  /// The places in `registers`, of which native.d.ts tells: those of one request, which stand at
  /// the front, and again for each request of a batch from kTogether on, and from kLater on.
  enum Register : uint8_t {
    kStatus,
    kType,
    kSlot,
    kHandler,
    kLength,
    kEnd,
    kParameters,
    kFirstParameter,
    kRequestRegisters = kFirstParameter + 6,
    // In the first request's places, which that one does not need.
    kSocket = kLength,
    kCount = kEnd,
    kTogether = kRequestRegisters,
  };
  /// So many parameters, of three, stand in registers; kNoParameters: they are to be asked for.
  static constexpr size_t kMostParameters = 3;
  static constexpr uint32_t kNoParameters = 4;
  /// So many requests are given to JavaScript at once.
  static constexpr size_t kMostTogether = 32;
  static constexpr size_t kLater = kTogether + kMostTogether * kRequestRegisters;
  static constexpr int kMostTurns = 2;

  napi_env env_;
  std::unique_ptr<net::Loop> loop_;
  Slots slots_{*this};
  Sockets sockets_{*this};
  Links links_{*this};
  std::vector<http::Reference<server::Server>> servers_;
  std::vector<double> ended_tables_;
  CertificateRequests certificate_requests_;

  uv_poll_t poll_{};
  uv_timer_t timer_{};
  net::TimePoint timer_deadline_ = net::TimePoint::max();
  int handles_to_close_ = 2;
  bool referenced_ = false;
  bool ended_ = false;
  bool entered_ = false;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;

  std::array<napi_ref, kCallbackNames.size()> callbacks_{};
  napi_ref resource_ = nullptr;
  napi_ref registers_array_ = nullptr;
  napi_async_context async_context_ = nullptr;
  uint32_t* registers_ = nullptr;

  std::vector<Waiting> waiting_;
  std::string heads_;
  bool slow_handlers_ = false;
  DueReplies due_;

  // While JavaScript may be called from a wake-up.
  bool waking_ = false;
  bool in_javascript_ = false;
  bool in_jobs_ = false;
  napi_handle_scope outer_scope_ = nullptr;
  napi_handle_scope inner_scope_ = nullptr;  // from the second batch of calls on
  napi_callback_scope callback_scope_ = nullptr;
  napi_value dispatch_ = nullptr;  // of the outer scope
  napi_value receiver_ = nullptr;  // of the outer scope
  uint32_t calls_in_scope_ = 0;
  uint32_t depth_ = 0;

  std::unique_ptr<char[]> scratch_;
  std::string large_;
};

}  // namespace bao::node
