#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <bao/fields.h>

#include "http/displayed_text.h"
#include "http/tokens.h"

namespace bao {

namespace {

constexpr std::string_view kSeparator = ": ";
constexpr std::string_view kEnd = "\r\n";

uint8_t known_bit(std::string_view name) {
  switch (name.size()) {
    case 4:
      if (http::equals_ignoring_case(name, "date")) return Fields::kDate;
      if (http::equals_ignoring_case(name, "etag")) return Fields::kETag;
      return 0;
    case 10: return http::equals_ignoring_case(name, "connection") ? Fields::kConnection : 0;
    case 12: return http::equals_ignoring_case(name, "content-type") ? Fields::kContentType : 0;
    case 14: return http::equals_ignoring_case(name, "content-length") ? Fields::kContentLength : 0;
    case 17:
      return http::equals_ignoring_case(name, "transfer-encoding") ? Fields::kTransferEncoding : 0;
    default: return 0;
  }
}

[[noreturn]] void refuse_name(std::string_view name) {
  throw std::invalid_argument("Field name " + http::quote(name) +
                              " is not a token: use letters, digits and !#$%&'*+-.^_`|~ only");
}

[[noreturn]] void refuse_value(std::string_view name) {
  throw std::invalid_argument(
      "The value of field \"" + std::string(name) +
      "\" has a control character (CR, LF or NUL, say): remove or encode it");
}

// The end of the line that begins at `line`. Values hold no LF, so the first one ends it.
const char* line_end(const char* line) {
  return static_cast<const char*>(::rawmemchr(line, '\n')) + 1;
}

struct Kept {
  size_t size;
  size_t dropped;
};

// Drops the lines of that name from the first `size` bytes and moves the others together. `name`
// lies elsewhere.
Kept drop_lines(char* data, size_t size, std::string_view name) {
  Kept kept{0, 0};
  const char* end = data + size;
  for (const char* line = data; line != end;) {
    const char* next = line_end(line);
    const auto length = static_cast<size_t>(next - line);
    if (http::equals_ignoring_case({line, std::string_view(line, length).find(':')}, name)) {
      ++kept.dropped;
    } else {
      std::memmove(data + kept.size, line, length);
      kept.size += length;
    }
    line = next;
  }
  return kept;
}

}  // namespace

Fields::Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields)
    // Delegates so that the destructor runs if a field is refused.
    : Fields() {
  for (const auto& [name, value] : fields) append(name, value);
}

Fields::Fields(const Fields& other) {
  *this = other;
}

Fields::Fields(Fields&& other) noexcept {
  adopt(std::move(other));
}

Fields& Fields::operator=(const Fields& other) {
  if (this == &other) return *this;
  size_ = 0;
  reserve(other.size_);
  std::memcpy(data_, other.data_, other.size_);
  size_ = other.size_;
  known_ = other.known_;
  return *this;
}

Fields& Fields::operator=(Fields&& other) noexcept {
  if (this == &other) return *this;
  if (data_ != inline_) delete[] data_;
  adopt(std::move(other));
  return *this;
}

Fields::~Fields() {
  if (data_ != inline_) delete[] data_;
}

void Fields::adopt(Fields&& other) noexcept {
  size_ = std::exchange(other.size_, 0);
  known_ = std::exchange(other.known_, uint8_t{0});
  if (other.data_ == other.inline_) {
    data_ = inline_;
    capacity_ = kInline;
    std::memcpy(inline_, other.inline_, size_);
  } else {
    data_ = std::exchange(other.data_, other.inline_);
    capacity_ = std::exchange(other.capacity_, kInline);
  }
}

void Fields::reserve(size_t more) {
  size_t needed = size_ + more;
  if (needed <= capacity_) return;
  if (needed > UINT32_MAX / 2)
    throw std::length_error("The fields of a reply are larger than 2 GiB");
  size_t capacity = std::max<size_t>(needed, size_t{capacity_} * 2);
  char* data = new char[capacity];
  std::memcpy(data, data_, size_);
  if (data_ != inline_) delete[] data_;
  data_ = data;
  capacity_ = static_cast<uint32_t>(capacity);
}

void Fields::append(std::string_view name, std::string_view value) {
  if (!http::is_token(name)) refuse_name(name);
  value = http::trim_whitespace(value);
  if (!http::is_field_value(value)) refuse_value(name);
  // `name` and `value` may be views into this very object, so the old storage must outlive the
  // copy.
  Fields old;
  size_t length = name.size() + kSeparator.size() + value.size() + kEnd.size();
  if (size_ + length > capacity_) {
    Fields grown;
    grown.reserve(size_ + length);
    std::memcpy(grown.data_, data_, size_);
    grown.size_ = size_;
    grown.known_ = known_;
    old.adopt(std::move(*this));
    adopt(std::move(grown));
  }
  char* to = data_ + size_;
  for (std::string_view piece : {name, kSeparator, value, kEnd}) {
    std::memmove(to, piece.data(), piece.size());
    to += piece.size();
  }
  size_ += static_cast<uint32_t>(length);
  known_ |= known_bit(name);
}

void Fields::set(std::string_view name, std::string_view value) {
  // Appended first: if it is refused nothing has changed, and views into the old fields are still
  // good.
  const size_t before = size_;
  append(name, value);
  const std::string_view line(data_ + before, size_ - before);
  const Kept kept = drop_lines(data_, before, line.substr(0, name.size()));
  if (kept.dropped == 0) return;
  std::memmove(data_ + kept.size, line.data(), line.size());
  size_ = static_cast<uint32_t>(kept.size + line.size());
}

size_t Fields::remove(std::string_view name) {
  // `name` may be a view into this object, whose lines move.
  const std::string own_name(name);
  const Kept kept = drop_lines(data_, size_, own_name);
  size_ = static_cast<uint32_t>(kept.size);
  if (kept.dropped > 0) known_ &= static_cast<uint8_t>(~known_bit(own_name));
  return kept.dropped;
}

std::optional<std::string_view> Fields::get(std::string_view name) const {
  for (Field field : *this) {
    if (http::equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Fields::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (Field field : *this) {
    if (http::equals_ignoring_case(field.name, name)) values.push_back(field.value);
  }
  return values;
}

size_t Fields::size() const {
  size_t count = 0;
  for ([[maybe_unused]] Field field : *this) ++count;
  return count;
}

Fields::Field Fields::iterator::operator*() const {
  std::string_view line(line_, static_cast<size_t>(line_end(line_) - line_) - kEnd.size());
  size_t colon = line.find(':');
  return {line.substr(0, colon), line.substr(colon + kSeparator.size())};
}

Fields::iterator& Fields::iterator::operator++() {
  line_ = line_end(line_);
  return *this;
}

}  // namespace bao
