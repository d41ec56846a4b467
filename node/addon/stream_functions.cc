#include <cmath>
#include <utility>

#include "fields.h"
#include "functions.h"
#include "http/trailers.h"
#include "reply_head.h"
#include "values.h"

namespace bao::node {

namespace {

using WriteResult = http::Exchange::WriteResult;

// The largest whole number that JavaScript can hold exactly.
constexpr double kMostLength = 9007199254740991;

std::optional<uint64_t> to_length(napi_env env, napi_value value) {
  if (is_nothing(env, value)) return std::nullopt;
  const double length = to_number(env, value);
  if (!(length >= 0 && length <= kMostLength) || length != std::floor(length)) {
    throw WrongValue("a length in bytes was expected");
  }
  return static_cast<uint64_t>(length);
}

// JavaScript that is called meanwhile cannot hinder the piece: the connection has it by then.
WriteResult write_piece(Call& call, napi_value piece, server::Exchange& exchange) {
  if (auto text = call.environment.read_text(piece)) {
    const WriteResult result = exchange.write(text->view);
    if (text->owned != nullptr) std::string().swap(*text->owned);
    return result;
  }
  auto view = to_bytes(call.env, piece);
  if (!view) throw WrongValue("a string or a Uint8Array was expected");
  return exchange.write(*view);
}

/// While it lives, what is sent on a stream leaves in one write.
class Gathering {
 public:
  explicit Gathering(http::Stream* stream)
      : stream_(stream != nullptr && stream->gather() ? stream : nullptr) {}
  ~Gathering() {
    if (stream_ != nullptr) stream_->send_gathered();
  }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

 private:
  http::Stream* stream_;
};

}  // namespace

napi_value reply_stream(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const ReplyHead head(call, 5);
  http::Reply reply = head.reply();
  reply.streamed = true;
  reply.length = to_length(call.env, call[4]);
  // Sending may end the exchange, and then its slot is already somebody else's.
  const http::Reference<server::Exchange> exchange(&slot.exchange());
  WriteResult result = WriteResult::sent;
  bool wanted = false;
  {
    const Gathering gathering(exchange->stream());
    exchange->reply(reply);
    wanted = exchange->streaming();
    if (wanted && !is_nothing(call.env, call[6])) result = write_piece(call, call[6], *exchange);
  }
  if (!wanted && slot.has(*exchange)) call.environment.slots().close(slot);
  return number(call.env, !wanted ? 0 : result == WriteResult::behind ? 2 : 1);
}

napi_value write(Call& call) {
  Environment::Entry entry(call.environment);
  const http::Reference<server::Exchange> exchange(&call.slot().exchange());
  return number(call.env, static_cast<int>(write_piece(call, call[1], *exchange)));
}

napi_value finish(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const Fields trailers = to_fields(call.env, call[1]);
  const http::Reference<server::Exchange> exchange(&slot.exchange());
  const Gathering gathering(exchange->stream());
  if (!is_nothing(call.env, call[2])) write_piece(call, call[2], *exchange);
  // Writing may have ended the exchange.
  if (!slot.has(*exchange)) return boolean(call.env, false);
  call.environment.slots().close(slot);
  return boolean(call.env, exchange->finish(&trailers));
}

napi_value may_be_trailer(Call& call) {
  return boolean(call.env, http::may_be_trailer(to_latin1(call.env, call[0])));
}

}  // namespace bao::node
