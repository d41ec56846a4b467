#include "trace/source_excerpt.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "net/file_descriptor.h"

namespace bao::trace {
namespace {

constexpr off_t kMaxFileSize = off_t{4} * 1024 * 1024;
constexpr std::size_t kMaxLineLength = 400;

std::optional<std::string> read_regular_file(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  net::FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (status.st_size > kMaxFileSize) return std::nullopt;
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;  // the file shrank meanwhile
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Cuts `line` to its first characters, where a character is a UTF-8 sequence.
std::string_view cut(std::string_view line) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!continues_character(line[i]) && characters++ == kMaxLineLength) return line.substr(0, i);
    // A run of continuation bytes is no text, but still bounded.
    if (i == 4 * kMaxLineLength) return line.substr(0, i);
  }
  return line;
}

}  // namespace

std::optional<SourceExcerpt> read_source_excerpt(const std::string& file, int line, int around) {
  if (line < 1) return std::nullopt;
  const std::optional<std::string> text = read_regular_file(file);
  if (!text) return std::nullopt;
  SourceExcerpt excerpt{.first_line = std::max(1, line - around), .lines = {}, .highlighted = line};
  std::string_view rest = *text;
  for (int number = 1; !rest.empty() && number - around <= line; ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view current = rest.substr(0, end);
    if (current.ends_with('\r')) current.remove_suffix(1);
    if (number >= excerpt.first_line) excerpt.lines.emplace_back(cut(current));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (excerpt.first_line + static_cast<int>(excerpt.lines.size()) <= line) return std::nullopt;
  return excerpt;
}

}  // namespace bao::trace
