#include "http/parameters.h"

#include <algorithm>

#include "http/tokens.h"

namespace bao::http {

Parameters::Parameters(std::string_view value) {
  const size_t end = std::min(value.find(';'), value.size());
  first_ = trim_whitespace(value.substr(0, end));
  rest_ = value.substr(end);
}

bool Parameters::next(std::string_view& name, std::string& value) {
  // Empty parameters are passed over, as RFC 9110 allows.
  do {
    rest_ = trim_whitespace(rest_);
    if (rest_.empty()) return false;
    if (rest_.front() != ';') return !(malformed_ = true);
    rest_ = trim_whitespace(rest_.substr(1));
  } while (rest_.empty() || rest_.front() == ';');
  const size_t equals = rest_.find_first_of("=;\"");
  if (equals == rest_.npos || rest_[equals] != '=' || !is_token(rest_.substr(0, equals))) {
    return !(malformed_ = true);
  }
  name = rest_.substr(0, equals);
  rest_.remove_prefix(equals + 1);
  if (rest_.starts_with('"')) return read_quoted(value);
  const size_t end = std::min(rest_.find(';'), rest_.size());
  const std::string_view token = trim_whitespace(rest_.substr(0, end));
  if (!is_token(token)) return !(malformed_ = true);
  value = token;
  rest_.remove_prefix(end);
  return true;
}

bool Parameters::read_quoted(std::string& value) {
  value.clear();
  for (size_t i = 1; i < rest_.size(); ++i) {
    if (rest_[i] == '"') {
      rest_.remove_prefix(i + 1);
      return true;
    }
    const bool escapes =
        rest_[i] == '\\' && i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\');
    value += rest_[escapes ? ++i : i];
  }
  return !(malformed_ = true);
}

std::optional<std::string> find_parameter(std::string_view field, std::string_view wanted) {
  Parameters parameters(field);
  std::optional<std::string> found;
  std::string_view name;
  for (std::string value; parameters.next(name, value);) {
    if (!equals_ignoring_case(name, wanted)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  if (parameters.malformed()) return std::nullopt;
  return found;
}

}  // namespace bao::http
