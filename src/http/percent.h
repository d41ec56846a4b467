#pragma once

#include <string>
#include <string_view>

namespace bao::http {

/// U+FFFD in UTF-8, which stands in for what could not be decoded.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Replaces each percent-encoded byte (RFC 3986 §2.1) by the byte that it stands for. A `%` without
/// two hexadecimal digits behind it stays as it is. The result may hold any byte, NUL included.
std::string percent_decode(std::string_view text);

/// percent_decode, then to_valid_utf8: what a program wants to see of a path or a query.
std::string percent_decode_utf8(std::string_view text);

/// Whether `text` is well-formed UTF-8: no overlong forms, surrogates or numbers above U+10FFFF
/// (RFC 3629 §4).
bool is_valid_utf8(std::string_view text);

/// A copy of `text` in which U+FFFD takes the place of each maximal subpart of an ill-formed
/// sequence, as in the UTF-8 decoder of the WHATWG Encoding Standard. A byte order mark is kept.
std::string to_valid_utf8(std::string_view text);

/// Where a percent-encoded text is going to stand.
enum class PercentEncodeSet {
  kPathSegment,     ///< Between two slashes of a path: all but pchar is encoded (RFC 3986 §3.3).
  kQueryComponent,  ///< A name or a value of a query: all but unreserved is encoded (RFC 3986
                    ///< §2.3).
};

/// Encodes every byte of `text` that may not stand at that place as `%` and two upper-case digits.
/// percent_decode gives `text` back. The dot segments "." and ".." stay as they are, because no
/// encoding hides their meaning.
std::string percent_encode(std::string_view text, PercentEncodeSet set);

}  // namespace bao::http
