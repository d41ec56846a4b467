#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <bao/handler.h>
#include <bao/request.h>

#include "net/loop.h"
#include "server/exchange.h"

namespace bao::detail {

class App;
class BodySource;

/// One run of a handler: the Request that it sees, and what it waits for. On the stack for a
/// handler that answers at once; on the heap, until it has ended, for a coroutine.
class Call final : public http::ExchangeObserver, public net::Resident, private Receiver {
 public:
  Call(App& app, server::Exchange& exchange);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  /// Runs a handler that is no coroutine, and answers.
  void run(const Handler& handler);
  /// The same for any handler; the call is on the heap and deletes itself when it is over.
  void start(const Handler& handler);
  /// Begins when the whole body is here. On the heap, too.
  void start_with_body(const Handler& handler);

  server::Exchange& exchange() const { return *exchange_; }
  Request& request() { return request_; }

  // -- For Request and the bodies

  /// True if the body is here or will never be; asks for it at the first call.
  bool body_ready();
  void wait_for_body(std::coroutine_handle<> waiting);
  std::string take_body();
  Body body();
  bool body_used() const { return body_used_; }
  Cookies& cookies();
  std::stop_token stop_token();

  // http::ExchangeObserver
  void on_body_complete(http::Exchange& exchange) override;
  void on_client_gone(http::Exchange& exchange) override;
  // net::Resident
  void on_loop_end() override;

  static Call& of(const Request& request) { return request.call_; }

 private:
  // Receiver: what the handler, or the error handler, came to.
  void on_response(Response& response) override;
  void on_nothing() override;
  void on_started(const Started& started) override { started_ = started; }

  void go_on();
  void on_task_done();
  void fail(const std::exception_ptr& error);
  void run_error_handler(const std::exception_ptr& error);
  void send_file(const File& file, const Response& response);
  bool answer_by_status(const std::exception_ptr& error);
  void send_error_page(const std::exception_ptr& error);
  void move_to_heap_and_fail(const std::exception_ptr& error);
  void end();

  App& app_;
  http::Reference<server::Exchange> exchange_;
  Request request_;
  std::optional<std::stop_source> stop_source_;
  std::coroutine_handle<> waiting_for_body_ = nullptr;
  Started started_;
  Handler pending_;           // waits for the body before it is run
  std::exception_ptr error_;  // the error handler's argument lives in it
  std::optional<UnknownException> unknown_;
  std::shared_ptr<BodySource> body_source_;  // once pieces were asked for
  std::unique_ptr<Cookies> cookies_;         // once they were asked for
  bool on_heap_ = false;
  bool body_used_ = false;
  bool handling_error_ = false;
};

}  // namespace bao::detail
