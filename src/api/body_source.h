#pragma once

#include <coroutine>
#include <optional>
#include <string>

#include "http/reference.h"
#include "server/exchange.h"

namespace bao::detail {

/// Throws the BodyError for a body that never arrives.
[[noreturn]] void throw_body_error(http::Failure failure);

/// The trailer fields that have come; none before the body's end.
const Fields& trailers_of(const http::Exchange& exchange);

/// What the handles of one body share: takes its pieces, and tells the exchange when nobody reads
/// it any more.
class BodySource final : public http::BodyReader {
 public:
  /// Asks for the body, unless it is here already.
  explicit BodySource(server::Exchange& exchange);
  ~BodySource();
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;

  /// True if there is a piece, or will never be one.
  bool ready() const;
  /// Throws std::logic_error if somebody waits already.
  void wait(std::coroutine_handle<> waiting);
  /// Whoever waits goes away.
  void stop_waiting() { waiting_ = nullptr; }
  /// The piece, or none at the end. Throws BodyError.
  std::optional<std::string> take();

  const Fields& trailers() const { return trailers_of(*exchange_); }

  // http::BodyReader
  void on_body(http::Exchange& exchange) override;

 private:
  http::Reference<server::Exchange> exchange_;
  std::coroutine_handle<> waiting_ = nullptr;
};

}  // namespace bao::detail
