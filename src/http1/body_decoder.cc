#include "http1/body_decoder.h"

#include <algorithm>

#include "http/tokens.h"
#include "http/trailers.h"
#include "http1/line_scan.h"

namespace bao::http1 {

namespace {

constexpr ChunkLimits kLimits;
// Sixteen digits would hold any 64-bit size; fifteen keep additions of sizes from overflowing.
constexpr uint8_t kMostSizeDigits = 15;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

BodyDecoder BodyDecoder::with_length(uint64_t length) {
  BodyDecoder decoder;
  decoder.remaining_ = length;
  decoder.state_ = length > 0 ? State::content : State::done;
  return decoder;
}

BodyDecoder BodyDecoder::chunked(const HeadLimits& trailer_limits) {
  BodyDecoder decoder;
  decoder.trailer_limits_ = trailer_limits;
  decoder.is_chunked_ = true;
  decoder.extension_budget_ = kLimits.max_extension_excess;
  decoder.state_ = State::size_first_digit;
  return decoder;
}

BodyDecoder::Status BodyDecoder::refuse(std::string_view reason) {
  refusal_ = {400, reason};
  return Status::refused;
}

BodyDecoder::Status BodyDecoder::decode(std::string_view& input, std::string_view& content) {
  if (refusal_) return Status::refused;
  while (state_ != State::done) {
    if (input.empty()) return Status::more;
    if (state_ == State::content) {
      content = input.substr(0, static_cast<size_t>(std::min<uint64_t>(remaining_, input.size())));
      input.remove_prefix(content.size());
      remaining_ -= content.size();
      if (remaining_ == 0) state_ = is_chunked_ ? State::content_cr : State::done;
      return Status::content;
    }
    Status status = step(input.front());
    if (status == Status::refused) return status;
    if (trailer_fields_ > 0) trailer_lines_ += input.front();
    input.remove_prefix(1);
  }
  return Status::done;
}

// One byte of what is not content. chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
BodyDecoder::Status BodyDecoder::step(char byte) {
  switch (state_) {
    case State::size_first_digit:
    case State::size_digits: return size_digit(byte);
    case State::size_lf:
      if (byte != '\n') return refuse("CR without LF after a chunk size");
      overhead_ = 0;
      extension_budget_ += remaining_;
      state_ = remaining_ > 0 ? State::content : State::trailer_line_start;
      return Status::more;
    case State::content_cr:
      if (byte != '\r') return refuse("a chunk is longer than its size");
      state_ = State::content_lf;
      return Status::more;
    case State::content_lf:
      if (byte != '\n') return refuse("CR without LF after a chunk");
      state_ = State::size_first_digit;
      return Status::more;
    case State::trailer_line_start:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf:
    case State::end_lf: return trailer_byte(byte);
    default: return extension_byte(byte);
  }
}

BodyDecoder::Status BodyDecoder::size_digit(char byte) {
  if (int value = hex_value(byte); value >= 0) {
    if (state_ == State::size_first_digit) {
      remaining_ = 0;
      size_digits_ = 0;
    }
    if (++size_digits_ > kMostSizeDigits) return refuse("a chunk size has too many digits");
    remaining_ = remaining_ * 16 + static_cast<uint64_t>(value);
    state_ = State::size_digits;
    return Status::more;
  }
  if (state_ == State::size_first_digit) return refuse("a chunk does not begin with its size");
  overhead_ = 0;
  if (byte == '\r') {
    state_ = State::size_lf;
    return Status::more;
  }
  if (byte != ';' && !is_blank(byte)) return refuse("a chunk size is not hexadecimal");
  state_ = State::extension_space;
  return extension_byte(byte);
}

// We do not use extensions, but where the line ends must be as clear to everybody else as to us.
BodyDecoder::Status BodyDecoder::extension_byte(char byte) {
  if (++overhead_ > kLimits.max_extension_bytes) return refuse("a chunk extension is too long");
  if (extension_budget_ == 0) return refuse("the chunk extensions are larger than the body");
  --extension_budget_;
  if (!take_extension_byte(byte)) return refuse("a chunk extension is malformed");
  return Status::more;
}

// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), the value being a
// token or a quoted string. False if the byte may not stand there.
bool BodyDecoder::take_extension_byte(char byte) {
  const bool blank = is_blank(byte);
  const bool token = http::is_token_char(static_cast<unsigned char>(byte));
  switch (state_) {
    case State::extension_space: break;
    case State::extension_name_start:
      if (token) state_ = State::extension_name;
      return token || blank;
    case State::extension_name:
      if (token) return true;
      [[fallthrough]];
    case State::extension_name_space:
      if (byte != '=') break;
      state_ = State::extension_value_start;
      return true;
    case State::extension_value_start:
      if (token) state_ = State::extension_value;
      if (byte == '"') state_ = State::extension_quoted;
      return token || blank || byte == '"';
    case State::extension_value:
      if (token) return true;
      break;
    case State::extension_quoted:
      if (byte == '\\') state_ = State::extension_escape;
      if (byte == '"') state_ = State::extension_quoted_end;
      return is_line_byte(static_cast<unsigned char>(byte));
    case State::extension_escape:
      state_ = State::extension_quoted;
      return is_line_byte(static_cast<unsigned char>(byte));
    default: break;
  }
  return end_extension(byte);
}

// What may stand behind a name or a value.
bool BodyDecoder::end_extension(char byte) {
  const bool in_space = state_ == State::extension_space || state_ == State::extension_name_space;
  if (is_blank(byte)) {
    if (!in_space) {
      state_ =
          state_ == State::extension_name ? State::extension_name_space : State::extension_space;
    }
    return true;
  }
  if (byte == ';') {
    state_ = State::extension_name_start;
    return true;
  }
  // White space may only stand before something, so a line that ends right behind it is refused.
  if (byte != '\r' || in_space) return false;
  state_ = State::size_lf;
  return true;
}

BodyDecoder::Status BodyDecoder::trailer_byte(char byte) {
  if (++overhead_ > trailer_limits_.max_bytes) {
    refusal_ = {431, "the trailer fields are too large"};
    return Status::refused;
  }
  switch (state_) {
    case State::trailer_line_start:
      if (byte == '\r') {
        state_ = State::end_lf;
        return Status::more;
      }
      if (++trailer_fields_ > trailer_limits_.max_fields) {
        refusal_ = {431, "too many trailer fields"};
        return Status::refused;
      }
      state_ = State::trailer_name;
      if (!http::is_token_char(static_cast<unsigned char>(byte))) break;
      return Status::more;
    case State::trailer_name:
      if (byte == ':') {
        state_ = State::trailer_value;
        return Status::more;
      }
      if (!http::is_token_char(static_cast<unsigned char>(byte))) break;
      return Status::more;
    case State::trailer_value:
      if (byte == '\r') {
        state_ = State::trailer_lf;
        return Status::more;
      }
      if (!is_line_byte(static_cast<unsigned char>(byte))) break;
      return Status::more;
    case State::trailer_lf:
      if (byte != '\n') break;
      state_ = State::trailer_line_start;
      return Status::more;
    case State::end_lf:
      if (byte != '\n') break;
      state_ = State::done;
      return Status::more;
    default: break;
  }
  return refuse("a trailer field is malformed");
}

std::unique_ptr<Fields> BodyDecoder::take_trailers() {
  if (trailer_lines_.empty()) return nullptr;
  auto fields = std::make_unique<Fields>();
  // Checked as it came: lines of a name, a colon and a value, then an empty one.
  std::string_view lines = trailer_lines_;
  for (size_t end = lines.find('\r'); end > 0; end = lines.find('\r')) {
    const std::string_view line = lines.substr(0, end);
    const size_t colon = line.find(':');
    if (http::may_be_trailer(line.substr(0, colon))) {
      fields->append(line.substr(0, colon), line.substr(colon + 1));
    }
    lines.remove_prefix(end + 2);
  }
  trailer_lines_.clear();
  return fields;
}

}  // namespace bao::http1
