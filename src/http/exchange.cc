#include "http/exchange.h"

#include <utility>

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

void Exchange::stream_body(BodyReader& reader) {
  if (body_state_ != BodyState::unread) return;
  by_pieces_ = true;
  reader_ = &reader;
  collect_body();
}

std::string Exchange::take_body_piece() {
  const bool was_full = body_full();
  std::string piece = std::exchange(body_, {});
  if (was_full && body_state_ == BodyState::collecting && stream_ != nullptr) {
    stream_->resume_body(*this);
  }
  return piece;
}

void Exchange::drop_body() {
  reader_ = nullptr;
  std::string().swap(body_);
  if (body_state_ == BodyState::collecting && stream_ != nullptr) stream_->drop_body(*this);
}

bool Exchange::reply(const Reply& reply) {
  if (!open()) return false;
  replied_ = true;
  const bool head_request = head.method_id == Method::head;
  streaming_ = reply.streamed && reply_has_content(reply.status, head_request);
  stream_->send_reply(*this, reply);
  return true;
}

std::optional<Upgraded> Exchange::upgrade(std::string_view protocol, const Fields& fields) {
  if (!open()) return std::nullopt;
  std::optional<Upgraded> upgraded = stream_->upgrade(*this, protocol, fields);
  if (upgraded) replied_ = true;
  return upgraded;
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

void Exchange::tell_body_over() {
  if (by_pieces_) {
    if (reader_ != nullptr) reader_->on_body(*this);
  } else if (observer_ != nullptr) {
    observer_->on_body_complete(*this);
  }
}

void Exchange::end_body() {
  body_state_ = BodyState::complete;
  tell_body_over();
}

void Exchange::fail_body(Failure failure) {
  if (failure_ == Failure::none) failure_ = failure;
  if (body_state_ == BodyState::complete) return;
  bool waited = body_state_ == BodyState::collecting;
  body_state_ = BodyState::failed;
  if (waited) tell_body_over();
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
  reader_ = nullptr;
  added_fields = nullptr;
  body_limit = body_received_ = 0;
  body_window = kBodyWindow;
  body_state_ = BodyState::unread;
  failure_ = Failure::none;
  replied_ = streaming_ = client_gone_ = by_pieces_ = false;
}

}  // namespace bao::http
