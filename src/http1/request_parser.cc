#include "http1/request_parser.h"

#include <array>
#include <cstring>

#include "http/tokens.h"
#include "http1/line_scan.h"

namespace bao::http1 {

namespace {

using http::FieldId;
using http::RequestHead;
using http::Span;

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

FieldId classify(std::string_view name) {
  switch (name.size()) {
    case 4: return http::equals_ignoring_case(name, "host") ? FieldId::host : FieldId::other;
    case 6: return http::equals_ignoring_case(name, "expect") ? FieldId::expect : FieldId::other;
    case 7: return http::equals_ignoring_case(name, "upgrade") ? FieldId::upgrade : FieldId::other;
    case 10:
      return http::equals_ignoring_case(name, "connection") ? FieldId::connection : FieldId::other;
    case 14:
      return http::equals_ignoring_case(name, "content-length") ? FieldId::content_length
                                                                : FieldId::other;
    case 17:
      return http::equals_ignoring_case(name, "transfer-encoding") ? FieldId::transfer_encoding
                                                                   : FieldId::other;
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
  for (;;) {
    const char* line_end = find_line_end(begin + position_, end);
    position_ = static_cast<uint32_t>(line_end - begin);
    if (state_ == State::start && line_end != begin + line_start_ &&
        !http::is_token_char(static_cast<unsigned char>(begin[line_start_]))) {
      // Not a method: say so at once, a TLS client on a plain port would wait for the head timeout
      // otherwise.
      return refuse(400, "the request line does not begin with a method");
    }
    if (line_end == end) return incomplete(bytes, limits);
    if (*line_end != '\r') {
      return refuse(400, *line_end == '\n' ? "a line ends in LF without CR"
                                           : "the head has a control character");
    }
    if (line_end + 1 == end) return incomplete(bytes, limits);
    if (line_end[1] != '\n') return refuse(400, "CR without LF");

    const auto line_limit = static_cast<uint32_t>(line_end - begin);
    const bool empty = line_limit == line_start_;
    const uint32_t next = line_limit + 2;
    if (state_ == State::fields) {
      if (empty) {
        line_start_ = position_ = next;
        head.borrow(bytes.substr(0, next));
        return ParseStatus::complete;
      }
      if (head.fields.size() == limits.max_fields) return refuse(431, "too many header fields");
      if (!parse_field_line(bytes, line_limit, head)) return ParseStatus::refused;
    } else if (!empty) {  // empty lines before the request line are skipped (RFC 9112 section 2.2)
      if (!parse_request_line(bytes, line_limit, head)) return ParseStatus::refused;
      state_ = State::fields;
    }
    line_start_ = position_ = next;
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
  uint32_t at = line_start_;
  while (at < end && http::is_token_char(static_cast<unsigned char>(bytes[at]))) ++at;
  if (at == line_start_ || at == end || bytes[at] != ':') {
    // White space before the colon and folded lines end here too: both are smuggling tools
    // (sections 5.1, 5.2).
    const char first = bytes[line_start_];
    refuse(400, first == ' ' || first == '\t'
                    ? "a header field is folded over two lines"
                    : "a header field has no name that is a token and a colon");
    return false;
  }
  http::FieldSpan field;
  field.name = {line_start_, at - line_start_};
  field.id = classify(head.text(field.name));
  ++at;
  while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) ++at;
  while (end > at && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t')) --end;
  field.value = {at, end - at};
  head.fields.push_back(field);
  return true;
}

}  // namespace bao::http1
