#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bao::http {

/// The parameters of a query, read as application/x-www-form-urlencoded (WHATWG URL Standard §5.1):
/// `&` separates parameters and the first `=` a name from its value, `+` is a space,
/// percent-encoded bytes are decoded, and ill-formed UTF-8 becomes U+FFFD. So no query is wrong,
/// and every name and value is valid UTF-8. A parameter without `=` has an empty value; empty
/// parameters are skipped. The order and repeated names are kept.
class QueryParameters {
 public:
  using Entry = std::pair<std::string, std::string>;

  QueryParameters() = default;

  /// Reads `query`, which comes without its `?`. Nothing of it is needed after the call.
  explicit QueryParameters(std::string_view query);

  /// The value of the first parameter of that name, which is case-sensitive and already decoded.
  std::optional<std::string> get(std::string_view name) const;

  /// The values of all parameters of that name, in order; empty if there is none.
  std::vector<std::string> get_all(std::string_view name) const;

  /// Whether there is a parameter of that name.
  bool has(std::string_view name) const;

  /// All parameters in order. The reference lives as long as this object.
  const std::vector<Entry>& entries() const& { return entries_; }

  /// The same from a temporary, which hands them over: `for (… : QueryParameters(…).entries())` is
  /// safe.
  std::vector<Entry> entries() && { return std::move(entries_); }

 private:
  const Entry* find(std::string_view name) const;

  std::vector<Entry> entries_;
};

}  // namespace bao::http
