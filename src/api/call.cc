#include "api/call.h"

#include <stdexcept>
#include <system_error>
#include <utility>

#include <bao/fetch.h>

#include "api/app.h"
#include "api/body_source.h"
#include "api/file_reply.h"
#include "api/reply_stream.h"
#include "http/cookie.h"
#include "server/error_page.h"
#include "server/server.h"
#include "trace/exception.h"

namespace bao::detail {

namespace {

std::string request_line(const http::RequestHead& head) {
  std::string line(head.method());
  line.append(" ")
      .append(head.target())
      .append(head.minor_version == 0 ? " HTTP/1.0" : " HTTP/1.1");
  return line;
}

[[noreturn]] void throw_body_taken() {
  throw std::logic_error(
      "The body of this request was taken before: keep what text(), bytes() or json() gave");
}

}  // namespace

Call::Call(App& app, server::Exchange& exchange)
    : app_(app), exchange_(&exchange), request_(*this) {}

Call::~Call() {
  if (exchange_->observer() == this) exchange_->set_observer(nullptr);
  if (on_heap_) exchange_->server().loop().remove_resident(*this);
  if (started_.frame) started_.frame.destroy();
  // Only if the loop ends before the handler has: the client must not wait for a reply that never
  // comes.
  if (on_heap_ && exchange_->open()) exchange_->abort();
}

void Call::end() {
  if (on_heap_) delete this;
}

void Call::on_loop_end() {
  delete this;
}

// ---- Running handlers

void Call::run(const Handler& handler) {
  try {
    handler(request_, app_.server(), *this);
  } catch (...) {
    move_to_heap_and_fail(std::current_exception());
  }
}

// The error handler may be a coroutine, which a call on the stack could not wait for.
void Call::move_to_heap_and_fail(const std::exception_ptr& error) {
  exchange_->head.own();
  auto* call = new Call(app_, *exchange_);
  call->on_heap_ = true;
  exchange_->server().loop().add_resident(*call);
  exchange_->set_observer(call);
  call->body_used_ = body_used_;
  call->body_source_ = std::move(body_source_);
  call->cookies_ = std::move(cookies_);
  call->fail(error);
}

void Call::start(const Handler& handler) {
  if (!on_heap_) {
    on_heap_ = true;
    exchange_->server().loop().add_resident(*this);
    exchange_->set_observer(this);
  }
  try {
    handler(request_, app_.server(), *this);
  } catch (...) {
    return fail(std::current_exception());
  }
  go_on();
}

void Call::start_with_body(const Handler& handler) {
  on_heap_ = true;
  exchange_->server().loop().add_resident(*this);
  exchange_->set_observer(this);
  exchange_->collect_body();
  if (exchange_->body_state() == http::Exchange::BodyState::collecting) {
    pending_ = handler;
  } else if (exchange_->body_state() == http::Exchange::BodyState::failed) {
    end();  // the client has its answer
  } else {
    start(handler);
  }
}

// Runs the coroutine that a handler has started; without one the call is over.
void Call::go_on() {
  if (!started_.frame) return end();
  started_.promise->owner = this;
  started_.promise->completed = [](void* owner) { static_cast<Call*>(owner)->on_task_done(); };
  started_.frame.resume();
}

void Call::on_task_done() {
  const Started done = std::exchange(started_, Started());
  std::exception_ptr error;
  try {
    done.deliver(*done.promise, *this);
  } catch (...) {
    error = std::current_exception();
  }
  done.frame.destroy();
  if (error) return fail(error);
  end();
}

// ---- Answers

void Call::on_response(Response& response) {
  if (!exchange_->open()) return;
  if (response.producer() != nullptr) return ReplyStream::start(*exchange_, response);
  if (const File* file = response.file()) return send_file(*file, response);
  std::string& body = response.body();
  exchange_->reply({.status = response.status(),
                    .fields = &response.fields(),
                    .content_type = response.default_content_type(),
                    .body = body,
                    .body_text = &body});
}

// It is the handler that has named a file which is not there, so it has failed.
void Call::send_file(const File& file, const Response& response) {
  const std::error_code error = server::send_file(*exchange_, file_reply(file, response));
  if (error) throw std::system_error(error, "The file \"" + file.path() + "\" cannot be sent");
}

void Call::on_nothing() {
  if (!exchange_->open()) return;
  if (handling_error_) return send_error_page(error_);
  if (!app_.development()) {
    exchange_->reply({.status = 204});
    return;
  }
  std::string page = server::render_no_response_page(request_line(exchange_->head));
  exchange_->reply({.status = 500, .content_type = "text/html;charset=utf-8", .body = page});
}

void Call::fail(const std::exception_ptr& error) {
  // The client was answered by the protocol layer, or is gone: there is nobody to tell.
  if (!exchange_->open()) return end();
  if (!handling_error_ && app_.error_handler()) return run_error_handler(error);
  send_error_page(error);
  end();
}

void Call::run_error_handler(const std::exception_ptr& error) {
  handling_error_ = true;
  error_ = error;
  try {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      app_.error_handler()(exception, request_, *this);
    } catch (...) {
      unknown_.emplace(trace::describe(error));
      app_.error_handler()(*unknown_, request_, *this);
    }
  } catch (...) {
    send_error_page(std::current_exception());
    end();
    return;
  }
  go_on();
}

// A form that is none is its client's fault, and the answer says so; another server's failure is
// for the log.
bool Call::answer_by_status(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const FormError& refusal) {
    exchange_->reply({.status = refusal.status(),
                      .content_type = "text/plain;charset=utf-8",
                      .body = std::string(refusal.what()) + "\n"});
    return true;
  } catch (const FetchError& failure) {
    exchange_->server().log(failure.what());
    exchange_->reply({.status = failure.status(),
                      .content_type = "text/plain;charset=utf-8",
                      .body = failure.status() == 504 ? "Gateway Timeout\n" : "Bad Gateway\n"});
    return true;
  } catch (...) {
    return false;
  }
}

void Call::send_error_page(const std::exception_ptr& error) {
  if (answer_by_status(error)) return;
  const http::RequestHead& head = exchange_->head;
  server::ErrorPageContent content = server::describe_exception(error);
  content.request_line = request_line(head);
  exchange_->server().log(server::render_error_text(content));
  if (!app_.development()) {
    exchange_->reply({.status = 500});
    return;
  }
  for (size_t i = 0; i < head.field_count(); ++i) {
    content.request_fields.emplace_back(head.field_name(i), head.field_value(i));
  }
  std::string page = server::render_error_page(content);
  exchange_->reply({.status = 500, .content_type = "text/html;charset=utf-8", .body = page});
}

// ---- What handlers wait for

bool Call::body_ready() {
  if (body_source_) return true;  // taken: nothing to wait for
  exchange_->collect_body();
  return exchange_->body_state() != http::Exchange::BodyState::collecting;
}

void Call::wait_for_body(std::coroutine_handle<> waiting) {
  waiting_for_body_ = waiting;
}

std::string Call::take_body() {
  if (!body_source_ && exchange_->body_state() == http::Exchange::BodyState::failed)
    throw_body_error(exchange_->failure());
  if (std::exchange(body_used_, true)) throw_body_taken();
  return std::move(exchange_->body());
}

Body Call::body() {
  if (!body_source_) {
    if (std::exchange(body_used_, true) || waiting_for_body_) throw_body_taken();
    body_source_ = std::make_shared<BodySource>(*exchange_);
  }
  return Body(body_source_);
}

Cookies& Call::cookies() {
  if (cookies_ == nullptr) {
    http::RequestCookies sent;
    for (std::string_view value : request_.field_all("cookie")) sent.add(value);
    cookies_ = std::make_unique<Cookies>(std::move(sent).entries(), exchange_->added_fields);
  }
  return *cookies_;
}

std::stop_token Call::stop_token() {
  if (!stop_source_) {
    stop_source_.emplace();
    if (exchange_->observer() == nullptr) exchange_->set_observer(this);
    if (exchange_->client_gone()) stop_source_->request_stop();
  }
  return stop_source_->get_token();
}

void Call::on_body_complete(http::Exchange& exchange) {
  if (pending_) {
    Handler handler = std::exchange(pending_, Handler());
    if (exchange.body_state() == http::Exchange::BodyState::failed) return end();
    return start(handler);
  }
  if (waiting_for_body_) std::exchange(waiting_for_body_, nullptr).resume();
}

void Call::on_client_gone(http::Exchange&) {
  if (!stop_source_) return;
  // A callback may end the handler, and with it this call and all tokens, while the request to stop
  // has not come to the others: the copy keeps what it works on.
  std::stop_source source = *stop_source_;
  source.request_stop();
}

}  // namespace bao::detail
