#include "http1/request_parser.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "http/tokens.h"
#include "http1/line_scan.h"

namespace bao::http1 {

namespace {

using http::FieldId;
using http::RequestHead;

// Bytes of a request target: visible ASCII but `#`. RFC 3986 allows fewer, but browsers leave
// characters such as `|`,
// `^` and `{` as they are. A fragment is never sent (RFC 9112 section 3.2.1 has no place for it).
enum TargetByte : uint8_t { kOutside, kInside, kQuestionMark };
constexpr auto kTargetBytes = [] {
  std::array<TargetByte, 256> table{};
  for (size_t byte = 0x21; byte < 0x7f; ++byte) table[byte] = kInside;
  table['#'] = kOutside;
  table['?'] = kQuestionMark;
  return table;
}();

TargetByte target_byte(char c) {
  return kTargetBytes[static_cast<unsigned char>(c)];
}

// Whether the token at `name` is `expected`, which is letters in lower case and dashes, whatever
// the case of its letters. Words that overlap stand for a loop. Setting the bit 0x20 makes letters
// lower-case, keeps a dash, and turns no other token character into one of the two.
template <size_t N>
bool is_name(const char* name, const char (&expected)[N]) {
  constexpr size_t kSize = N - 1;
  using Word = std::conditional_t<(kSize >= 8), uint64_t, uint32_t>;
  static_assert(kSize >= sizeof(Word));
  auto differs = [&](size_t at) {
    Word given, wanted;
    std::memcpy(&given, name + at, sizeof given);
    std::memcpy(&wanted, expected + at, sizeof wanted);
    return (given | static_cast<Word>(0x2020202020202020)) ^ wanted;
  };
  Word difference = differs(kSize - sizeof(Word));
  for (size_t at = 0; at + sizeof(Word) < kSize; at += sizeof(Word)) difference |= differs(at);
  return difference == 0;
}

FieldId classify(std::string_view name) {
  const char* const text = name.data();
  switch (name.size()) {
    case 4: return is_name(text, "host") ? FieldId::host : FieldId::other;
    case 6: return is_name(text, "expect") ? FieldId::expect : FieldId::other;
    case 7: return is_name(text, "upgrade") ? FieldId::upgrade : FieldId::other;
    case 10: return is_name(text, "connection") ? FieldId::connection : FieldId::other;
    case 14: return is_name(text, "content-length") ? FieldId::content_length : FieldId::other;
    case 17:
      return is_name(text, "transfer-encoding") ? FieldId::transfer_encoding : FieldId::other;
    default: return FieldId::other;
  }
}

constexpr std::string_view kLineTooLong = "the request line is too long";
constexpr std::string_view kHeadTooLarge = "the header fields are too large";

}  // namespace

ParseStatus RequestParser::refuse(int status, std::string_view reason) {
  refusal_ = {status, reason};
  return ParseStatus::refused;
}

ParseStatus RequestParser::incomplete(std::string_view bytes, const HeadLimits& limits) {
  if (bytes.size() < limits.max_bytes) return ParseStatus::incomplete;
  return state_ == State::fields ? refuse(431, kHeadTooLarge) : refuse(414, kLineTooLong);
}

ParseStatus RequestParser::parse(std::string_view bytes, const HeadLimits& limits,
                                 RequestHead& head) {
  // What lies behind the limit is not looked at: it would not have come yet if the head came in
  // pieces.
  bytes = bytes.substr(0, limits.max_bytes);
  head.borrow(bytes);
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* line_end = begin + position_;
  for (;;) {
    line_end = find_line_end(line_end, end);
    const auto line_limit = static_cast<uint32_t>(line_end - begin);
    const bool empty = line_limit == line_start_;
    if (state_ == State::start && !empty &&
        !http::is_token_char(static_cast<unsigned char>(begin[line_start_]))) {
      // Not a method: say so at once, a TLS client on a plain port would wait for the head timeout
      // otherwise.
      return refuse(400, "the request line does not begin with a method");
    }
    if (end - line_end < 2 || line_end[0] != '\r' || line_end[1] != '\n') {
      position_ = line_limit;
      return stop_inside_line(bytes, limits);
    }
    if (state_ == State::fields) {
      if (empty) {
        line_start_ = position_ = line_limit + 2;
        head.borrow(bytes.substr(0, line_start_));
        return ParseStatus::complete;
      }
      if (head.fields.size() == limits.max_fields) return refuse(431, "too many header fields");
      if (!parse_field_line(bytes, line_limit, head)) return ParseStatus::refused;
    } else if (!empty) {  // empty lines before the request line are skipped (RFC 9112 section 2.2)
      if (!parse_request_line(bytes, line_limit, head)) return ParseStatus::refused;
      state_ = State::fields;
    }
    line_start_ = line_limit + 2;
    line_end += 2;
  }
}

// There is no CRLF at `position_`, where a line ends: because it has not come yet, or never will.
ParseStatus RequestParser::stop_inside_line(std::string_view bytes, const HeadLimits& limits) {
  const std::string_view rest = bytes.substr(position_);
  if (rest.empty() || rest == "\r") return incomplete(bytes, limits);
  switch (rest[0]) {
    case '\r': return refuse(400, "CR without LF");
    case '\n': return refuse(400, "a line ends in LF without CR");
    default: return refuse(400, "the head has a control character");
  }
}

// request-line = method SP request-target SP HTTP-version (RFC 9112 section 3)
bool RequestParser::parse_request_line(std::string_view bytes, uint32_t end, RequestHead& head) {
  uint32_t at = line_start_;
  if (bytes.substr(at).starts_with("GET ")) {  // most requests
    at += 3;
    head.method_id = http::Method::get;
  } else {
    while (at < end && http::is_token_char(static_cast<unsigned char>(bytes[at]))) ++at;
    if (at == line_start_ || at == end || bytes[at] != ' ') {
      refuse(400, "the method is not a token followed by one space");
      return false;
    }
    head.method_id = http::method_from(bytes.substr(line_start_, at - line_start_));
  }
  head.method_span = {line_start_, at - line_start_};

  // The line end behind the line is outside a target, so these loops need not look for the end
  // themselves.
  const uint32_t target = ++at;
  while (target_byte(bytes[at]) == kInside) ++at;
  const uint32_t question_mark = at;
  while (target_byte(bytes[at]) != kOutside) ++at;
  if (at == target || at == end || bytes[at] != ' ') {
    refuse(400, "the request target is not a URI followed by one space and the version");
    return false;
  }
  head.target_span = {target, at - target};
  if (question_mark < at) {
    head.path_span = {target, question_mark - target};
    head.query_span = {question_mark + 1, at - question_mark - 1};
  } else {
    head.path_span = head.target_span;
  }
  ++at;
  return parse_version(bytes.substr(at, end - at), head);
}

bool RequestParser::parse_version(std::string_view version, RequestHead& head) {
  if (version == "HTTP/1.1") {
    head.minor_version = 1;
    return true;
  }
  auto digit = [&](size_t i) { return version[i] >= '0' && version[i] <= '9'; };
  if (version.size() != 8 || std::memcmp(version.data(), "HTTP/", 5) != 0 || !digit(5) ||
      version[6] != '.' || !digit(7)) {
    refuse(400, "the version is not of the form HTTP/1.1");
    return false;
  }
  if (version[5] != '1') {
    refuse(505, "this server speaks HTTP/1.0 and HTTP/1.1");
    return false;
  }
  // A higher minor version is answered as 1.1, the highest that we know (RFC 9110 section 2.5).
  head.minor_version = version[7] == '0' ? 0 : 1;
  return true;
}

// field-line = field-name ":" OWS field-value OWS (RFC 9112 section 5)
bool RequestParser::parse_field_line(std::string_view bytes, uint32_t end, RequestHead& head) {
  const char* const begin = bytes.data();
  const char* const line = begin + line_start_;
  // A CR stands behind the line. It is neither a token character nor white space, so it ends each
  // of these loops.
  const char* at = skip_letters(line, begin + bytes.size());
  while (http::is_token_char(static_cast<unsigned char>(*at))) ++at;
  if (at == line || *at != ':') {
    // White space before the colon and folded lines end here too: both are smuggling tools
    // (sections 5.1, 5.2).
    refuse(400, *line == ' ' || *line == '\t'
                    ? "a header field is folded over two lines"
                    : "a header field has no name that is a token and a colon");
    return false;
  }
  http::FieldSpan field;
  field.name = {line_start_, static_cast<uint32_t>(at - line)};
  field.id = classify({line, field.name.length});
  ++at;
  while (*at == ' ' || *at == '\t') ++at;
  const char* last = begin + end;
  while (last > at && (last[-1] == ' ' || last[-1] == '\t')) --last;
  field.value = {static_cast<uint32_t>(at - begin), static_cast<uint32_t>(last - at)};
  head.fields.push_back(field);
  return true;
}

}  // namespace bao::http1
