// Negotiates arbitrary offers of extensions with arbitrary settings. Whatever is offered, the
// answer must be one that RFC 7692 section 7.1 allows a server, and say the same as the agreement.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "websocket/extension.h"

namespace bao::websocket {
namespace {

using Mode = DeflateSettings::Mode;

void require(bool condition) {
  if (!condition) std::abort();
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// The number behind a parameter of our own answer; 0 if it is not there.
int bits_of(std::string_view value, std::string_view parameter) {
  const size_t at = value.find(parameter);
  if (at == value.npos) return 0;
  return std::atoi(std::string(value.substr(at + parameter.size())).c_str());
}

void fuzz(std::string_view offers, const DeflateSettings& settings) {
  const auto reply = negotiate_extensions(offers, settings);
  // Whether the grammar is violated does not depend on the settings.
  require(reply.has_value() == negotiate_extensions(offers, {}).has_value());
  if (!reply) return;
  const DeflateAgreement& agreed = reply->deflate;
  require(agreed.enabled == !reply->value.empty());
  if (!agreed.enabled) {
    require(agreed == DeflateAgreement{});
    return;
  }
  const std::string_view value = reply->value;
  require(settings.enabled());
  require(value.starts_with("permessage-deflate"));
  require(has(offers, "permessage-deflate"));
  require(agreed.compress <= settings.compress);
  require(agreed.decompress == Mode::shared || settings.decompress == Mode::dedicated);
  require(agreed.compress_window_bits >= 9 && agreed.compress_window_bits <= 15);
  require(agreed.decompress_window_bits >= 9 && agreed.decompress_window_bits <= 15);
  if (agreed.compress != Mode::disabled)
    require(agreed.compress_window_bits <= settings.compress_window_bits);
  // A compressor that keeps its context must not have promised otherwise, and the other way round.
  if (agreed.compress == Mode::dedicated) require(!has(value, "server_no_context_takeover"));
  if (agreed.compress == Mode::shared) require(has(value, "server_no_context_takeover"));
  require(has(value, "client_no_context_takeover") == (agreed.decompress == Mode::shared));
  const int server = bits_of(value, "server_max_window_bits=");
  const int client = bits_of(value, "client_max_window_bits=");
  if (server != 0 && agreed.compress != Mode::disabled)
    require(server == agreed.compress_window_bits);
  // The client may only be told a window if it said that it can limit it.
  if (client != 0)
    require(has(offers, "client_max_window_bits") && client <= agreed.decompress_window_bits);
  // What we answer is itself an offer that we understand.
  const auto again = negotiate_extensions(value, settings);
  require(again && again->deflate.enabled);
}

}  // namespace
}  // namespace bao::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bao::websocket;
  if (size < 3 || size > 2000) return 0;
  DeflateSettings settings;
  settings.compress = static_cast<DeflateSettings::Mode>(data[0] % 3);
  settings.decompress = static_cast<DeflateSettings::Mode>(data[0] / 3 % 3);
  settings.compress_window_bits = static_cast<std::uint8_t>(9 + data[1] % 7);
  settings.decompress_window_bits = static_cast<std::uint8_t>(9 + data[2] % 7);
  fuzz({reinterpret_cast<const char*>(data) + 3, size - 3}, settings);
  return 0;
}
