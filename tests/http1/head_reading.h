#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request_head.h"
#include "http1/cuts.h"
#include "http1/guarded_page.h"
#include "http1/request_parser.h"
#include "http1/request_rules.h"

namespace bao::testing {

/// Everything that reading a head came to, as values that can be compared.
struct HeadReading {
  http1::ParseStatus status = http1::ParseStatus::incomplete;
  int refused = 0;        ///< the status of the refusal, of the parser or of the rules
  std::string reason;     ///< and what it says
  bool by_rules = false;  ///< the parser took it, the rules did not
  bool spans_inside = true;

  std::size_t head_size = 0;
  std::string method, target, path, query, authority;
  std::vector<std::pair<std::string, std::string>> fields;
  http::Method method_id = http::Method::other;
  int minor_version = -1;
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = false;
  bool expects_continue = false;

  bool accepted() const { return status == http1::ParseStatus::complete && refused == 0; }
  bool operator==(const HeadReading&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const HeadReading& reading) {
  if (reading.refused != 0) return out << reading.refused << " " << reading.reason;
  if (!reading.accepted()) return out << "incomplete";
  out << reading.method << " " << reading.target << " 1." << reading.minor_version << " ("
      << reading.head_size << " bytes)";
  for (const auto& [name, value] : reading.fields) out << " [" << name << "|" << value << "]";
  return out;
}

/// Feeds `text` to the parser in the pieces that `cuts` make, each time at another address and
/// directly before a guard page, and the result to the rules.
inline HeadReading read_head(std::string_view text, const Cuts& cuts,
                             const http1::HeadLimits& limits = {}) {
  GuardedPage pages[] = {GuardedPage(text.size()), GuardedPage(text.size() + 5000)};
  http1::RequestParser parser;
  http::RequestHead head;
  HeadReading reading;
  std::string_view placed;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    placed = pages[i % 2].place(text.substr(0, cuts[i]));
    reading.status = parser.parse(placed, limits, head);
    if (reading.status != http1::ParseStatus::incomplete) break;
  }
  reading.method_id = head.method_id;
  if (reading.status == http1::ParseStatus::refused) {
    reading.refused = parser.refusal().status;
    reading.reason = parser.refusal().reason;
    return reading;
  }
  if (reading.status == http1::ParseStatus::incomplete) return reading;
  reading.head_size = parser.head_size();
  if (http1::Refusal refusal = http1::apply_request_rules(head)) {
    reading.refused = refusal.status;
    reading.reason = refusal.reason;
    reading.by_rules = true;
    return reading;
  }
  const std::string_view bytes = head.bytes();
  reading.spans_inside = bytes.data() == placed.data() && bytes.size() == reading.head_size;
  auto inside = [&](http::Span span) {
    reading.spans_inside &=
        span.offset <= bytes.size() && span.length <= bytes.size() - span.offset;
  };
  for (http::Span span :
       {head.method_span, head.target_span, head.path_span, head.query_span, head.authority_span}) {
    inside(span);
  }
  for (const http::FieldSpan& field : head.fields) {
    inside(field.name);
    inside(field.value);
  }
  if (!reading.spans_inside) return reading;
  reading.method = head.method();
  reading.target = head.target();
  reading.path = head.path();
  reading.query = head.query();
  reading.authority = head.authority();
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    reading.fields.emplace_back(head.field_name(i), head.field_value(i));
  }
  reading.minor_version = head.minor_version;
  reading.content_length = head.content_length;
  reading.chunked = head.chunked;
  reading.keep_alive = head.keep_alive;
  reading.expects_continue = head.expects_continue;
  return reading;
}

}  // namespace bao::testing
