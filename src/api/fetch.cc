#include <charconv>
#include <functional>
#include <stdexcept>
#include <utility>

#include <bao/fetch.h>
#include <bao/request.h>

#include "api/call.h"
#include "api/fetch_state.h"
#include "api/loop_state.h"
#include "http/displayed_text.h"
#include "http/hop_by_hop.h"
#include "http/tokens.h"

namespace bao {

namespace detail {

namespace {

using Reason = FetchError::Reason;

Reason reason_of(outbound::Failure failure) {
  switch (failure) {
    case outbound::Failure::unresolved: return Reason::unresolved;
    case outbound::Failure::unreachable: return Reason::unreachable;
    case outbound::Failure::insecure: return Reason::insecure;
    case outbound::Failure::timed_out: return Reason::timed_out;
    case outbound::Failure::cut: return Reason::cut;
    case outbound::Failure::body: return Reason::body;
    case outbound::Failure::stopped: return Reason::cancelled;
    case outbound::Failure::none:
    case outbound::Failure::malformed: break;
  }
  return Reason::malformed;
}

// Methods that have a body as a rule say so if theirs is empty (RFC 9110 section 8.6).
bool announces_body(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

FetchState::FetchState(FetchRequest request) {
  FetchOrder& order = *request.order_;
  url_ = order.order.url;
  order.order.has_body |= announces_body(order.order.method);
  source_ = std::move(order.source);
  transfer_ = std::make_unique<outbound::Transfer>(LoopState::current().outbound(),
                                                   std::move(order.order), *this);
  if (order.stop) {
    on_stop_.emplace(*order.stop, [this] { cancel(); });
  }
}

FetchState::~FetchState() {
  *alive_ = nullptr;
  if (pump_) pump_.destroy();
}

Task<FetchReply> FetchState::run(std::shared_ptr<FetchState> state) {
  if (state->source_) state->start_pump();
  co_await News(state, true);
  if (!state->transfer_->has_head()) state->require_success();
  co_return FetchReply(state);
}

bool FetchState::ready(bool for_head) const {
  if (cancelled_ || transfer_->ended()) return true;
  return transfer_->has_head() && (for_head || !transfer_->content().empty());
}

void FetchState::News::await_suspend(std::coroutine_handle<> waiting) {
  if (state_->waiting_) throw std::logic_error("Somebody waits for this reply already");
  state_->waiting_ = waiting;
  state_->waits_for_head_ = for_head_;
  waits_ = true;
}

void FetchState::on_news() {
  // Whoever is resumed may drop the last handle.
  const std::shared_ptr<FetchState*> alive = alive_;
  if (waiting_for_room_ && (!transfer_->body_full() || transfer_->ended())) {
    std::exchange(waiting_for_room_, nullptr).resume();
  }
  if (*alive != nullptr && waiting_ && ready(waits_for_head_)) {
    std::exchange(waiting_, nullptr).resume();
  }
}

void FetchState::cancel() {
  if (cancelled_ || transfer_->ended()) return;
  cancelled_ = true;
  transfer_->cancel();
}

void FetchState::require_success() const {
  if (cancelled_) {
    throw FetchError(Reason::cancelled,
                     "bao::fetch of " + http::quote(url_) + " was cancelled by its stop token");
  }
  const outbound::Failure failure = transfer_->failure();
  if (failure == outbound::Failure::none) return;
  throw FetchError(reason_of(failure),
                   "bao::fetch of " + http::quote(url_) + " failed: " + transfer_->reason());
}

// ---- The body of the request

/// Waits until there is room for more of the body.
struct FetchState::Room {
  FetchState* state;
  bool await_ready() const { return !state->transfer_->body_full() || state->transfer_->ended(); }
  void await_suspend(std::coroutine_handle<> waiting) const { state->waiting_for_room_ = waiting; }
  void await_resume() const {}
};

// Ends with the state, which destroys it.
Task<void> FetchState::pump(FetchState* state) {
  try {
    while (std::optional<std::string> piece = co_await state->source_->next()) {
      state->transfer_->supply(std::move(*piece));
      Room room{state};
      co_await room;
    }
    state->transfer_->finish_body();
  } catch (...) {
    state->transfer_->fail_body();
  }
}

void FetchState::start_pump() {
  pump_ = pump(this).release();
  pump_.promise().completed = [](void*) {};
  pump_.resume();
}

}  // namespace detail

using detail::FetchState;

// ---- FetchRequest

namespace {
[[noreturn]] void refuse_timeout(const char* name, std::chrono::milliseconds timeout,
                                 const char* mend) {
  throw std::invalid_argument(std::string("bao::fetch with a ") + name + " of " +
                              std::to_string(timeout.count()) + " ms: give " + mend);
}
}  // namespace

FetchRequest::FetchRequest(std::string url) : order_(std::make_unique<detail::FetchOrder>()) {
  order_->order.url = std::move(url);
}
FetchRequest::FetchRequest(const FetchRequest& other)
    : order_(std::make_unique<detail::FetchOrder>(*other.order_)) {}
FetchRequest::FetchRequest(FetchRequest&&) noexcept = default;
FetchRequest& FetchRequest::operator=(FetchRequest&&) noexcept = default;
FetchRequest::~FetchRequest() = default;

FetchRequest& FetchRequest::method(std::string method) {
  if (!http::is_token(method) || method == "CONNECT") {
    throw std::invalid_argument("bao::fetch with the method " + http::quote(method) +
                                ": give a token such as POST, but not CONNECT");
  }
  order_->order.method = std::move(method);
  return *this;
}
FetchRequest& FetchRequest::set(std::string_view name, std::string_view value) {
  order_->order.fields.set(name, value);
  return *this;
}
FetchRequest& FetchRequest::append(std::string_view name, std::string_view value) {
  order_->order.fields.append(name, value);
  return *this;
}
FetchRequest& FetchRequest::body(std::string content) {
  order_->order.body = std::move(content);
  order_->order.has_body = true;
  return *this;
}
FetchRequest& FetchRequest::body(Body source, std::optional<std::uint64_t> length) {
  order_->source = std::move(source);
  order_->order.has_body = order_->order.streamed = true;
  order_->order.body_length = length;
  return *this;
}
FetchRequest& FetchRequest::unix_path(std::string path) {
  order_->order.unix_path = std::move(path);
  return *this;
}
FetchRequest& FetchRequest::connect_timeout(std::chrono::milliseconds timeout) {
  if (timeout.count() < 1) refuse_timeout("connect_timeout", timeout, "at least 1 ms");
  order_->order.connect_timeout = timeout;
  return *this;
}
FetchRequest& FetchRequest::timeout(std::chrono::milliseconds timeout) {
  if (timeout.count() < 0) refuse_timeout("timeout", timeout, "0 for none, or more");
  order_->order.timeout = timeout;
  return *this;
}
FetchRequest& FetchRequest::follow(std::uint32_t redirects) {
  order_->order.max_redirects = redirects;
  return *this;
}
FetchRequest& FetchRequest::max_head_size(std::uint32_t bytes) {
  order_->order.max_head_bytes = bytes;
  return *this;
}
FetchRequest& FetchRequest::stop(std::stop_token token) {
  order_->stop = std::move(token);
  return *this;
}

namespace {

std::optional<std::uint64_t> length_in(const std::optional<std::string_view>& value) {
  if (!value) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), length);
  if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
  return length;
}

void append_to_list(Fields& fields, std::string_view name, std::string_view element) {
  std::string list;
  for (std::string_view value : fields.get_all(name)) list.append(value).append(", ");
  fields.set(name, list.append(element));
}

}  // namespace

FetchRequest& FetchRequest::forward(Request& request) {
  Fields sent;
  for (const Fields::Field& field : request.fields()) sent.append(field.name, field.value);
  const std::string host(sent.get("Host").value_or(""));
  sent.remove("Host");
  Fields fields = http::end_to_end_fields(sent);
  // By the version in which it came (RFC 9110 section 7.6.3).
  const bool old = detail::Call::of(request).exchange().head.minor_version == 0;
  append_to_list(fields, "Via", old ? "1.0 bao" : "1.1 bao");
  if (const auto client = request.address()) {
    append_to_list(fields, "X-Forwarded-For", client->address);
  }
  if (!host.empty()) fields.set("X-Forwarded-Host", host);
  fields.set("X-Forwarded-Proto", request.url().starts_with("https:") ? "https" : "http");
  method(std::string(request.method()));
  order_->order.fields = std::move(fields);
  auto length = length_in(request.field("content-length"));
  const bool has_body = length.value_or(0) > 0 || request.field("transfer-encoding").has_value();
  if (detail::Call::of(request).exchange().decodes_body()) {
    order_->order.fields.remove("Content-Encoding");
    length.reset();
  }
  if (has_body) body(request.body(), length);
  return stop(request.stop_token());
}

// ---- FetchReply

int FetchReply::status() const {
  return state_->transfer().status();
}
const Fields& FetchReply::fields() const {
  return state_->transfer().fields();
}

namespace {

Task<std::optional<std::string>> next_piece(std::shared_ptr<FetchState> state) {
  FetchState::News news(state, false);
  co_await news;
  if (!state->transfer().content().empty()) co_return state->transfer().take_content();
  state->require_success();
  co_return std::nullopt;
}

Task<std::string> all_of(std::shared_ptr<FetchState> state, std::uint64_t limit,
                         const char* method) {
  std::string text;
  for (;;) {
    std::optional<std::string> piece = co_await next_piece(state);
    if (!piece) co_return text;
    if (text.size() + piece->size() > limit) {
      throw FetchError(FetchError::Reason::malformed, "The reply has more than " +
                                                          std::to_string(limit) + " bytes: give " +
                                                          method + " a higher limit");
    }
    text += *piece;
  }
}

// What a reply without content is sent on with: status and fields.
Response headed(const outbound::Transfer& transfer, Response response) {
  const int status = transfer.status();
  if (status < 200 || status > 599) {
    throw FetchError(FetchError::Reason::malformed,
                     "The status " + std::to_string(status) + " cannot be sent on");
  }
  response.status(status);
  response.fields() = http::end_to_end_fields(transfer.fields());
  return response;
}

Task<Response> kept(std::shared_ptr<FetchState> state, std::uint64_t limit) {
  Response response = headed(state->transfer(), Response());
  response.body(co_await all_of(state, limit, "buffered()"));
  for (const char* name : {"Content-Length", "Date", "Age"}) response.fields().remove(name);
  co_return response;
}

// Sends the content on. The transfer ends when the client has gone, even while nothing comes.
Task<void> send_on(std::shared_ptr<FetchState> state, Writer& out) {
  std::stop_callback gone(out.stop_token(), [&state] { state->cancel(); });
  try {
    for (;;) {
      std::optional<std::string> piece = co_await next_piece(state);
      if (!piece) co_return;
      co_await out.write(*piece);
    }
  } catch (const FetchError& error) {
    if (error.reason() != FetchError::Reason::cancelled) throw;
  }
  throw ClientGone("The client went away while a reply was sent on to it");
}

}  // namespace

Task<std::optional<std::string>> FetchReply::next() {
  return next_piece(state_);
}

Task<std::string> FetchReply::text(std::uint64_t limit) {
  return all_of(state_, limit, "text()");
}

FetchReply::operator Response() const {
  return headed(state_->transfer(),
                Response::stream([state = state_](Writer& out) { return send_on(state, out); },
                                 length_in(fields().get("Content-Length"))));
}

Task<Response> FetchReply::buffered(std::uint64_t limit) {
  return kept(state_, limit);
}

Task<FetchReply> fetch(FetchRequest request) {
  return FetchState::run(std::make_shared<FetchState>(std::move(request)));
}

}  // namespace bao
