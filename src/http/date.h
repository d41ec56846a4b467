#pragma once

#include <cstddef>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace bao::http {

/// The length of an IMF-fixdate such as "Sun, 06 Nov 1994 08:49:37 GMT".
inline constexpr std::size_t kDateLength = 29;

/// Writes `time` (seconds since 1970-01-01 00:00:00 UTC) as an IMF-fixdate (RFC 9110 §5.6.7) into
/// `out`, without a final NUL. The form has room for the years 0000 to 9999: a time outside of them
/// is written as the nearest one inside.
void format_date(std::time_t time, char (&out)[kDateLength]);

/// The same as a string.
std::string format_date(std::time_t time);

/// Reads an HTTP-date in any of its three forms (RFC 9110 §5.6.7): IMF-fixdate, RFC 850 and
/// asctime. Nothing is returned unless the text follows the grammar to the byte (it is
/// case-sensitive) and names a real moment: a day that exists, with its own day of the week, at a
/// time up to 23:59:59, or the leap second 23:59:60, which counts as the second after it.
///
/// An RFC 850 date has a year of two digits. It stands for the latest such year in which the date
/// is not more than 50 years after `now` (seconds since 1970).
std::optional<std::time_t> parse_date(std::string_view text, std::time_t now);

}  // namespace bao::http
