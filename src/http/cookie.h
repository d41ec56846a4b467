#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bao::http {

/// The cookies that came with a request, read from its Cookie fields (RFC 6265 §4.2, §5.4) with the
/// tolerance that Bun has for them: `;` separates cookies and the first `=` a name from its value,
/// whitespace around both is dropped, and so is whatever has no `=` or no name. Quotes belong to
/// the value. Names are case-sensitive and not decoded.
///
/// Values are percent-decoded, as encodeURIComponent made them. Where a `%` begins no escape,
/// U+FFFD takes the place of the three bytes that an escape would have, or of the `%` alone if
/// fewer than two bytes are left behind it: this is what Bun gives its programs.
///
/// Every name and value is valid UTF-8. Bytes of the field outside of ASCII are taken as Latin-1,
/// which is how JavaScript sees fields; decoded bytes that are ill-formed UTF-8 become U+FFFD.
class RequestCookies {
 public:
  using Entry = std::pair<std::string, std::string>;

  RequestCookies() = default;

  /// Reads one Cookie field value. Nothing of it is needed after the call.
  explicit RequestCookies(std::string_view field_value) { add(field_value); }

  /// Reads a further Cookie field value of the same request; its cookies follow the earlier ones.
  /// Nothing of it is needed after the call.
  void add(std::string_view field_value);

  /// The value of the first cookie of that name. A user agent sends the cookie with the longest
  /// path first (RFC 6265 §5.4), so this is the most specific one.
  std::optional<std::string> get(std::string_view name) const;

  /// Whether there is a cookie of that name.
  bool has(std::string_view name) const;

  /// All cookies in order, repeated names included. The reference lives as long as this object,
  /// what it refers to changes with add.
  const std::vector<Entry>& entries() const& { return entries_; }

  /// The same from a temporary, which hands them over: `for (… : RequestCookies(…).entries())` is
  /// safe.
  std::vector<Entry> entries() && { return std::move(entries_); }

 private:
  const Entry* find(std::string_view name) const;

  std::vector<Entry> entries_;
};

}  // namespace bao::http
