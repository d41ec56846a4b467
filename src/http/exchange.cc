#include "http/exchange.h"

#include <algorithm>
#include <utility>

#include "http/status.h"

namespace bao::http {

namespace {
// What a cleared exchange keeps of its body buffer.
constexpr size_t kKeptBody = 16 * 1024;
// What is decoded of a body at a time.
constexpr size_t kDecodedAtATime = 64 * 1024;
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
  if (!was_full || body_state_ != BodyState::collecting || stream_ == nullptr) return piece;
  if (body_filter_ != nullptr) {
    decode_waiting();
    if (body_full() || body_state_ != BodyState::collecting || stream_ == nullptr) return piece;
  }
  if (!body_ended_) stream_->resume_body(*this);
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
  if (reply_filter_ == nullptr) {
    stream_->send_reply(*this, reply);
  } else {
    Reference<Exchange> keep(this);
    reply_filter_->send_reply(*this, *stream_, reply);
  }
  return true;
}

std::optional<Upgraded> Exchange::upgrade(std::string_view protocol, const Fields& fields) {
  if (!open()) return std::nullopt;
  std::optional<Upgraded> upgraded = stream_->upgrade(*this, protocol, fields);
  if (upgraded) replied_ = true;
  return upgraded;
}

std::optional<Upgraded> Exchange::hand_over() {
  if (!open()) return std::nullopt;
  std::optional<Upgraded> upgraded = stream_->hand_over(*this);
  if (upgraded) replied_ = true;
  return upgraded;
}

bool Exchange::send_interim(int status, const Fields& fields) {
  if (!open()) return false;
  Reference<Exchange> keep(this);
  stream_->send_interim(*this, status, fields);
  return stream_ != nullptr;
}

Exchange::WriteResult Exchange::write(std::string_view piece) {
  if (!streaming()) return WriteResult::over;
  Reference<Exchange> keep(this);
  const bool ready = reply_filter_ == nullptr ? stream_->send_content(*this, piece)
                                              : reply_filter_->send_content(*this, *stream_, piece);
  if (stream_ == nullptr) return WriteResult::over;
  return ready ? WriteResult::sent : WriteResult::behind;
}

bool Exchange::finish(const Fields* trailers) {
  if (!streaming()) return false;
  streaming_ = false;
  if (reply_filter_ == nullptr) {
    stream_->end_content(*this, trailers);
  } else {
    Reference<Exchange> keep(this);
    reply_filter_->end_content(*this, *stream_, trailers);
  }
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
  if (body_filter_ != nullptr && !body_ended_) {
    body_ended_ = true;
    return decode_waiting();
  }
  body_state_ = BodyState::complete;
  tell_body_over();
}

// ---- Bodies with a content coding

void Exchange::decode_body(std::unique_ptr<BodyFilter> filter, uint64_t limit) {
  body_filter_ = std::move(filter);
  decoded_left_ = limit;
}

void Exchange::deliver_encoded(std::string_view piece) {
  body_filter_->put(piece);
  decode_waiting();
  // Nobody reads it any more, so nobody makes room.
  if (body_state_ == BodyState::collecting && !body_wanted()) undecoded_waits_ = true;
}

// Decodes as far as there is room. Whoever reads may take a piece meanwhile, which is no reason to
// begin anew.
void Exchange::decode_waiting() {
  if (decoding_) return;
  Reference<Exchange> keep(this);
  decoding_ = true;
  while (decode_some()) {
  }
  decoding_ = false;
}

// True if there may be more to decode.
bool Exchange::decode_some() {
  if (body_state_ != BodyState::collecting || !body_wanted()) return false;
  size_t room = kDecodedAtATime;
  if (by_pieces_) room = body_window - std::min(body_window, body_.size());
  if (room == 0) {
    undecoded_waits_ = true;
    return false;
  }
  const size_t before = body_.size();
  const BodyFilter::Status status = body_filter_->decode(room, body_);
  const size_t count = body_.size() - before;
  undecoded_waits_ = status == BodyFilter::Status::full;
  if (status == BodyFilter::Status::malformed) {
    refuse_body(400, "the body is not of its content coding\n", Failure::malformed_body);
    return false;
  }
  if (count > decoded_left_) {
    refuse_body(413, "the decoded body is larger than this server takes\n",
                Failure::body_too_large);
    return false;
  }
  decoded_left_ -= count;
  if (count > 0 && reader_ != nullptr) reader_->on_body(*this);
  if (status == BodyFilter::Status::full) return true;
  if (!body_ended_ || body_state_ != BodyState::collecting) return false;
  if (body_filter_->at_end()) {
    end_body();
  } else {
    refuse_body(400, "the body ends in the middle of its content coding\n",
                Failure::malformed_body);
  }
  return false;
}

void Exchange::refuse_body(int status, std::string_view reason, Failure failure) {
  std::string().swap(body_);
  undecoded_waits_ = false;
  if (failure_ == Failure::none) failure_ = failure;
  if (streaming()) {
    stream_->abort(*this);
  } else {
    reply({.status = status,
           .content_type = "text/plain;charset=utf-8",
           .body = reason,
           .close = true});
  }
  fail_body(failure);
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
  trailers = nullptr;
  body_filter_ = nullptr;
  own_filter_ = nullptr;
  reply_filter_ = nullptr;
  body_limit = body_received_ = decoded_left_ = 0;
  body_window = kBodyWindow;
  body_state_ = BodyState::unread;
  failure_ = Failure::none;
  replied_ = streaming_ = client_gone_ = by_pieces_ = false;
  body_ended_ = undecoded_waits_ = decoding_ = false;
}

}  // namespace bao::http
