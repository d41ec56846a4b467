#include "tls/server_names.h"

#include <algorithm>

#include "tls/client_hello.h"

namespace bao::tls {

namespace {

// The name with its `*` as a label that any host name may have.
std::string normal_pattern(std::string_view name) {
  if (name == "*" || name == "*.") return "*";
  if (!name.starts_with("*.")) return normal_host_name(name);
  std::string rest = normal_host_name(name.substr(2));
  return rest.empty() ? rest : "*." + rest;
}

}  // namespace

std::optional<std::string> ServerNames::fault(std::string_view name) {
  if (!normal_pattern(name).empty()) return std::nullopt;
  const bool ascii = std::none_of(name.begin(), name.end(),
                                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (!ascii) return "give the name's ASCII form, as in \"xn--bcher-kva.example\"";
  if (name.find('*') != name.npos) {
    return "a * stands for the whole first label, as in \"*.example.com\"";
  }
  return "give a host name, as in \"example.com\"";
}

void ServerNames::add(std::string_view name, size_t entry) {
  std::string normal = normal_pattern(name);
  if (normal.starts_with('*')) {
    behind_wildcard_[normal.substr(1)] = entry;
  } else {
    exact_[std::move(normal)] = entry;
  }
}

std::optional<size_t> ServerNames::find(const std::string& name) const {
  if (name.empty()) return std::nullopt;
  if (auto found = exact_.find(name); found != exact_.end()) return found->second;
  if (behind_wildcard_.empty()) return std::nullopt;
  const size_t dot = std::min(name.find('.'), name.size());
  auto found = behind_wildcard_.find(name.substr(dot));
  return found == behind_wildcard_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace bao::tls
