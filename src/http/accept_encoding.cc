#include "http/accept_encoding.h"

#include <algorithm>

#include "http/tokens.h"

namespace bao::http {

namespace {

constexpr std::array<std::string_view, kCodings> kNames{"identity", "gzip", "br", "zstd",
                                                        "deflate"};

// qvalue (RFC 9110 section 12.4.2) in thousandths: 0 to 1 with three digits at most behind the
// point.
std::optional<int> parse_qvalue(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int value = (text[0] - '0') * 1000;
  if (text.size() == 1) return value;
  if (text[1] != '.' || text.size() > 5) return std::nullopt;
  int place = 100;
  for (const char digit : text.substr(2)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value += (digit - '0') * place;
    place /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

// What stands behind the first semicolon of an element (RFC 9110 section 12.4.2).
std::optional<int> parse_weight(std::string_view text) {
  text = trim_whitespace(text);
  if (text.size() < 2 || to_lower_ascii(text[0]) != 'q' || text[1] != '=') return std::nullopt;
  return parse_qvalue(text.substr(2));
}

void keep_lower(int16_t& weight, int given) {
  weight = static_cast<int16_t>(weight < 0 ? given : std::min<int>(weight, given));
}

}  // namespace

std::string_view coding_name(Coding coding) {
  return kNames[static_cast<size_t>(coding)];
}

std::optional<Coding> coding_from(std::string_view name) {
  if (equals_ignoring_case(name, "x-gzip")) return Coding::gzip;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (equals_ignoring_case(name, kNames[i])) return static_cast<Coding>(i);
  }
  return std::nullopt;
}

AcceptEncoding::AcceptEncoding(const RequestHead& head) {
  constexpr std::string_view kName = "accept-encoding";
  for (size_t i = 0; i < head.field_count(); ++i) {
    const std::string_view name = head.field_name(i);
    if (name.size() == kName.size() && equals_ignoring_case(name, kName)) add(head.field_value(i));
  }
}

void AcceptEncoding::add(std::string_view value) {
  ListElements elements(value);
  for (std::string_view element; elements.next(element);) {
    const size_t semicolon = element.find(';');
    const std::string_view name = trim_whitespace(element.substr(0, semicolon));
    if (!is_token(name)) continue;
    note(name, semicolon == element.npos ? 1000 : parse_weight(element.substr(semicolon + 1)));
  }
}

void AcceptEncoding::note(std::string_view name, std::optional<int> weight) {
  if (name == "*") {
    if (weight) keep_lower(others_, *weight);
    return;
  }
  const std::optional<Coding> coding = coding_from(name);
  if (!coding || (coding == Coding::identity && !weight)) return;
  keep_lower(weights_[static_cast<size_t>(*coding)], weight.value_or(0));
}

int AcceptEncoding::weight(Coding coding) const {
  const int16_t listed = weights_[static_cast<size_t>(coding)];
  return std::max<int>(listed == kNotListed ? others_ : listed, 0);
}

bool AcceptEncoding::refuses_identity() const {
  const int16_t listed = weights_[static_cast<size_t>(Coding::identity)];
  return (listed == kNotListed ? others_ : listed) == 0;
}

Coding AcceptEncoding::choose(std::span<const Coding> offered) const {
  Coding best = Coding::identity;
  int highest = std::max(weight(Coding::identity) - 1, 0);
  for (const Coding coding : offered) {
    if (weight(coding) <= highest) continue;
    highest = weight(coding);
    best = coding;
  }
  return best;
}

}  // namespace bao::http
