#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bao::tls {

/// Which entry stands for which server name: exact names, and patterns whose first label is `*`,
/// which stands for exactly one label (RFC 9525 section 6.3). Exact names come before patterns;
/// among equals the one that was added last wins.
class ServerNames {
 public:
  /// Why `name` cannot be one, with the mend; nothing if it can: a host name, in any case, with or
  /// without a trailing dot, or one whose first label is `*`.
  static std::optional<std::string> fault(std::string_view name);

  /// `name` must have no fault.
  void add(std::string_view name, size_t entry);

  /// The entry for a name in normal form (see normal_host_name).
  std::optional<size_t> find(const std::string& name) const;

 private:
  std::unordered_map<std::string, size_t> exact_;
  std::unordered_map<std::string, size_t> behind_wildcard_;  // what follows the `*`
};

}  // namespace bao::tls
