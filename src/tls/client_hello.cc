#include "tls/client_hello.h"

#include <cstdint>
#include <optional>

namespace bao::tls {

namespace {

constexpr size_t kLargestRecord = 16 * 1024;  // RFC 8446 section 5.1
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHello = 1;
constexpr uint16_t kServerNameExtension = 0;
constexpr uint8_t kHostName = 0;

/// Takes numbers and vectors (RFC 8446 section 3.4) off the front of bytes.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::optional<std::string_view> take(size_t size) {
    if (rest_.size() < size) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::optional<size_t> number(size_t bytes) {
    const auto taken = take(bytes);
    if (!taken) return std::nullopt;
    size_t value = 0;
    for (const char c : *taken) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  /// A vector whose length stands before it in that many bytes.
  std::optional<std::string_view> vector(size_t length_bytes) {
    const auto length = number(length_bytes);
    return length ? take(*length) : std::nullopt;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The name in the server_name extension's content.
std::string_view name_in(std::string_view extension) {
  Cursor content(extension);
  const auto list = content.vector(2);
  if (!list) return {};
  Cursor names(*list);
  while (!names.empty()) {
    const auto type = names.number(1);
    const auto name = names.vector(2);
    if (!type || !name) return {};
    if (*type == kHostName) return *name;
  }
  return {};
}

// The name that a whole ClientHello (RFC 8446 section 4.1.2) asks for.
std::string_view name_in_hello(std::string_view message) {
  Cursor hello(message);
  constexpr size_t kVersionAndRandom = 2 + 32;
  if (!hello.take(kVersionAndRandom)) return {};
  if (!hello.vector(1) || !hello.vector(2) || !hello.vector(1)) return {};
  const auto extensions = hello.vector(2);
  if (!extensions) return {};
  Cursor rest(*extensions);
  while (!rest.empty()) {
    const auto type = rest.number(2);
    const auto content = rest.vector(2);
    if (!type || !content) return {};
    if (*type == kServerNameExtension) return name_in(*content);
  }
  return {};
}

}  // namespace

Opening read_client_hello(std::string_view bytes, std::string& server_name) {
  server_name.clear();
  if (bytes.empty()) return Opening::incomplete;
  if (is_letter(bytes[0])) return Opening::text;
  // The message may come in several records. One is the rule, and is read where it lies.
  Cursor records(bytes);
  std::string_view first;
  std::string joined;
  while (!records.empty()) {
    const auto type = records.number(1);
    if (*type != kHandshakeRecord) return Opening::other;
    if (!records.take(2)) return Opening::incomplete;
    const auto length = records.number(2);
    if (!length) return Opening::incomplete;
    if (*length == 0 || *length > kLargestRecord) return Opening::other;
    const auto content = records.take(*length);
    if (!content) return Opening::incomplete;
    if (first.empty()) {
      first = *content;
    } else {
      if (joined.empty()) joined = first;
      joined.append(*content);
    }
    Cursor message(joined.empty() ? first : std::string_view(joined));
    if (*message.number(1) != kClientHello) return Opening::other;
    const auto size = message.number(3);
    if (!size) continue;
    const auto hello = message.take(*size);
    if (!hello) continue;
    server_name = normal_host_name(name_in_hello(*hello));
    return Opening::hello;
  }
  return Opening::incomplete;
}

std::string normal_host_name(std::string_view name) {
  constexpr size_t kLongestName = 253;  // RFC 1035 section 2.3.4, as text
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > kLongestName) return {};
  std::string normal;
  normal.reserve(name.size());
  char before = '.';
  for (const char c : name) {
    const bool dot = c == '.';
    if (dot && before == '.') return {};
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '_' && !dot) return {};
    normal += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    before = c;
  }
  return before == '.' ? std::string() : normal;
}

}  // namespace bao::tls
