#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bao::websocket {

/// How the server compresses or decompresses.
struct DeflateSettings {
  enum class Mode : uint8_t {
    disabled,   ///< compress: messages are never compressed. decompress: as `shared`
    shared,     ///< one state for all sockets, as new before each message
    dedicated,  ///< a state for each socket that remembers earlier messages
  };
  Mode compress = Mode::disabled;
  Mode decompress = Mode::disabled;
  /// Base-2 logarithm of the compressor's window, 9 to 15.
  uint8_t compress_window_bits = 15;
  /// Memory of the compressor's tables, 1 to 9: 2^(level + 9) bytes beside 2^(bits + 2) for the
  /// window.
  uint8_t compress_memory_level = 8;
  /// Base-2 logarithm of a dedicated decompressor's window, 9 to 15.
  uint8_t decompress_window_bits = 15;

  /// Whether permessage-deflate is offered to clients at all.
  bool enabled() const { return compress != Mode::disabled || decompress != Mode::disabled; }
};

/// What both ends agreed on (RFC 7692 section 7). Default: no compression.
struct DeflateAgreement {
  bool enabled = false;
  /// How messages to the client are compressed: never, with a state that is as new for each
  /// message, or with one that is kept.
  DeflateSettings::Mode compress = DeflateSettings::Mode::disabled;
  uint8_t compress_window_bits = 15;
  /// How messages of the client are decompressed: `shared` or `dedicated`.
  DeflateSettings::Mode decompress = DeflateSettings::Mode::shared;
  uint8_t decompress_window_bits = 15;

  bool operator==(const DeflateAgreement&) const = default;
};

/// Answers the extensions that a client offers.
struct ExtensionReply {
  DeflateAgreement deflate;
  /// The value of the 101's Sec-WebSocket-Extensions, or empty: then there is no such field.
  std::string value;
};

/// Chooses among the offers of a Sec-WebSocket-Extensions field (RFC 6455 section 9.1, RFC 7692
/// sections 5 and 7.1); several fields are joined by commas before. Takes the first offer of
/// permessage-deflate that it can honour; unknown extensions, unknown, repeated or malformed
/// parameters, and wrong values decline only their offer. Nothing if the field violates the
/// grammar: RFC 6455 section 9.1 has the handshake fail then. A server whose settings do not
/// enable compression declines everything.
std::optional<ExtensionReply> negotiate_extensions(std::string_view offers,
                                                   const DeflateSettings& settings);

}  // namespace bao::websocket
