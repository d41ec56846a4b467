#include "websocket/extension.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/tokens.h"

namespace bao::websocket {

namespace {

using Mode = DeflateSettings::Mode;

constexpr std::string_view kName = "permessage-deflate";

// Walks over a Sec-WebSocket-Extensions field (RFC 6455 section 9.1):
//   extension-list  = 1#extension
//   extension       = token *( ";" extension-param )
//   extension-param = token [ "=" (token | quoted-string) ]
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) { skip_space(); }

  bool at_end() const { return rest_.empty(); }
  // Takes the character if it is next, and the white space behind it.
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    skip_space();
    return true;
  }
  // Empty if there is none.
  std::string_view token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
      return http::is_token_char(static_cast<unsigned char>(c));
    });
    const std::string_view token = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    skip_space();
    return token;
  }
  // A token, or a quoted-string whose content is one (section 9.1 asks for that). False if neither
  // is there.
  bool value(std::string& value) {
    value.clear();
    if (rest_.empty() || rest_.front() != '"') {
      value = token();
      return !value.empty();
    }
    size_t at = 1;
    for (; at < rest_.size() && rest_[at] != '"'; ++at) {
      if (rest_[at] == '\\' && ++at == rest_.size()) return false;
      value += rest_[at];
    }
    if (at >= rest_.size() || !http::is_token(value)) return false;
    rest_.remove_prefix(at + 1);
    skip_space();
    return true;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

// One offer of permessage-deflate (RFC 7692 section 7.1).
struct Offer {
  bool known = false;  // it is permessage-deflate, and all of it is understood
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  bool client_window = false;  // the client can limit its window
  std::optional<int> server_window_bits;
  int client_window_bits = 15;
};

// 8 to 15, in decimal without a leading zero (RFC 7692 sections 7.1.2.1 and 7.1.2.2).
std::optional<int> window_bits(std::string_view value) {
  int bits = 0;
  if (value.empty() || value.front() == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return bits >= 8 && bits <= 15 ? std::optional(bits) : std::nullopt;
}

// False if the parameter is unknown, repeated, or has a wrong value, none, or one too many: the
// offer is declined then (RFC 7692 section 7.1).
bool take_parameter(Offer& offer, std::string_view name, const std::optional<std::string>& value) {
  if (name == "server_no_context_takeover") {
    return !value && !std::exchange(offer.server_no_context_takeover, true);
  }
  if (name == "client_no_context_takeover") {
    return !value && !std::exchange(offer.client_no_context_takeover, true);
  }
  if (name == "server_max_window_bits") {
    if (offer.server_window_bits || !value) return false;
    return (offer.server_window_bits = window_bits(*value)).has_value();
  }
  if (name != "client_max_window_bits" || std::exchange(offer.client_window, true)) return false;
  if (!value) return true;
  const auto bits = window_bits(*value);
  offer.client_window_bits = bits.value_or(0);
  return bits.has_value();
}

// Reads one extension with its parameters. Nothing if it violates the grammar.
std::optional<Offer> read_offer(Reader& reader) {
  Offer offer;
  const std::string_view name = reader.token();
  if (name.empty()) return std::nullopt;
  offer.known = name == kName;
  while (reader.take(';')) {
    const std::string_view parameter = reader.token();
    if (parameter.empty()) return std::nullopt;
    std::optional<std::string> value;
    if (reader.take('=') && !reader.value(value.emplace())) return std::nullopt;
    offer.known = offer.known && take_parameter(offer, parameter, value);
  }
  return offer;
}

// How messages to the client are compressed. False if the offer asks for what cannot be done: zlib
// has no window of 2^8 bytes.
bool agree_on_compression(const Offer& offer, const DeflateSettings& settings,
                          ExtensionReply& reply) {
  DeflateAgreement& deflate = reply.deflate;
  deflate.compress = settings.compress;
  if (offer.server_no_context_takeover && deflate.compress == Mode::dedicated) {
    deflate.compress = Mode::shared;
  }
  if (offer.server_no_context_takeover || deflate.compress == Mode::shared) {
    reply.value += "; server_no_context_takeover";
  }
  if (deflate.compress != Mode::disabled) {
    if (offer.server_window_bits == 8) return false;
    deflate.compress_window_bits = static_cast<uint8_t>(
        std::min<int>(settings.compress_window_bits, offer.server_window_bits.value_or(15)));
  }
  if (offer.server_window_bits) {
    // The value may be lowered, and lowering it lets the client take a smaller window too.
    reply.value += "; server_max_window_bits=";
    reply.value +=
        std::to_string(deflate.compress == Mode::disabled ? *offer.server_window_bits
                                                          : deflate.compress_window_bits);
  }
  return true;
}

// How messages of the client are decompressed.
void agree_on_decompression(const Offer& offer, const DeflateSettings& settings,
                            ExtensionReply& reply) {
  DeflateAgreement& deflate = reply.deflate;
  deflate.decompress = Mode::shared;
  const int wanted = std::min<int>(settings.decompress_window_bits, offer.client_window_bits);
  // A client that cannot limit its window uses all of it (RFC 7692 section 7.1.2.2), which would
  // cost more memory than the server wants to give.
  const bool too_large = wanted < 15 && !offer.client_window;
  if (settings.decompress == Mode::dedicated && !offer.client_no_context_takeover && !too_large) {
    deflate.decompress = Mode::dedicated;
    // zlib has no smaller window, and a larger one than the client's is right.
    deflate.decompress_window_bits = static_cast<uint8_t>(std::max(wanted, 9));
    if (wanted < 15) reply.value += "; client_max_window_bits=" + std::to_string(wanted);
    return;
  }
  reply.value += "; client_no_context_takeover";
}

}  // namespace

std::optional<ExtensionReply> negotiate_extensions(std::string_view offers,
                                                   const DeflateSettings& settings) {
  ExtensionReply chosen;
  Reader reader(offers);
  while (!reader.at_end()) {
    if (reader.take(',')) continue;  // a list may have empty elements (RFC 9110 section 5.6.1.2)
    const std::optional<Offer> offer = read_offer(reader);
    if (!offer || (!reader.at_end() && !reader.take(','))) return std::nullopt;
    if (!offer->known || chosen.deflate.enabled || !settings.enabled()) continue;
    ExtensionReply reply;
    reply.deflate.enabled = true;
    reply.value = kName;
    if (!agree_on_compression(*offer, settings, reply)) continue;
    agree_on_decompression(*offer, settings, reply);
    chosen = std::move(reply);
  }
  return chosen;
}

}  // namespace bao::websocket
