#include "http/displayed_text.h"

#include <charconv>

#include "http/tokens.h"

namespace bao::http {
namespace {

/// A character of UTF-8 text, or one byte that belongs to none.
struct Character {
  char32_t code;
  std::string_view bytes;
  bool valid;
};

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// The length that the first byte of a UTF-8 sequence announces (RFC 3629 section 3); 0 for none.
std::size_t announced_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

/// The first character of `text`, which is not empty.
Character first_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const Character invalid{first, text.substr(0, 1), false};
  const std::size_t length = announced_length(first);
  if (length == 0 || length > text.size()) return invalid;
  char32_t code = length == 1 ? first : first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return invalid;
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[length] || code > 0x10FFFF || surrogate) return invalid;
  return {code, text.substr(0, length), true};
}

/// Whether showing the character could do something else than show a character: control characters,
/// and the marks that turn or override the direction of the text around them.
bool is_unshowable(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

std::string_view entity(char32_t code) {
  switch (code) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

void append_html(std::string& html, const Character& character) {
  const char32_t code = character.code;
  if (character.valid && code < 0x20 && code != '\t' && code != '\n') {
    html += "\xE2\x90";  // U+2400 to U+241F are pictures of the control characters
    html += static_cast<char>(0x80 + code);
  } else if (!character.valid || (is_unshowable(code) && code != '\t' && code != '\n')) {
    html += "\xEF\xBF\xBD";  // U+FFFD
  } else if (const std::string_view name = entity(code); !name.empty()) {
    html += name;
  } else {
    html += character.bytes;
  }
}

void append_number(std::string& text, std::string_view prefix, char32_t code, std::size_t digits) {
  char hex[8];
  const auto end = std::to_chars(hex, hex + sizeof(hex), static_cast<unsigned>(code), 16).ptr;
  const auto length = static_cast<std::size_t>(end - hex);
  text += prefix;
  text.append(digits > length ? digits - length : 0, '0');
  text.append(hex, length);
}

void append_terminal(std::string& text, const Character& character) {
  if (character.code == '\n') {
    text += "\\n";
  } else if (character.code == '\t') {
    text += "\\t";
  } else if (!character.valid || (is_unshowable(character.code) && character.code < 0x80)) {
    append_number(text, "\\x", character.code, 2);
  } else if (is_unshowable(character.code)) {
    append_number(text, "\\u", character.code, 4);
  } else {
    text += character.bytes;
  }
}

template <class Append>
std::string each_character(std::string_view text, Append append) {
  std::string result;
  result.reserve(text.size() + text.size() / 8);
  for (std::size_t shown = 0; !text.empty();) {
    const Character character = first_character(text);
    shown += character.bytes.size();
    if (shown > kMaxDisplayedBytes) {
      result += "\xE2\x80\xA6 (" + std::to_string(text.size()) + " more bytes)";
      break;
    }
    append(result, character);
    text.remove_prefix(character.bytes.size());
  }
  return result;
}

}  // namespace

std::string escape_html(std::string_view text) {
  return each_character(text, append_html);
}

std::string escape_terminal(std::string_view text) {
  return each_character(text, append_terminal);
}

std::string quote(std::string_view text) {
  constexpr std::size_t kMost = 80;
  return "\"" + escape_terminal(text.substr(0, kMost)) + "\"";
}

DisplayedValue displayed_field_value(std::string_view name, std::string_view value) {
  for (std::string_view secret : {"authorization", "proxy-authorization", "cookie"}) {
    if (!equals_ignoring_case(name, secret)) continue;
    const std::string_view unit = value.size() == 1 ? " byte)" : " bytes)";
    return {"(hidden, " + std::to_string(value.size()) + std::string(unit), true};
  }
  return {std::string(value), false};
}

}  // namespace bao::http
