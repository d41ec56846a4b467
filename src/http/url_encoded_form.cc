#include <algorithm>
#include <utility>

#include "http/form_parser.h"
#include "http/percent.h"
#include "http/tokens.h"

namespace bao::http {

FormEvent UrlEncodedParser::refuse(std::string_view reason) {
  refusal_ = {413, reason};
  state_ = State::refused;
  return FormEvent::refused;
}

FormEvent UrlEncodedParser::parse(std::string_view& input, bool last, std::string_view& content) {
  for (;;) {
    FormEvent event = FormEvent::refused;
    if (state_ == State::name) event = take_name(input, last);
    if (state_ == State::value && event != FormEvent::part) {
      event = take_value(input, last, content);
    }
    if (event != FormEvent::more || (input.empty() && !last)) return event;
  }
}

// A name ends with its `=`, or with the pair, whose value is then empty.
FormEvent UrlEncodedParser::take_name(std::string_view& input, bool last) {
  const size_t end = std::min(input.find_first_of("=&"), input.size());
  // Escapes make a name shorter, never longer.
  if (name_.size() + end > 3 * uint64_t{limits_.max_name_bytes}) {
    return refuse("a name in the form is too long");
  }
  name_ += input.substr(0, end);
  input.remove_prefix(end);
  if (input.empty() && !last) return FormEvent::more;
  const bool empty_pair = name_.empty() && !input.starts_with('=');
  if (empty_pair) {
    if (input.empty()) return FormEvent::done;
    input.remove_prefix(1);
    return FormEvent::more;
  }
  if (++parts_ > limits_.max_parts) return refuse("the form has too many parts");
  std::string name;
  decode(std::exchange(name_, {}), true, name);
  if (name.size() > limits_.max_name_bytes) return refuse("a name in the form is too long");
  head_ = {.name = to_valid_utf8(name)};
  if (input.starts_with('=')) input.remove_prefix(1);
  state_ = State::value;
  return FormEvent::part;
}

FormEvent UrlEncodedParser::take_value(std::string_view& input, bool last,
                                       std::string_view& content) {
  const size_t end = std::min(input.find('&'), input.size());
  const bool ends = end < input.size() || last;
  content_.clear();
  decode(input.substr(0, end), ends, content_);
  input.remove_prefix(end);
  content = content_;
  if (!content_.empty()) return FormEvent::content;
  if (!ends) return FormEvent::more;
  if (!input.empty()) input.remove_prefix(1);
  state_ = State::name;
  return FormEvent::end;
}

// Decodes what follows `escape_`. Unless `last` an escape that is cut at the end is kept there.
void UrlEncodedParser::decode(std::string_view text, bool last, std::string& to) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool in_escape = !escape_.empty() && hex_digit_value(c) >= 0;
    if (in_escape) {
      escape_ += c;
      if (escape_.size() < 3) continue;
      to += static_cast<char>(hex_digit_value(escape_[1]) * 16 + hex_digit_value(c));
      escape_.clear();
      continue;
    }
    to.append(std::exchange(escape_, {}));
    if (c == '%') {
      escape_ += c;
    } else {
      to += c == '+' ? ' ' : c;
    }
  }
  if (last) to.append(std::exchange(escape_, {}));
}

}  // namespace bao::http
