#include "http/exchange.h"

#include "http/status.h"

namespace bao::http {

namespace {
// What a cleared exchange keeps of its body buffer.
constexpr size_t kKeptBody = 16 * 1024;
}  // namespace

void Exchange::collect_body() {
  if (body_state_ != BodyState::unread) return;
  if (stream_ == nullptr) {
    fail_body(failure_ == Failure::none ? Failure::client_gone : failure_);
    return;
  }
  body_state_ = BodyState::collecting;
  stream_->start_body(*this);
}

bool Exchange::reply(const Reply& reply) {
  if (!open()) return false;
  replied_ = true;
  const bool head_request = head.method_id == Method::head;
  streaming_ = reply.streamed && reply_has_content(reply.status, head_request);
  stream_->send_reply(*this, reply);
  return true;
}

Exchange::WriteResult Exchange::write(std::string_view piece) {
  if (!streaming()) return WriteResult::over;
  Reference<Exchange> keep(this);
  const bool ready = stream_->send_content(*this, piece);
  if (stream_ == nullptr) return WriteResult::over;
  return ready ? WriteResult::sent : WriteResult::behind;
}

bool Exchange::finish(const Fields* trailers) {
  if (!streaming()) return false;
  streaming_ = false;
  stream_->end_content(*this, trailers);
  return true;
}

bool Exchange::abort() {
  if (!open() && !streaming()) return false;
  Reference<Exchange> keep(this);
  failure_ = Failure::aborted;
  stream_->abort(*this);
  return true;
}

void Exchange::end_body() {
  body_state_ = BodyState::complete;
  if (observer_ != nullptr) observer_->on_body_complete(*this);
}

void Exchange::fail_body(Failure failure) {
  if (failure_ == Failure::none) failure_ = failure;
  if (body_state_ == BodyState::complete) return;
  bool waited = body_state_ == BodyState::collecting;
  body_state_ = BodyState::failed;
  if (waited && observer_ != nullptr) observer_->on_body_complete(*this);
}

void Exchange::signal_client_gone() {
  if (client_gone_) return;
  client_gone_ = true;
  if (observer_ != nullptr) observer_->on_client_gone(*this);
}

void Exchange::cut(Failure cause) {
  Reference<Exchange> keep(this);
  stream_ = nullptr;
  if (failure_ == Failure::none) failure_ = cause;
  fail_body(cause);
  // Told again after a half-close: whoever went on writing must know that it is over now.
  client_gone_ = true;
  if (observer_ != nullptr) observer_->on_client_gone(*this);
}

void Exchange::clear() {
  head.clear();
  if (body_.capacity() > kKeptBody) std::string().swap(body_);
  body_.clear();
  stream_ = nullptr;
  observer_ = nullptr;
  body_limit = 0;
  body_state_ = BodyState::unread;
  failure_ = Failure::none;
  replied_ = streaming_ = client_gone_ = false;
}

}  // namespace bao::http
