#include <algorithm>
#include <utility>

#include "http/form_parser.h"
#include "http/parameters.h"
#include "http/percent.h"
#include "http/tokens.h"

namespace bao::http {

namespace {

constexpr size_t kLongestBoundary = 70;

// bchars of RFC 2046 section 5.1.1.
bool is_boundary_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

// How HTML writes a quote and the bytes of a line's end inside of a name; nothing else is encoded.
std::string decode_name(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view escape = text.substr(i, 3);
    const bool quote = escape == "%22";
    const bool cr = equals_ignoring_case(escape, "%0d");
    const bool lf = equals_ignoring_case(escape, "%0a");
    if (quote || cr || lf) {
      name += quote ? '"' : cr ? '\r' : '\n';
      i += 2;
    } else {
      name += text[i];
    }
  }
  return to_valid_utf8(name);
}

}  // namespace

std::optional<std::string> MultipartParser::boundary_of(std::string_view content_type) {
  auto boundary = find_parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kLongestBoundary) return std::nullopt;
  if (boundary->back() == ' ') return std::nullopt;
  if (!std::all_of(boundary->begin(), boundary->end(), is_boundary_char)) return std::nullopt;
  return boundary;
}

MultipartParser::MultipartParser(std::string_view boundary, const FormLimits& limits)
    : limits_(limits), delimiter_("\r\n--") {
  delimiter_ += boundary;
}

FormEvent MultipartParser::refuse(int status, std::string_view reason) {
  refusal_ = {status, reason};
  state_ = State::refused;
  return FormEvent::refused;
}

FormEvent MultipartParser::parse(std::string_view& input, bool last, std::string_view& content) {
  if (state_ == State::refused) return FormEvent::refused;
  while (!input.empty() && state_ != State::epilogue) {
    FormEvent event = FormEvent::more;
    switch (state_) {
      case State::preamble: event = take_preamble(input); break;
      case State::content: event = take_content(input, content); break;
      case State::header: event = take_header(input); break;
      default: event = take_boundary(input); break;
    }
    if (event != FormEvent::more) return event;
  }
  if (state_ == State::epilogue) {
    input = {};
    return last ? FormEvent::done : FormEvent::more;
  }
  return last ? refuse(400, "the form ends before its last boundary") : FormEvent::more;
}

// Consumes up to the end of the next delimiter, and says whether it is here. Else `content` is what
// stands before it, or before what may become one. No second CR can stand in a delimiter, so bytes
// that have begun one in vain hold no other beginning.
bool MultipartParser::find_delimiter(std::string_view& input, std::string_view& content) {
  content = {};
  if (matched_ == 0) {
    const size_t at = std::min(input.find('\r'), input.size());
    if (at > 0) {
      content = input.substr(0, at);
      input.remove_prefix(at);
      return false;
    }
  }
  const std::string_view rest = std::string_view(delimiter_).substr(matched_);
  const auto differ = std::mismatch(rest.begin(), rest.end(), input.begin(), input.end());
  const auto same = static_cast<size_t>(differ.first - rest.begin());
  input.remove_prefix(same);
  matched_ += same;
  if (matched_ == delimiter_.size()) {
    matched_ = lacking_ = 0;
    return true;
  }
  if (!input.empty()) {
    content = std::string_view(delimiter_).substr(0, std::exchange(matched_, 0));
    content.remove_prefix(std::exchange(lacking_, 0));
  }
  return false;
}

// The beginning of a delimiter does not count: it may be the end of the preamble, wherever it is
// cut.
FormEvent MultipartParser::take_preamble(std::string_view& input) {
  std::string_view passed_over;
  if (find_delimiter(input, passed_over)) {
    overhead_ = 0;
    state_ = State::boundary;
    return FormEvent::more;
  }
  const uint64_t taken = overhead_ + uint64_t{passed_over.size()};
  if (taken > limits_.max_header_bytes) {
    return refuse(413, "too much stands before the first boundary of the form");
  }
  overhead_ = static_cast<uint32_t>(taken);
  return FormEvent::more;
}

FormEvent MultipartParser::take_content(std::string_view& input, std::string_view& content) {
  if (find_delimiter(input, content)) {
    overhead_ = 0;
    state_ = State::boundary;
    return FormEvent::end;
  }
  return content.empty() ? FormEvent::more : FormEvent::content;
}

// Behind a boundary. Anything but an end of line or hyphens would be a longer boundary, which
// others might take for content.
FormEvent MultipartParser::take_boundary(std::string_view& input) {
  const char byte = input.front();
  input.remove_prefix(1);
  if (++overhead_ > limits_.max_header_bytes) {
    return refuse(413, "a boundary of the form has too much white space");
  }
  if (state_ == State::boundary_end) {
    if (byte != '-') return refuse(400, "a boundary of the form goes on where it must end");
    state_ = State::epilogue;
  } else if (state_ == State::boundary_lf) {
    if (byte != '\n') return refuse(400, "a line of the form has CR without LF");
    if (++parts_ > limits_.max_parts) return refuse(413, "the form has too many parts");
    overhead_ = 0;
    head_ = {};
    name_.reset();
    state_ = State::header;
  } else if (byte == '\r') {
    state_ = State::boundary_lf;
  } else if (byte == '-' && overhead_ == 1) {
    state_ = State::boundary_end;
  } else if (byte != ' ' && byte != '\t') {
    return refuse(400, "a boundary of the form goes on where it must end");
  }
  return FormEvent::more;
}

FormEvent MultipartParser::take_header(std::string_view& input) {
  const size_t end = input.find('\n');
  const std::string_view taken = input.substr(0, end == input.npos ? input.size() : end + 1);
  if (overhead_ + taken.size() > limits_.max_header_bytes) {
    return refuse(413, "the header fields of a part of the form are too large");
  }
  overhead_ += static_cast<uint32_t>(taken.size());
  line_ += taken;
  input.remove_prefix(taken.size());
  if (end == std::string_view::npos) return FormEvent::more;
  if (!line_.ends_with("\r\n")) return refuse(400, "a line of the form has LF without CR");
  const std::string line = std::exchange(line_, {});
  const std::string_view field = std::string_view(line).substr(0, line.size() - 2);
  if (field.empty()) return end_header();
  if (read_field(field)) return FormEvent::more;
  return refusal_.status != 0 ? FormEvent::refused
                              : refuse(400, "a header field of a part of the form is malformed");
}

FormEvent MultipartParser::end_header() {
  if (!name_) return refuse(400, "a part of the form has no name");
  head_.name = *std::exchange(name_, std::nullopt);
  state_ = State::content;
  // Of a part without content the empty line may belong to the boundary (RFC 2046 section 5.1.1:
  // body-part).
  matched_ = lacking_ = 2;
  return FormEvent::part;
}

bool MultipartParser::read_field(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim_whitespace(line.substr(colon + 1));
  if (!is_field_value(value)) return false;
  const bool disposition = equals_ignoring_case(name, "content-disposition");
  const bool type = equals_ignoring_case(name, "content-type");
  // Two of them are two answers to what the part is.
  if ((disposition || type) && head_.fields.has(name)) return false;
  head_.fields.append(name, value);
  if (type) head_.type = value;
  return !disposition || read_disposition(value);
}

// RFC 7578 section 4.2; `filename*` is not to be sent, and is not read.
bool MultipartParser::read_disposition(std::string_view value) {
  Parameters parameters(value);
  if (!equals_ignoring_case(parameters.first(), "form-data")) return false;
  std::string_view name;
  for (std::string text; parameters.next(name, text);) {
    if (equals_ignoring_case(name, "name")) {
      if (!set_name(name_, std::move(text))) return false;
    } else if (equals_ignoring_case(name, "filename")) {
      if (!set_name(head_.filename, std::move(text))) return false;
    }
  }
  return !parameters.malformed();
}

bool MultipartParser::set_name(std::optional<std::string>& to, std::string&& value) {
  if (to) return false;
  if (value.size() > limits_.max_name_bytes) {
    refuse(413, "a name in the form is too long");
    return false;
  }
  to = decode_name(value);
  return true;
}

}  // namespace bao::http
