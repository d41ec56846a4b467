#include "routing/pattern.h"

#include <algorithm>
#include <cstddef>

namespace bao::routing {

namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool starts_name(char c) {
  return is_letter(c) || c == '_' || c == '$';
}
bool continues_name(char c) {
  return starts_name(c) || is_digit(c) || c == '-';
}

/// Bytes that no client sends as they are in a path: RFC 3986 section 3.3 leaves them out and the
/// URL Standard's path percent-encode set holds them (the backslash becomes a slash there). `|`,
/// `[`, `]` and `^` are not among them: browsers do send those.
bool needs_encoding(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte >= 0x7F ||
         std::string_view("\"#<>?\\`{}").find(c) != std::string_view::npos;
}

std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (needs_encoding(c)) {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    } else {
      encoded += c;
    }
  }
  return encoded;
}

[[noreturn]] void fail(std::string_view pattern, const std::string& fault_and_mend) {
  throw PatternError("route pattern " + quote_pattern(pattern) + ": " + fault_and_mend);
}

bool is_accepted(std::string_view pattern) {
  try {
    parse_pattern(pattern);
    return true;
  } catch (const PatternError&) {
    return false;
  }
}

/// Advises nothing that would be refused in its turn.
std::string write_or(const std::string& pattern, const std::string& otherwise) {
  return is_accepted(pattern) ? "write " + quote_pattern(pattern) : otherwise;
}

/// RFC 3986 section 3.3, and the URL Standard for the forms with `%2e`.
bool is_dot_segment(std::string_view segment) {
  std::size_t dots = 0;
  while (!segment.empty()) {
    const bool escaped = segment.size() >= 3 && segment.substr(0, 2) == "%2" &&
                         (segment[2] == 'e' || segment[2] == 'E');
    if (segment[0] != '.' && !escaped) return false;
    segment.remove_prefix(escaped ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

bool is_name(std::string_view text) {
  return starts_name(text.front()) && std::all_of(text.begin(), text.end(), continues_name);
}

void check_name(std::string_view pattern, std::string_view name) {
  if (name.empty()) {
    fail(pattern, "a parameter has no name; write one behind the colon, as in \"/users/:id\"");
  }
  if (name.size() > 1 && name.back() == '?' && is_name(name.substr(0, name.size() - 1))) {
    fail(pattern, "there are no optional segments; give two patterns, one with the parameter " +
                      quote_pattern(":" + std::string(name.substr(0, name.size() - 1))) +
                      " and one without it");
  }
  if (!is_name(name)) {
    fail(pattern, quote_pattern(":" + std::string(name)) +
                      " is no parameter: it takes a whole segment, and its name is a letter, \"_\" "
                      "or \"$\" and then letters, digits, \"_\", \"$\" and \"-\"; give it such a "
                      "name and take its value apart in the handler");
  }
}

void check_literal(std::string_view pattern, std::string_view literal) {
  if (literal.find('*') != std::string_view::npos) {
    fail(pattern,
         "\"*\" stands for the whole rest of a path; make it the whole last segment, as in "
         "\"/files/*\"");
  }
  if (is_dot_segment(literal)) {
    fail(pattern,
         "clients take the segments \".\" and \"..\" out of a path before they send it; "
         "write the path that remains");
  }
  for (const char c : literal) {
    if (!needs_encoding(c)) continue;
    if (c == '?' || c == '#') {
      fail(pattern, "a pattern has neither query nor fragment; " +
                        write_or(std::string(pattern.substr(0, pattern.find(c))), "take it out"));
    }
    const std::string parameters =
        c == '{' || c == '}' ? ", or \":name\" if a parameter is meant" : "";
    fail(pattern, "it holds a byte that clients send percent-encoded; " +
                      write_or(encode(pattern), "encode it, too") + parameters);
  }
}

Pattern::Segment parse_segment(std::string_view pattern, std::string_view segment, bool last) {
  if (last && segment == "*") return {SegmentKind::kWildcard, "*"};
  if (!segment.empty() && segment.front() == ':') {
    check_name(pattern, segment.substr(1));
    return {SegmentKind::kParameter, std::string(segment.substr(1))};
  }
  check_literal(pattern, segment);
  return {SegmentKind::kLiteral, std::string(segment)};
}

void check_sizes(const Pattern& pattern) {
  const auto parameters = std::count_if(
      pattern.segments.begin(), pattern.segments.end(),
      [](const Pattern::Segment& segment) { return segment.kind != SegmentKind::kLiteral; });
  const auto check = [&pattern](std::size_t count, std::size_t limit, const char* what) {
    if (count <= limit) return;
    fail(pattern.text, "it has " + std::to_string(count) + " " + what + ", at most " +
                           std::to_string(limit) + " are possible; let a \"*\" take the rest");
  };
  check(static_cast<std::size_t>(parameters), kMaxParameters, "parameters");
  check(pattern.segments.size(), kMaxSegments, "segments");
}

void check_distinct_names(const Pattern& pattern) {
  std::vector<std::string_view> names;
  for (const Pattern::Segment& segment : pattern.segments) {
    if (segment.kind != SegmentKind::kParameter) continue;
    if (std::find(names.begin(), names.end(), segment.text) != names.end()) {
      fail(pattern.text, "the parameter " + quote_pattern(":" + segment.text) +
                             " appears twice; give each its own name");
    }
    names.push_back(segment.text);
  }
}

/// The path behind `METHOD SP`, as in "GET /users"; empty if it is not that.
std::string_view path_behind_method(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == 0 || space == text.npos) return {};
  if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(space), is_letter)) {
    return {};
  }
  const std::size_t path = text.find_first_not_of(' ', space);
  return path != text.npos && text[path] == '/' ? text.substr(path) : std::string_view();
}

[[noreturn]] void fail_without_slash(std::string_view text) {
  if (const std::string_view path = path_behind_method(text); !path.empty()) {
    // Both faces list methods as the value of a route, each in its own way.
    fail(text, "the method is no part of a pattern; list methods as the value of " +
                   (is_accepted(path) ? quote_pattern(path) : "the path"));
  }
  const std::string rooted = "/" + std::string(text);
  fail(text, "a pattern begins with \"/\"; " +
                 write_or(is_accepted(rooted) ? rooted : encode(rooted),
                          "write a path as clients send it, as in \"/users/:id\""));
}

}  // namespace

bool Pattern::is_literal() const {
  return std::all_of(segments.begin(), segments.end(),
                     [](const Segment& segment) { return segment.kind == SegmentKind::kLiteral; });
}

std::string Pattern::shape() const {
  // A literal segment is never ":" or "*", so these two can stand for the other kinds.
  std::string shape;
  for (const Segment& segment : segments) {
    shape += '/';
    shape += segment.kind == SegmentKind::kParameter ? ":" : segment.text;
  }
  return shape;
}

Pattern parse_pattern(std::string_view text) {
  if (text.empty() || text.front() != '/') {
    fail_without_slash(text);
  }
  Pattern pattern{std::string(text), {}};
  std::string_view rest = text.substr(1);
  for (bool last = false; !last;) {
    const std::size_t slash = rest.find('/');
    last = slash == std::string_view::npos;
    pattern.segments.push_back(parse_segment(text, rest.substr(0, slash), last));
    if (!last) rest.remove_prefix(slash + 1);
  }
  check_sizes(pattern);
  check_distinct_names(pattern);
  return pattern;
}

std::string quote_pattern(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      quoted += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace bao::routing
