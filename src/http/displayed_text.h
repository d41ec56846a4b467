#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bao::http {

/// Longer texts (of messages, names, values) are cut when they are shown.
inline constexpr std::size_t kMaxDisplayedBytes = std::size_t{16} * 1024;

/// `text` as HTML that shows just it, in the content of an element as well as in a quoted
/// attribute. Valid UTF-8 whatever `text` is: what is no text (bytes that are not UTF-8, control
/// characters but tab and line feed, marks that turn the direction of writing) becomes a visible
/// replacement.
std::string escape_html(std::string_view text);

/// `text` for one line of a terminal: what is no text, as above and with tab and line feed, is
/// written like "\n", "\x1b" or "\u202e".
std::string escape_terminal(std::string_view text);

/// The beginning of `text` (80 bytes at most) in quotation marks and escaped as for a terminal: how
/// a message names a value that is refused.
std::string quote(std::string_view text);

/// The value of a field as it may be shown, not yet escaped.
struct DisplayedValue {
  std::string text;
  /// The field carries credentials, and `text` stands for its value.
  bool masked;
};

/// Masks the values of Authorization, Proxy-Authorization (RFC 9110 section 11) and Cookie (RFC
/// 6265 section 4.2), whose names may be in any case: only their length is told.
DisplayedValue displayed_field_value(std::string_view name, std::string_view value);

}  // namespace bao::http
