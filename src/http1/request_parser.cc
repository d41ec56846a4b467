#include "http1/request_parser.h"

#include <cstring>
#include <type_traits>

#include "http/byte_classes.h"
#include "http1/line_scan.h"

namespace bao::http1 {

namespace {

using http::FieldId;
using http::RequestHead;

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

bool is_crlf(const char* at, const char* end) {
  return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
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
  return in_fields_ ? refuse(431, kHeadTooLarge) : refuse(414, kLineTooLong);
}

ParseStatus RequestParser::parse(std::string_view bytes, const HeadLimits& limits,
                                 RequestHead& head) {
  // What lies behind the limit is not looked at: it would not have come yet if the head came in
  // pieces.
  bytes = bytes.substr(0, limits.max_bytes);
  head.borrow(bytes);
  if (!in_fields_) {
    const ParseStatus status = parse_start(bytes, limits, head);
    if (status != ParseStatus::complete) return status;
    in_fields_ = true;
  }
  return parse_fields(bytes, limits, head);
}

// The request line and what may stand before it.
ParseStatus RequestParser::parse_start(std::string_view bytes, const HeadLimits& limits,
                                       RequestHead& head) {
  const char* const end = bytes.data() + bytes.size();
  for (;;) {
    const char* const line = bytes.data() + line_start_;
    const char* const line_end = find_line_end(bytes.data() + position_, end);
    if (line_end != line && !http::is(*line, http::kTokenByte)) {
      // Not a method: say so at once, a TLS client on a plain port would wait for the head timeout
      // otherwise.
      return refuse(400, "the request line does not begin with a method");
    }
    position_ = static_cast<uint32_t>(line_end - bytes.data());
    if (!is_crlf(line_end, end)) return stop_inside_line(bytes, limits);
    // Empty lines before the request line are skipped (RFC 9112 section 2.2).
    if (line_end != line && !parse_request_line(line, line_end, head)) return ParseStatus::refused;
    line_start_ = position_ += 2;
    if (line_end != line) return ParseStatus::complete;
  }
}

// The field section and the empty line behind it.
ParseStatus RequestParser::parse_fields(std::string_view bytes, const HeadLimits& limits,
                                        RequestHead& head) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* line = begin + line_start_;
  const char* from = begin + position_;
  for (size_t left = limits.max_fields - head.fields.size();; --left) {
    const char* const line_end = find_line_end(from, end);
    if (!is_crlf(line_end, end)) {
      line_start_ = static_cast<uint32_t>(line - begin);
      position_ = static_cast<uint32_t>(line_end - begin);
      return stop_inside_line(bytes, limits);
    }
    if (line_end == line) {
      line_start_ = position_ = static_cast<uint32_t>(line_end + 2 - begin);
      head.borrow(bytes.substr(0, line_start_));
      return ParseStatus::complete;
    }
    if (left == 0) return refuse(431, "too many header fields");
    if (!parse_field_line(line, line_end, end, head)) return ParseStatus::refused;
    line = from = line_end + 2;
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
//
// The CR behind the line is neither a token character nor part of a target, so it ends each of the
// loops.
bool RequestParser::parse_request_line(const char* line, const char* line_end, RequestHead& head) {
  const char* at = line;
  if (line_end - line > 4 && std::memcmp(line, "GET ", 4) == 0) {  // most requests
    at += 3;
    head.method_id = http::Method::get;
  } else {
    while (http::is(*at, http::kTokenByte)) ++at;
    if (at == line || *at != ' ') {
      refuse(400, "the method is not a token followed by one space");
      return false;
    }
    head.method_id = http::method_from({line, at});
  }
  head.method_span = head.span(line, at);

  const char* const target = ++at;
  while (http::is(*at, http::kPathByte)) ++at;
  const char* const question_mark = at;
  while (http::is(*at, http::kTargetByte)) ++at;
  if (at == target || *at != ' ') {
    refuse(400, "the request target is not a URI followed by one space and the version");
    return false;
  }
  head.target_span = head.span(target, at);
  head.path_span = head.span(target, question_mark);
  if (question_mark != at) head.query_span = head.span(question_mark + 1, at);
  ++at;
  return parse_version({at, line_end}, head);
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
//
// The CR behind the line is neither a token character nor white space, so it ends each of the loops
// that go forward.
bool RequestParser::parse_field_line(const char* line, const char* line_end, const char* end,
                                     RequestHead& head) {
  const char* at = skip_letters(line, end);
  while (http::is(*at, http::kTokenByte)) ++at;
  if (at == line || *at != ':') {
    // White space before the colon and folded lines end here too: both are smuggling tools
    // (sections 5.1, 5.2).
    refuse(400, *line == ' ' || *line == '\t'
                    ? "a header field is folded over two lines"
                    : "a header field has no name that is a token and a colon");
    return false;
  }
  http::FieldSpan field;
  field.name = head.span(line, at);
  field.id = classify({line, at});
  ++at;
  while (*at == ' ' || *at == '\t') ++at;
  const char* last = line_end;
  while (last > at && (last[-1] == ' ' || last[-1] == '\t')) --last;
  field.value = head.span(at, last);
  head.fields.push_back(field);
  return true;
}

}  // namespace bao::http1
