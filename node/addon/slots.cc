#include "slots.h"

#include <utility>

#include "environment.h"

namespace bao::node {

void Slot::suspend() {
  exchange_->set_observer(this);
  if (exchange_->client_gone()) on_client_gone(*exchange_);
}

bool Slot::want_body() {
  asking_ = true;
  exchange_->collect_body();
  asking_ = false;
  // Asking may have ended the exchange.
  if (!exchange_) return false;
  return exchange_->body_state() != http::Exchange::BodyState::collecting;
}

void Slot::want_pieces() {
  reads_pieces_ = true;
  exchange_->stream_body(*this);
}

bool Slot::take_body() {
  return !std::exchange(body_taken_, true);
}

void Slot::on_body_complete(http::Exchange& exchange) {
  if (!asking_) tell_body(exchange);
}

void Slot::on_body(http::Exchange& exchange) {
  if (std::exchange(waits_, false)) tell_body(exchange);
}

void Slot::tell_body(const http::Exchange& exchange) {
  environment_.tell_body(*this, exchange.body_state() == http::Exchange::BodyState::failed
                                    ? exchange.failure()
                                    : http::Failure::none);
}

void Slot::on_client_gone(http::Exchange& exchange) {
  environment_.tell_gone(*this, exchange.failure(), exchange.stream() == nullptr);
}

void Slot::on_drained(http::Exchange&) {
  environment_.tell_drained(*this);
}

Slot& Slots::open(server::Exchange& exchange) {
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back(environment_, index);
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.exchange_ = http::Reference<server::Exchange>(&exchange);
  slot.body_taken_ = slot.reads_pieces_ = slot.waits_ = false;
  return slot;
}

http::Reference<server::Exchange> Slots::close(Slot& slot) {
  auto exchange = std::exchange(slot.exchange_, {});
  if (exchange) {
    if (exchange->observer() == &slot) exchange->set_observer(nullptr);
    if (std::exchange(slot.reads_pieces_, false)) exchange->drop_body();
    free_.push_back(slot.index_);
  }
  return exchange;
}

void Slots::close_all() {
  for (size_t i = 0; i < slots_.size(); ++i) close(slots_[i]);
}

}  // namespace bao::node
