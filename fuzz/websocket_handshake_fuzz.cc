// Judges arbitrary heads of requests as opening handshakes. One that is found right must have all
// that RFC 6455 section 4.2.1 asks for, as a search in its text that knows nothing of lists shows,
// and a key that OpenSSL decodes to 16 bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <openssl/evp.h>
#include <string>
#include <string_view>

#include "http/tokens.h"
#include "http1/request_parser.h"
#include "http1/request_rules.h"
#include "websocket/handshake.h"

namespace bao::websocket {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_16_bytes(std::string_view key) {
  if (key.size() != 24) return false;
  std::array<unsigned char, 24> bytes;
  const auto* text = reinterpret_cast<const unsigned char*>(key.data());
  // OpenSSL forgives white space at the ends and padding anywhere, which it counts as bytes.
  if (key.find_first_of(" \t\r\n\v\f") != key.npos || key.find('=') != 22 || key[23] != '=') {
    return false;
  }
  return EVP_DecodeBlock(bytes.data(), text, static_cast<int>(key.size())) == 18;
}

std::string lower(std::string_view text) {
  std::string result;
  for (char c : text) result += http::to_lower_ascii(c);
  return result;
}

void fuzz(std::string_view text) {
  if (text.size() >= 24)
    require(is_handshake_key(text.substr(0, 24)) == is_16_bytes(text.substr(0, 24)));
  http::RequestHead head;
  http1::RequestParser parser;
  if (parser.parse(text, {}, head) != http1::ParseStatus::complete) return;
  if (http1::apply_request_rules(head)) return;
  const HandshakeFault fault = check_handshake(head);
  require(!describe(fault).empty());
  const std::string all = lower(head.bytes());
  joined_field(head, "sec-websocket-extensions");
  if (fault != HandshakeFault::none) return;
  require(head.method() == "GET" && head.minor_version == 1);
  require(all.find("websocket", all.find("\r\nupgrade:")) != all.npos);
  require(all.find("upgrade", all.find("\r\nconnection:") + 12) != all.npos);
  require(all.find("\r\nsec-websocket-version:") != all.npos);
  require(is_16_bytes(head.field("Sec-WebSocket-Key").value_or("")));
  require(head.field("sec-websocket-version") == kSupportedVersion);
  require(accept_value(*head.field("sec-websocket-key")).back() == '=');
}

}  // namespace
}  // namespace bao::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 3000) return 0;
  bao::websocket::fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
