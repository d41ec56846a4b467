#include "http/range.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "http/tokens.h"

namespace bao::http {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// A number that is too large for its type is as good as the largest.
uint64_t to_number(std::string_view digits) {
  uint64_t number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return result.ec == std::errc() ? number : std::numeric_limits<uint64_t>::max();
}

// Compares numbers of any length.
bool is_less(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

RangeAnswer answer_spec(std::string_view first, std::string_view last, uint64_t size) {
  using Kind = RangeAnswer::Kind;
  if (first.empty()) {
    if (!is_number(last)) return {};
    const uint64_t length = std::min(to_number(last), size);
    if (length > 0) return {Kind::part, size - length, length};
    // The last bytes of nothing are satisfiable, but no Content-Range can say which they are.
    return size == 0 && to_number(last) > 0 ? RangeAnswer() : RangeAnswer{Kind::unsatisfiable};
  }
  if (!is_number(first) || !(last.empty() || is_number(last))) return {};
  if (!last.empty() && is_less(last, first)) return {};
  const uint64_t from = to_number(first);
  if (from >= size) return {Kind::unsatisfiable};
  const uint64_t to = last.empty() ? size - 1 : std::min(to_number(last), size - 1);
  return {Kind::part, from, to - from + 1};
}

}  // namespace

RangeAnswer answer_range(std::string_view field_value, uint64_t size) {
  constexpr std::string_view kBytes = "bytes=";
  const std::string_view value = trim_whitespace(field_value);
  if (!equals_ignoring_case(value.substr(0, kBytes.size()), kBytes)) return {};
  ListElements elements(value.substr(kBytes.size()));
  std::string_view spec;
  std::string_view another;
  if (!elements.next(spec) || elements.next(another)) return {};
  const size_t dash = spec.find('-');
  if (dash == spec.npos) return {};
  return answer_spec(spec.substr(0, dash), spec.substr(dash + 1), size);
}

std::string content_range(uint64_t first, uint64_t length, uint64_t size) {
  return "bytes " + std::to_string(first) + "-" + std::to_string(first + length - 1) + "/" +
         std::to_string(size);
}

std::string unsatisfied_range(uint64_t size) {
  return "bytes */" + std::to_string(size);
}

}  // namespace bao::http
