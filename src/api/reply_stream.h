#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <bao/response.h>
#include <bao/writer.h>

#include "net/loop.h"
#include "server/exchange.h"

namespace bao::detail {

/// A streamed reply under way: runs its producer and writes what that gives. Deletes itself when it
/// is over.
class ReplyStream final : public http::ExchangeObserver, public net::Resident {
 public:
  /// Sends the head of `response` and starts its producer.
  static void start(server::Exchange& exchange, const Response& response);

  // -- For Writer

  /// Throws std::length_error, after it has cut the connection, if that is more than was declared.
  void write(std::string_view piece);
  bool behind() const { return behind_; }
  bool gone() const { return !exchange_->streaming(); }
  void wait(std::coroutine_handle<> waiting) { waiting_ = waiting; }
  Fields& trailers() { return trailers_; }
  std::stop_token stop_token();

  // http::ExchangeObserver
  void on_body_complete(http::Exchange&) override {}
  void on_client_gone(http::Exchange& exchange) override;
  void on_drained(http::Exchange& exchange) override;
  // net::Resident
  void on_loop_end() override { delete this; }

 private:
  ReplyStream(server::Exchange& exchange, const Response& response);
  ~ReplyStream();

  void run(const Producer& produce);
  void on_done();
  void fail(const std::exception_ptr& error);
  std::string cut_for_length();
  void resume();

  static constexpr uint64_t kAnyLength = std::numeric_limits<uint64_t>::max();

  http::Reference<server::Exchange> exchange_;
  Response response_;  // keeps the producer, whose coroutine uses its captures
  Writer writer_;
  Fields trailers_;
  std::coroutine_handle<Promise<void>> frame_ = nullptr;
  std::coroutine_handle<> waiting_ = nullptr;
  std::optional<std::stop_source> stop_source_;
  uint64_t declared_;
  uint64_t written_ = 0;
  bool behind_ = false;
};

}  // namespace bao::detail
