// Feeds arbitrary bytes to the decoder of request bodies, whole and in pieces, and compares it with
// a reader of the chunked coding that is as simple as the RFC's grammar. The first bytes of the
// input choose the framing and the cuts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/tokens.h"
#include "http1/body_decoder.h"
#include "http1/cuts.h"
#include "http1/line_scan.h"

namespace bao::http1 {
namespace {

using Status = BodyDecoder::Status;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Decoded {
  Status status = Status::more;
  std::string content;
  size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(BodyDecoder decoder, std::string_view text, const testing::Cuts& cuts) {
  Decoded decoded;
  size_t start = 0;
  for (size_t end : cuts) {
    // A copy of its own, so that reading past a piece is seen.
    const std::string piece(text.substr(start, end - start));
    std::string_view input = piece;
    std::string_view content;
    while ((decoded.status = decoder.decode(input, content)) == Status::content) {
      require(!content.empty() && content.data() >= piece.data() &&
              content.data() + content.size() == input.data());
      decoded.content += content;
    }
    decoded.consumed = start + piece.size() - input.size();
    if (decoded.status != Status::more) break;
    require(input.empty());
    start = end;
  }
  require(decoder.done() == (decoded.status == Status::done));
  require(static_cast<bool>(decoder.refusal()) == (decoded.status == Status::refused));
  return decoded;
}

// One line up to its CRLF, taken from the front; nothing if there is none or it has a control
// character.
std::optional<std::string_view> take_line(std::string_view& text) {
  const size_t end = text.find("\r\n");
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  for (unsigned char c : line) {
    if (!is_line_byte(c)) return std::nullopt;
  }
  text.remove_prefix(end + 2);
  return line;
}

// The size that a chunk's line announces: digits, then nothing or white space and a semicolon, and
// every quote that is opened behind it closed.
std::optional<uint64_t> read_size_line(std::string_view line) {
  uint64_t size = 0;
  size_t at = 0;
  while (at < line.size() && http::hex_digit_value(line[at]) >= 0) {
    size = size * 16 + static_cast<uint64_t>(http::hex_digit_value(line[at++]));
    if (at > 15) return std::nullopt;
  }
  if (at == 0) return std::nullopt;
  if (at == line.size()) return size;
  at = line.find_first_not_of(" \t", at);
  if (at == line.npos || line[at] != ';') return std::nullopt;
  bool quoted = false;
  for (; at < line.size(); ++at) {
    if (line[at] == '"') quoted = !quoted;
    if (quoted && line[at] == '\\') ++at;
  }
  return quoted || at > line.size() ? std::nullopt : std::optional(size);
}

// The content of a chunked body and what it takes of `text`, if it is whole and valid.
std::optional<Decoded> read_chunked(std::string_view text) {
  std::string_view rest = text;
  Decoded decoded;
  decoded.status = Status::done;
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return std::nullopt;
    const auto size = read_size_line(*line);
    if (!size) return std::nullopt;
    if (*size == 0) break;
    if (rest.size() < *size || rest.size() - *size < 2) return std::nullopt;
    decoded.content += rest.substr(0, *size);
    rest.remove_prefix(*size);
    if (!rest.starts_with("\r\n")) return std::nullopt;
    rest.remove_prefix(2);
  }
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const size_t colon = line->find(':');
    if (colon == line->npos || !http::is_token(line->substr(0, colon))) return std::nullopt;
  }
  decoded.consumed = text.size() - rest.size();
  return decoded;
}

void fuzz(const BodyDecoder& decoder, std::string_view text, uint32_t seed) {
  const Decoded decoded = decode(decoder, text, testing::whole(text.size()));
  require(decode(decoder, text, testing::byte_by_byte(text.size())) == decoded);
  require(decode(decoder, text, testing::at_random(text.size(), seed)) == decoded);
  if (decoder.is_chunked()) {
    // The input is smaller than the limits on extensions and trailers, so those do not make a
    // difference.
    const auto expected = read_chunked(text);
    require(expected.has_value() == (decoded.status == Status::done));
    if (expected) require(*expected == decoded);
  } else {
    require(decoded.status != Status::refused);
    require(decoded.content == text.substr(0, decoded.content.size()));
    require(decoded.consumed == decoded.content.size());
  }
}

}  // namespace
}  // namespace bao::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bao::http1::BodyDecoder;
  if (size < 2 || size > 800) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::uint8_t length = data[0];
  bao::http1::fuzz(length % 4 == 0 ? BodyDecoder::with_length(length) : BodyDecoder::chunked(),
                   text, data[1]);
  return 0;
}
