#include "api/body_source.h"

#include <stdexcept>
#include <utility>

#include <bao/body.h>
#include <bao/error.h>

namespace bao {

namespace detail {

void throw_body_error(http::Failure failure) {
  using Reason = BodyError::Reason;
  switch (failure) {
    case http::Failure::none:
    case http::Failure::client_gone:
      throw BodyError(Reason::client_gone, "The client went away before the body had arrived");
    case http::Failure::timed_out:
      throw BodyError(Reason::timed_out, "The body did not arrive before the idle timeout");
    case http::Failure::body_too_large:
      throw BodyError(Reason::too_large,
                      "The body is larger than max_request_body_size, or limit_body, allows");
    case http::Failure::malformed_body:
      throw BodyError(Reason::malformed, "The body violates the chunked transfer coding");
    case http::Failure::aborted:
    case http::Failure::stopped: break;
  }
  throw BodyError(Reason::aborted, "The request was aborted before its body had arrived");
}

const Fields& trailers_of(const http::Exchange& exchange) {
  static const Fields none{};
  return exchange.trailers == nullptr ? none : *exchange.trailers;
}

BodySource::BodySource(server::Exchange& exchange) : exchange_(&exchange) {
  exchange.stream_body(*this);
}

BodySource::~BodySource() {
  exchange_->drop_body();
}

bool BodySource::ready() const {
  return !exchange_->body().empty() ||
         exchange_->body_state() != http::Exchange::BodyState::collecting;
}

void BodySource::wait(std::coroutine_handle<> waiting) {
  if (waiting_) throw std::logic_error("Somebody waits for the next piece of this body already");
  waiting_ = waiting;
}

std::optional<std::string> BodySource::take() {
  if (exchange_->body_state() == http::Exchange::BodyState::failed) {
    throw_body_error(exchange_->failure());
  }
  std::string piece = exchange_->take_body_piece();
  if (piece.empty()) return std::nullopt;
  return piece;
}

void BodySource::on_body(http::Exchange&) {
  if (waiting_) std::exchange(waiting_, nullptr).resume();
}

}  // namespace detail

const Fields& Body::trailers() const {
  return source_->trailers();
}

Body::Next::~Next() {
  if (waits_) source_->stop_waiting();
}

bool Body::Next::await_ready() const {
  return source_->ready();
}

void Body::Next::await_suspend(std::coroutine_handle<> waiting) {
  source_->wait(waiting);
  waits_ = true;
}

std::optional<std::string> Body::Next::await_resume() {
  waits_ = false;
  return source_->take();
}

}  // namespace bao
