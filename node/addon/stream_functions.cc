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
WriteResult write_piece(Call& call, server::Exchange& exchange) {
  if (auto text = call.environment.read_text(call[1])) {
    const WriteResult result = exchange.write(text->view);
    if (text->owned != nullptr) std::string().swap(*text->owned);
    return result;
  }
  auto view = to_bytes(call.env, call[1]);
  if (!view) throw WrongValue("a string or a Uint8Array was expected");
  return exchange.write(*view);
}

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
  exchange->reply(reply);
  const bool wanted = exchange->streaming();
  if (!wanted && slot.has(*exchange)) call.environment.slots().close(slot);
  return boolean(call.env, wanted);
}

napi_value write(Call& call) {
  Environment::Entry entry(call.environment);
  const http::Reference<server::Exchange> exchange(&call.slot().exchange());
  return number(call.env, static_cast<int>(write_piece(call, *exchange)));
}

napi_value finish(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const Fields trailers = to_fields(call.env, call[1]);
  return boolean(call.env, call.environment.slots().close(slot)->finish(&trailers));
}

napi_value may_be_trailer(Call& call) {
  return boolean(call.env, http::may_be_trailer(to_latin1(call.env, call[0])));
}

}  // namespace bao::node
