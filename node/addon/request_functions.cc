#include <limits>

#include "functions.h"
#include "net/address.h"
#include "values.h"

namespace bao::node {

namespace {

bool equal_names(std::string_view name, std::string_view lower_case) {
  if (name.size() != lower_case.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower_case[i]) return false;
  }
  return true;
}

// The values of all fields of a name as one (RFC 9110 section 5.3; cookies by RFC 9113
// section 8.2.3). A single one, the usual case, is a view into the head; several are put together
// in `storage`.
std::optional<std::string_view> joined(const http::RequestHead& head, std::string_view name,
                                       std::string& storage) {
  std::optional<std::string_view> result;
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (!equal_names(head.field_name(i), name)) continue;
    if (!result) {
      result = head.field_value(i);
      continue;
    }
    std::string longer(*result);
    longer.append(name == "cookie" ? "; " : ", ").append(head.field_value(i));
    storage = std::move(longer);
    result = storage;
  }
  return result;
}

napi_value append(napi_env env, napi_value array, uint32_t& size, napi_value value) {
  check(napi_set_element(env, array, size++, value));
  return array;
}

using BodyState = http::Exchange::BodyState;

// V8's longest string, in code units. What is longer in bytes may be shorter as text, but how much
// shorter is not known before it is decoded.
constexpr size_t kMostText = (size_t{1} << 29) - 24;
// A body up to this size stays in the exchange, whose buffer the next request uses again.
constexpr size_t kKeptBody = 16 * 1024;

// Null if the body is here and was not taken before; else what the function returns: null or a
// failure. Throws TooLarge, and it is not taken, if it has more bytes than `most`.
napi_value wait_for_body(Call& call, Slot& slot, size_t most) {
  Environment::Entry entry(call.environment);
  http::Reference<server::Exchange> exchange(&slot.exchange());
  const bool ready = slot.want_body();
  if (!ready && slot.open()) return null(call.env);
  const bool failed = !ready || exchange->body_state() == BodyState::failed;
  if (failed) return number(call.env, static_cast<int>(exchange->failure()));
  const size_t size = exchange->body().size();
  if (size > most && !slot.body_taken()) {
    throw TooLarge("the body of this request has " + std::to_string(size) +
                   " bytes, which is too much for a string: read it by bytes()");
  }
  if (!slot.take_body()) throw WrongValue("the body of this request was taken before");
  return nullptr;
}

// JavaScript has its copy now, and the handler may go on for long.
void free_body(Slot& slot) {
  std::string& body = slot.exchange().body();
  if (body.capacity() > kKeptBody) std::string().swap(body);
}

}  // namespace

napi_value method(Call& call) {
  return latin1(call.env, call.slot().exchange().head.method());
}

napi_value url(Call& call) {
  return latin1(call.env, call.slot().exchange().url());
}

napi_value field(Call& call) {
  const http::RequestHead& head = call.slot().exchange().head;
  std::array<char, 256> buffer;
  size_t size = 0;
  if (napi_get_value_string_latin1(call.env, call[1], buffer.data(), buffer.size(), &size) !=
      napi_ok) {
    throw WrongValue("a string was expected");
  }
  std::string storage;
  std::optional<std::string_view> value;
  if (size + 1 < buffer.size()) {
    value = joined(head, {buffer.data(), size}, storage);
  } else {
    value = joined(head, to_latin1(call.env, call[1]), storage);
  }
  return value ? latin1(call.env, *value) : null(call.env);
}

napi_value fields(Call& call) {
  const http::RequestHead& head = call.slot().exchange().head;
  napi_value array = nullptr;
  check(napi_create_array_with_length(call.env, 2 * head.field_count(), &array));
  uint32_t size = 0;
  for (size_t i = 0; i < head.field_count(); ++i) {
    append(call.env, array, size, latin1(call.env, head.field_name(i)));
    append(call.env, array, size, latin1(call.env, head.field_value(i)));
  }
  return array;
}

napi_value parameters(Call& call) {
  const server::Exchange& exchange = call.slot().exchange();
  napi_value array = nullptr;
  check(napi_create_array(call.env, &array));
  uint32_t size = 0;
  for (size_t i = 0; exchange.matched && i < exchange.match.size(); ++i) {
    const std::string_view name = exchange.match[i].name;
    append(call.env, array, size, text(call.env, name));
    append(call.env, array, size, text(call.env, exchange.parameter(name).value_or("")));
  }
  return array;
}

napi_value peer(Call& call) {
  http::Stream* stream = call.slot().exchange().stream();
  if (stream == nullptr) return null(call.env);
  const SocketAddress address = net::to_socket_address(stream->peer());
  if (address.family == SocketAddress::Family::unix_domain) return null(call.env);
  napi_value result = nullptr;
  check(napi_create_object(call.env, &result));
  set(call.env, result, "address", text(call.env, address.address));
  set(call.env, result, "port", number(call.env, address.port));
  const bool v4 = address.family == SocketAddress::Family::ipv4;
  set(call.env, result, "family", text(call.env, v4 ? "IPv4" : "IPv6"));
  return result;
}

// ---- Body

napi_value body_text(Call& call) {
  Slot& slot = call.slot();
  if (napi_value result = wait_for_body(call, slot, kMostText)) return result;
  std::string_view body = slot.exchange().body();
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  napi_value result = text(call.env, body);
  free_body(slot);
  return result;
}

napi_value body_bytes(Call& call) {
  Slot& slot = call.slot();
  if (napi_value result = wait_for_body(call, slot, std::numeric_limits<size_t>::max())) {
    return result;
  }
  napi_value result = bytes(call.env, slot.exchange().body());
  free_body(slot);
  return result;
}

napi_value body_piece(Call& call) {
  Environment::Entry entry(call.environment);
  Slot& slot = call.slot();
  // Asking and taking may end the exchange, and then its slot is already somebody else's.
  const http::Reference<server::Exchange> exchange(&slot.exchange());
  if (!slot.reads_pieces()) {
    if (!slot.take_body()) throw WrongValue("the body of this request was taken before");
    slot.want_pieces();
  }
  if (exchange->body_state() == BodyState::failed) {
    return number(call.env, static_cast<int>(exchange->failure()));
  }
  if (!exchange->body().empty()) return bytes(call.env, exchange->take_body_piece());
  if (exchange->body_state() == BodyState::complete) return nullptr;
  slot.wait_for_piece();
  return null(call.env);
}

napi_value drop_body(Call& call) {
  Environment::Entry entry(call.environment);
  const http::Reference<server::Exchange> exchange(&call.slot().exchange());
  if (call.slot().reads_pieces()) exchange->drop_body();
  return nullptr;
}

// What was read in pieces ends with the last of them, and the engine may have seen the end before.
napi_value trailers(Call& call) {
  const Slot& slot = call.slot();
  server::Exchange& exchange = slot.exchange();
  const bool read = slot.body_taken() && exchange.body_state() == BodyState::complete &&
                    (!slot.reads_pieces() || exchange.body().empty());
  if (!read || exchange.trailers == nullptr || exchange.trailers->empty()) return null(call.env);
  napi_value array = nullptr;
  check(napi_create_array(call.env, &array));
  uint32_t size = 0;
  for (const auto& [name, value] : *exchange.trailers) {
    append(call.env, array, size, latin1(call.env, name));
    append(call.env, array, size, latin1(call.env, value));
  }
  return array;
}

napi_value body_state(Call& call) {
  const Slot& slot = call.slot();
  const server::Exchange& exchange = slot.exchange();
  if (slot.body_taken() || exchange.body_state() == BodyState::failed) return number(call.env, 2);
  // A request without a socket has its body from the start.
  const bool none = !exchange.head.chunked && exchange.head.content_length == 0;
  return number(call.env, none ? 0 : 1);
}

}  // namespace bao::node
