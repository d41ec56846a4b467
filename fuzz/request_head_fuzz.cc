// Feeds arbitrary bytes to the parser and the rules of request heads, whole and in pieces: all must
// come to the same, and what is accepted must be what RFC 9112 calls a request. The first bytes of
// the input choose limits and cuts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/tokens.h"
#include "http/url.h"
#include "http1/head_reading.h"

namespace bao::testing {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_accepted(const HeadReading& reading, std::string_view text,
                    const http1::HeadLimits& limits) {
  require(reading.spans_inside);
  require(reading.head_size <= text.size() && reading.head_size <= limits.max_bytes);
  require(text.substr(0, reading.head_size).ends_with("\r\n\r\n"));
  require(reading.fields.size() <= limits.max_fields);
  require(http::is_token(reading.method));
  require(reading.method_id == http::method_from(reading.method));
  require(reading.method_id != http::Method::connect);
  require(!reading.target.empty());
  for (unsigned char c : reading.target) require(c > 0x20 && c < 0x7f && c != '#');
  require(!reading.path.empty());
  require(reading.path[0] == '/' || (reading.path == "*" && reading.method == "OPTIONS"));
  require(http::is_valid_host(reading.authority));
  require(reading.minor_version == 0 || reading.minor_version == 1);
  require(!(reading.chunked && reading.content_length != 0));
  require(!(reading.chunked && reading.minor_version == 0));
  int hosts = 0;
  for (const auto& [name, value] : reading.fields) {
    require(http::is_token(name));
    require(http::is_field_value(value));
    if (http::equals_ignoring_case(name, "host")) ++hosts;
    if (http::equals_ignoring_case(name, "transfer-encoding")) require(reading.chunked);
    if (http::equals_ignoring_case(name, "content-length")) require(!reading.chunked);
  }
  require(hosts <= 1 && (hosts == 1 || reading.minor_version == 0));
  // The head alone is the same head: nothing behind it was looked at.
  require(read_head(text.substr(0, reading.head_size), {reading.head_size}, limits) == reading);
}

}  // namespace
}  // namespace bao::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bao::testing;
  if (size < 2 || size > 4096) return 0;
  bao::http1::HeadLimits limits;
  if (data[0] % 2 != 0) limits = {.max_bytes = data[0], .max_fields = data[0] / 16u};
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);

  const HeadReading reading = read_head(text, whole(text.size()), limits);
  require((reading.status == bao::http1::ParseStatus::incomplete) ==
          (reading.refused == 0 && !reading.accepted()));
  require(read_head(text, byte_by_byte(text.size()), limits) == reading);
  require(read_head(text, at_random(text.size(), data[1]), limits) == reading);
  if (reading.accepted()) check_accepted(reading, text, limits);
  return 0;
}
