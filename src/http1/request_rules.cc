#include "http1/request_rules.h"

#include <limits>

#include "http/tokens.h"
#include "http/url.h"

namespace bao::http1 {

namespace {

using http::FieldId;
using http::FieldSpan;
using http::ListElements;
using http::Method;
using http::RequestHead;
using http::Span;

// The span of `part`, which lies inside the head's bytes.
Span span_of(const RequestHead& head, std::string_view part) {
  return head.span(part.data(), part.data() + part.size());
}

// What the fields say, before it is judged as a whole.
struct Findings {
  int hosts = 0;
  int transfer_encodings = 0;
  int content_lengths = 0;
  bool close = false;
  bool keep_alive = false;
};

// Content-Length: digits, or a list of equal values, which RFC 9112 section 6.3 (rule 5) lets us
// take as one.
Refusal read_content_length(RequestHead& head, std::string_view value, Findings& findings) {
  constexpr Refusal kInvalid{400, "Content-Length is not a number"};
  size_t at = 0;
  for (;;) {
    size_t digits = 0;
    uint64_t length = 0;
    for (; at < value.size() && value[at] >= '0' && value[at] <= '9'; ++at, ++digits) {
      constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max() / 10 - 1;
      // Saturates: whatever does not fit is over every limit, and 413 is its answer.
      length = length > kMost ? std::numeric_limits<uint64_t>::max() - 10
                              : length * 10 + static_cast<uint64_t>(value[at] - '0');
    }
    if (digits == 0) return kInvalid;
    if (findings.content_lengths > 0 && head.content_length != length) {
      return {400, "two Content-Length values differ"};
    }
    head.content_length = length;
    ++findings.content_lengths;
    while (at < value.size() && (value[at] == ' ' || value[at] == '\t')) ++at;
    if (at == value.size()) return {};
    if (value[at] != ',') return kInvalid;
    ++at;
    while (at < value.size() && (value[at] == ' ' || value[at] == '\t')) ++at;
  }
}

// True for codings that the registry names and that we know we do not undo in requests.
bool is_registered_coding(std::string_view coding) {
  for (std::string_view name :
       {"gzip", "x-gzip", "deflate", "compress", "x-compress", "identity", "chunked"}) {
    if (http::equals_ignoring_case(coding, name)) return true;
  }
  return false;
}

// Transfer-Encoding: exactly `chunked`, once. A coding that is not ours in front of a final
// `chunked`, or one that nobody knows, is 501 (RFC 9112 section 6.1); everything else leaves the
// length unknown: 400 (section 6.3, rule 4).
Refusal read_transfer_encoding(RequestHead& head, std::string_view value, Findings& findings) {
  if (++findings.transfer_encodings > 1) return {400, "two Transfer-Encoding fields"};
  if (http::equals_ignoring_case(value, "chunked")) {
    head.chunked = true;
    return {};
  }
  ListElements elements(value);
  std::string_view element;
  bool final_is_chunked = false;
  bool unknown = false;
  int count = 0;
  int chunked = 0;
  while (elements.next(element)) {
    ++count;
    if (!http::is_token(element)) return {400, "Transfer-Encoding is malformed"};
    final_is_chunked = http::equals_ignoring_case(element, "chunked");
    chunked += final_is_chunked ? 1 : 0;
    unknown |= !is_registered_coding(element);
  }
  if (chunked <= 1 && count > 0 && (chunked == 1 ? final_is_chunked && count > 1 : unknown)) {
    return {501, "chunked is the only transfer coding that this server knows"};
  }
  return {400, "Transfer-Encoding is not exactly chunked"};
}

void read_connection(std::string_view value, Findings& findings) {
  ListElements options(value);
  std::string_view option;
  while (options.next(option)) {
    findings.close |= http::equals_ignoring_case(option, "close");
    findings.keep_alive |= http::equals_ignoring_case(option, "keep-alive");
  }
}

Refusal read_field(RequestHead& head, const FieldSpan& field, Findings& findings, bool takes_all) {
  std::string_view value = head.text(field.value);
  switch (field.id) {
    case FieldId::host:
      if (++findings.hosts > 1) return {400, "two Host fields"};
      if (!http::is_valid_host(value)) return {400, "the Host field is not a host and port"};
      head.authority_span = field.value;
      return {};
    case FieldId::connection: read_connection(value, findings); return {};
    case FieldId::content_length: return read_content_length(head, value, findings);
    case FieldId::transfer_encoding: return read_transfer_encoding(head, value, findings);
    case FieldId::expect:
      if (!http::equals_ignoring_case(value, "100-continue")) {
        if (takes_all) return {};
        return {417, "100-continue is the only expectation that this server knows"};
      }
      // A 1.0 client cannot be sent an interim reply (RFC 9110 section 10.1.1).
      head.expects_continue = head.minor_version > 0;
      return {};
    case FieldId::upgrade:
    case FieldId::other: return {};
  }
  return {};
}

Refusal read_absolute_form(RequestHead& head, bool secure) {
  auto parts = http::parse_absolute_form(head.target());
  if (!parts) return {400, "the request target is neither a path nor an http URL"};
  // RFC 9110 section 7.4: what was asked of a secured origin is not answered in the clear.
  if (!secure && http::equals_ignoring_case(parts->scheme, "https")) {
    return {421, "an https URL was asked for on a connection without TLS"};
  }
  // The target's authority replaces what Host says (RFC 9112 section 3.2.2).
  head.authority_span = span_of(head, parts->authority);
  std::string_view rest = parts->path_and_query;
  size_t question_mark = rest.find('?');
  head.path_span = span_of(head, rest.substr(0, question_mark));
  head.query_span = {};
  if (question_mark != rest.npos) head.query_span = span_of(head, rest.substr(question_mark + 1));
  head.path_is_root = head.path_span.length == 0;
  return {};
}

// The four forms of RFC 9112 section 3.2.
Refusal read_target(RequestHead& head, bool secure, bool takes_all) {
  std::string_view target = head.target();
  if (head.method_id == Method::connect) {
    if (!http::is_valid_authority_form(target)) return {400, "CONNECT needs a host and a port"};
    if (!takes_all) return {501, "this server is no proxy"};
    head.path_span = head.query_span = {};
    head.path_is_root = true;
    return {};
  }
  if (target[0] == '/') return {};
  if (target == "*") {
    if (head.method_id == Method::options) return {};
    return {400, "only OPTIONS may have the target *"};
  }
  return read_absolute_form(head, secure);
}

}  // namespace

Refusal apply_request_rules(RequestHead& head, bool secure, bool takes_all) {
  Findings findings;
  for (const FieldSpan& field : head.fields) {
    if (field.id == FieldId::other) continue;
    if (Refusal refusal = read_field(head, field, findings, takes_all)) return refusal;
  }
  if (findings.hosts == 0 && head.minor_version > 0) return {400, "the Host field is missing"};
  if (findings.transfer_encodings > 0) {
    if (findings.content_lengths > 0) return {400, "both Transfer-Encoding and Content-Length"};
    // Whatever forwarded this does not know chunked (RFC 9112 section 6.1).
    if (head.minor_version == 0) return {400, "Transfer-Encoding in an HTTP/1.0 request"};
  }
  // RFC 9110 section 9.3.8.
  if (head.method_id == Method::trace && (head.content_length > 0 || head.chunked)) {
    return {400, "TRACE with a body"};
  }
  if (Refusal refusal = read_target(head, secure, takes_all)) return refusal;
  head.keep_alive = !findings.close && (head.minor_version > 0 || findings.keep_alive);
  if (head.content_length == 0 && !head.chunked) head.expects_continue = false;
  return {};
}

}  // namespace bao::http1
