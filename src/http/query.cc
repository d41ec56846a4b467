#include "http/query.h"

#include <algorithm>
#include <cstddef>

#include "http/percent.h"

namespace bao::http {

namespace {

std::string decode_component(std::string_view text) {
  if (text.find('+') == std::string_view::npos) return percent_decode_utf8(text);
  // The plus signs go first: one that comes out of %2B is a plus sign.
  std::string with_spaces(text);
  std::replace(with_spaces.begin(), with_spaces.end(), '+', ' ');
  return percent_decode_utf8(with_spaces);
}

}  // namespace

QueryParameters::QueryParameters(std::string_view query) {
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    const std::size_t name_length = std::min(parameter.find('='), parameter.size());
    const std::size_t value_start = std::min(name_length + 1, parameter.size());
    entries_.emplace_back(decode_component(parameter.substr(0, name_length)),
                          decode_component(parameter.substr(value_start)));
  }
}

std::optional<std::string> QueryParameters::get(std::string_view name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  return entry->second;
}

std::vector<std::string> QueryParameters::get_all(std::string_view name) const {
  std::vector<std::string> values;
  for (const Entry& entry : entries_) {
    if (entry.first == name) values.push_back(entry.second);
  }
  return values;
}

bool QueryParameters::has(std::string_view name) const {
  return find(name) != nullptr;
}

const QueryParameters::Entry* QueryParameters::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.first == name) return &entry;
  }
  return nullptr;
}

}  // namespace bao::http
