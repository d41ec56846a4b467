// Feeds arbitrary bytes to the parsers of src/http that read fields and targets, and checks what
// holds for every input. The first byte of the input chooses the parser.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>
#include <string_view>

#include <bao/cookie.h>

#include "http/cookie.h"
#include "http/date.h"
#include "http/percent.h"
#include "http/query.h"
#include "http/status.h"
#include "http/tokens.h"
#include "http/url.h"
#include "http/validators.h"

namespace bao::http {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// An integer out of the front of the input, so that the fuzzer can steer it.
std::int64_t take_integer(std::string_view& input) {
  std::int64_t value = 0;
  const std::size_t size = input.size() < sizeof value ? input.size() : sizeof value;
  if (size > 0) std::memcpy(&value, input.data(), size);
  input.remove_prefix(size);
  return value;
}

void fuzz_status(std::string_view input) {
  const auto status = static_cast<int>(take_integer(input));
  const std::string_view phrase = reason_phrase(status);
  require(phrase.empty() || (status >= 100 && status <= 511));
  require(is_field_value(phrase));
  if (status_forbids_content(status)) require(status < 305 && status >= 100);
}

void fuzz_tokens(std::string_view input) {
  if (is_token(input)) require(is_field_value(input) && list_contains_token(input, input));
  if (is_field_value(input)) {
    require(trim_whitespace(input) == input);
    require(input.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  require(equals_ignoring_case(input, input));
  std::string lower(input);
  for (char& c : lower) c = to_lower_ascii(c);
  require(equals_ignoring_case(input, lower));

  ListElements elements(input);
  std::string joined;
  std::size_t count = 0;
  for (std::string_view element; elements.next(element); ++count) {
    require(!element.empty() && is_inside(element, input) && trim_whitespace(element) == element);
    if (is_token(element)) require(list_contains_token(input, element));
    joined.append(count == 0 ? "" : ", ").append(element);
  }
  ListElements again(joined);
  for (std::string_view element; again.next(element);) --count;
  require(count == 0);
}

void fuzz_date(std::string_view input) {
  const std::int64_t number = take_integer(input);
  constexpr std::time_t kEarliest = -62167219200;  // 0000-01-01
  constexpr std::time_t kLatest = 253402300799;    // 9999-12-31 23:59:59
  const std::string text = format_date(number);
  const auto read_back = parse_date(text, 0);
  require(text.size() == kDateLength && read_back.has_value());
  require(*read_back == (number < kEarliest ? kEarliest : number > kLatest ? kLatest : number));

  if (const auto time = parse_date(input, number)) {
    // Two digits of a year next to a far-off `now`, and the last leap second, may lie outside of
    // what four digits can say.
    if (*time < kEarliest || *time > kLatest) return;
    require(parse_date(format_date(*time), number) == time);
  }
}

void fuzz_percent(std::string_view input) {
  for (const auto set : {PercentEncodeSet::kPathSegment, PercentEncodeSet::kQueryComponent}) {
    const std::string encoded = percent_encode(input, set);
    require(percent_decode(encoded) == input);
    require(encoded.find_first_of(" /?#") == std::string::npos);
  }
  const std::string decoded = percent_decode(input);
  require(decoded.size() <= input.size());
  require(percent_decode_utf8(input) == to_valid_utf8(decoded));

  const std::string valid = to_valid_utf8(input);
  require(is_valid_utf8(valid));
  require((valid == input) == is_valid_utf8(input));
  require(to_valid_utf8(valid) == valid);
}

void fuzz_query(std::string_view input) {
  const QueryParameters query(input);
  std::string rebuilt;
  for (const auto& [name, value] : query.entries()) {
    require(is_valid_utf8(name) && is_valid_utf8(value));
    require(query.has(name) && query.get(name) == query.get_all(name).front());
    if (!rebuilt.empty()) rebuilt.push_back('&');
    rebuilt.append(percent_encode(name, PercentEncodeSet::kQueryComponent)).push_back('=');
    rebuilt.append(percent_encode(value, PercentEncodeSet::kQueryComponent));
  }
  require(QueryParameters(rebuilt).entries() == query.entries());
}

void fuzz_cookie(std::string_view input) {
  RequestCookies cookies(input);
  for (const auto& [name, value] : cookies.entries()) {
    require(!name.empty() && is_valid_utf8(name) && is_valid_utf8(value));
    require(name.find_first_of(";=") == std::string::npos);
    require(cookies.has(name) && cookies.get(name).has_value());
  }
  const std::size_t count = cookies.entries().size();
  cookies.add(input);
  require(cookies.entries().size() == 2 * count);

  const RequestCookies encoded("name=" + percent_encode(input, PercentEncodeSet::kQueryComponent));
  require(encoded.get("name") == to_valid_utf8(input));
}

// Whatever a program gives as a cookie: it is refused, or comes back as it was, and nothing but it.
void fuzz_set_cookie(std::string_view input) {
  const std::size_t half = input.size() / 2;
  const std::string_view value = input.substr(half);
  try {
    const std::string text = Cookie(std::string(input.substr(0, half)), std::string(value))
                                 .domain(std::string(value.substr(0, 3)))
                                 .path("/" + std::string(value.substr(0, 5)))
                                 .to_string();
    require(is_field_value(text));
    require(std::count(text.begin(), text.end(), ';') == (value.empty() ? 2 : 3));
    const RequestCookies sent(text.substr(0, text.find(';')));
    require(sent.entries().size() == 1 && sent.get(input.substr(0, half)) == to_valid_utf8(value));
  } catch (const std::invalid_argument&) {
  }
}

void fuzz_validators(std::string_view input) {
  const std::string etag = make_strong_etag(input);
  const std::string weak = "W/" + etag;
  require(is_entity_tag(etag) && is_entity_tag(weak));
  require(if_none_match(etag, etag) && if_none_match(weak, etag) && if_match(etag, etag));
  require(!if_match(weak, etag) && !if_match(etag, weak));
  if (if_match(input, etag)) require(if_none_match(input, etag));

  // Whatever the field is, adding to it a tag of our own decides by its syntax alone.
  const std::string list = std::string(input) + ", " + etag;
  const std::string_view trimmed = trim_whitespace(input);
  if (is_entity_tag(trimmed)) require(if_match(list, etag) && if_none_match(input, trimmed));
  if (trimmed == "*") require(if_match(input, etag) && !if_match(list, etag));
  require(weak_compare(input, input) == is_entity_tag(input));
}

void fuzz_url(std::string_view input) {
  const TargetParts parts = split_target(input);
  require(parts.path.find('?') == std::string_view::npos);
  require(std::string(parts.path) + (parts.has_query ? "?" : "") + std::string(parts.query) ==
          input);

  const bool valid_host = is_valid_host(input);
  require(parse_absolute_form("http://" + std::string(input) + "/x").has_value() ==
              (valid_host && !input.empty()) ||
          input.find_first_of("/?") != std::string_view::npos);
  if (is_valid_authority_form(input)) require(valid_host);
  if (const auto absolute = parse_absolute_form(input)) {
    require(is_valid_host(absolute->authority) && !absolute->authority.empty());
    require(absolute->authority.find('@') == std::string_view::npos);
    require(is_inside(absolute->scheme, input) && is_inside(absolute->path_and_query, input));
    require(absolute->scheme.size() + 3 + absolute->authority.size() +
                absolute->path_and_query.size() ==
            input.size());
  }
}

constexpr std::array kFuzzers = {fuzz_status,     fuzz_tokens, fuzz_date,
                                 fuzz_percent,    fuzz_query,  fuzz_cookie,
                                 fuzz_validators, fuzz_url,    fuzz_set_cookie};

}  // namespace
}  // namespace bao::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  bao::http::kFuzzers[data[0] % bao::http::kFuzzers.size()](input);
  return 0;
}
