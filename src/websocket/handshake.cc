#include "websocket/handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "http/tokens.h"

namespace bao::websocket {

namespace {

// RFC 6455 section 1.3.
constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

constexpr bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

// Whether one of the fields of that name lists the token.
bool lists_token(const http::RequestHead& head, std::string_view name, std::string_view token) {
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (http::equals_ignoring_case(head.field_name(i), name) &&
        http::list_contains_token(head.field_value(i), token)) {
      return true;
    }
  }
  return false;
}

// The value of a field that must be there once; empty if it is not, or more often.
std::string_view single_field(const http::RequestHead& head, std::string_view name) {
  std::string_view value;
  size_t count = 0;
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (!http::equals_ignoring_case(head.field_name(i), name)) continue;
    value = head.field_value(i);
    ++count;
  }
  return count == 1 ? value : std::string_view();
}

}  // namespace

std::string_view describe(HandshakeFault fault) {
  switch (fault) {
    case HandshakeFault::none: break;
    case HandshakeFault::method: return "a WebSocket begins with a GET request";
    case HandshakeFault::version: return "a WebSocket needs HTTP/1.1";
    case HandshakeFault::upgrade: return "the field Upgrade does not ask for websocket";
    case HandshakeFault::connection: return "the field Connection does not name upgrade";
    case HandshakeFault::body: return "a request for a WebSocket has no body";
    case HandshakeFault::key:
      return "the field Sec-WebSocket-Key must be there once, with 16 bytes in base64";
    case HandshakeFault::protocol_version:
      return "the version of the WebSocket protocol must be 13";
  }
  return "the request is right";
}

HandshakeFault check_handshake(const http::RequestHead& head) {
  using enum HandshakeFault;
  if (head.method_id != http::Method::get) return method;
  if (head.minor_version < 1) return version;
  if (!lists_token(head, "upgrade", "websocket")) return upgrade;
  if (!lists_token(head, "connection", "upgrade")) return connection;
  if (head.chunked || head.content_length > 0) return body;
  if (!is_handshake_key(single_field(head, "sec-websocket-key"))) return key;
  if (single_field(head, "sec-websocket-version") != kSupportedVersion) return protocol_version;
  return none;
}

bool is_handshake_key(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  for (char c : key.substr(0, 22)) {
    if (!is_base64(c)) return false;
  }
  return true;
}

std::array<char, 28> accept_value(std::string_view key) {
  std::string text(key);
  text += kAcceptSuffix;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  // OpenSSL ends the text with a NUL.
  std::array<unsigned char, 29> encoded;
  EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  std::array<char, 28> value;
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(encoded[i]);
  return value;
}

std::string joined_field(const http::RequestHead& head, std::string_view name) {
  std::string joined;
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (!http::equals_ignoring_case(head.field_name(i), name)) continue;
    if (!joined.empty()) joined += ", ";
    joined += head.field_value(i);
  }
  return joined;
}

}  // namespace bao::websocket
