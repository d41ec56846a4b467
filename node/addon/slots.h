#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "http/reference.h"
#include "server/exchange.h"

namespace bao::node {

class Environment;

/// A request that JavaScript knows by a number.
class Slot final : public http::ExchangeObserver, public http::BodyReader {
 public:
  Slot(Environment& environment, uint32_t index) : environment_(environment), index_(index) {}

  uint32_t index() const { return index_; }
  bool open() const { return static_cast<bool>(exchange_); }
  bool has(const server::Exchange& exchange) const { return exchange_.get() == &exchange; }
  /// Only while it is open.
  server::Exchange& exchange() const { return *exchange_; }

  /// The handler has returned without a reply: from now on the environment hears of the body and of
  /// the client. Not before, because JavaScript knows the request by its number only from then on.
  void suspend();

  /// Asks for the body: true if it is here or has failed; else the environment is told later.
  bool want_body();
  /// Asks for the body piece by piece.
  void want_pieces();
  bool reads_pieces() const { return reads_pieces_; }
  /// The environment is to be told, once, when there is a piece or the body is over.
  void wait_for_piece() { waits_ = true; }
  /// True the first time, and only then.
  bool take_body();
  bool body_taken() const { return body_taken_; }

  void on_body_complete(http::Exchange& exchange) override;
  void on_client_gone(http::Exchange& exchange) override;
  void on_drained(http::Exchange& exchange) override;
  void on_body(http::Exchange& exchange) override;

 private:
  friend class Slots;

  Environment& environment_;
  http::Reference<server::Exchange> exchange_;
  uint32_t index_;
  void tell_body(const http::Exchange& exchange);

  bool asking_ = false;
  bool waits_ = false;
  bool reads_pieces_ = false;
  bool body_taken_ = false;
};

/// All slots of a thread. Closed ones are used again, the latest first, so the numbers stay small.
class Slots {
 public:
  explicit Slots(Environment& environment) : environment_(environment) {}

  Slot& open(server::Exchange& exchange);
  /// Gives the exchange back, which tells it that nobody observes it any more.
  http::Reference<server::Exchange> close(Slot& slot);
  /// Null if there is no open slot of that number.
  Slot* find(uint32_t index) {
    return index < slots_.size() && slots_[index].open() ? &slots_[index] : nullptr;
  }
  void close_all();

 private:
  Environment& environment_;
  std::deque<Slot> slots_;  // whose elements stay where they are
  std::vector<uint32_t> free_;
};

}  // namespace bao::node
