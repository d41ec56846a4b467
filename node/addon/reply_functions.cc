#include <algorithm>
#include <memory>

#include "error_page.h"
#include "fields.h"
#include "functions.h"
#include "reply_head.h"
#include "values.h"

namespace bao::node {

namespace {

// "For ever" as the longest duration there is would overflow when it is added to a point in time.
constexpr double kLongestTimeout = 100.0 * 365 * 24 * 3600 * 1000;

// The slot ends with its reply, whatever becomes of that.
bool send(Call& call, Slot& slot, const http::Reply& reply) {
  return call.environment.slots().close(slot)->reply(reply);
}

}  // namespace

ReplyHead::ReplyHead(const Call& call, std::optional<size_t> reason_at) {
  if (!is_nothing(call.env, call[2])) fields_ = to_fields(call.env, call[2]);
  if (!is_nothing(call.env, call[3])) type_ = to_latin1(call.env, call[3]);
  status_ = to_status(call.env, call[1]);
  if (!reason_at || is_nothing(call.env, call[*reason_at])) return;
  reason_ = to_latin1(call.env, call[*reason_at]);
  // RFC 9112 section 4.
  if (!std::all_of(reason_.begin(), reason_.end(),
                   [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7F); })) {
    throw WrongValue("a reason phrase holds no control characters");
  }
}

napi_value reply(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const ReplyHead head(call, 5);
  http::Reply reply = head.reply();
  if (auto text = call.environment.read_text(call[4])) {
    reply.body = text->view;
    reply.body_text = text->owned;
  } else if (!is_nothing(call.env, call[4])) {
    auto view = to_bytes(call.env, call[4]);
    if (!view) throw WrongValue("a string or a Uint8Array was expected");
    reply.body = *view;
  }
  return boolean(call.env, send(call, slot, reply));
}

napi_value reply_texts(Call& call) {
  Environment::Entry entry(call.environment);
  call.environment.send_due_if_full();
  call.environment.reply_texts(call[0]);
  return undefined(call.env);
}

napi_value reply_error(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const std::string page = error_page(call.env, call[1], call[2], slot.exchange().head);
  return boolean(
      call.env,
      send(call, slot, {.status = 500, .content_type = "text/html;charset=utf-8", .body = page}));
}

napi_value reply_nothing(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  const std::string page = no_response_page(slot.exchange().head);
  return boolean(
      call.env,
      send(call, slot, {.status = 500, .content_type = "text/html;charset=utf-8", .body = page}));
}

napi_value add_fields(Call& call) {
  Slot& slot = call.slot();
  slot.exchange().added_fields = std::make_unique<Fields>(to_fields(call.env, call[1]));
  return nullptr;
}

napi_value send_due(Call& call) {
  Environment::Entry entry(call.environment);
  call.environment.send_due();
  return nullptr;
}

napi_value abort(Call& call) {
  Environment::Entry entry(call.environment);
  return boolean(call.env, call.environment.slots().close(call.slot())->abort());
}

napi_value set_timeout(Call& call) {
  http::Stream* stream = call.slot().exchange().stream();
  const double timeout = std::clamp(to_number(call.env, call[1]), 0.0, kLongestTimeout);
  Environment::Entry entry(call.environment);
  if (stream != nullptr) {
    stream->set_idle_timeout(std::chrono::milliseconds(static_cast<int64_t>(timeout)));
  }
  return nullptr;
}

}  // namespace bao::node
