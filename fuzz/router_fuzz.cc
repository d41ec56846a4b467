// Compares Router with a matcher that follows the rules of precedence word for word: segment by
// segment it tries literal, parameter and wildcard in this order, and backtracks. Both must agree
// on every match of a path, from the most specific one to the least, and on every parameter.
//
// The input's first byte chooses the form of the rest (text, or one token for each byte) and
// whether other patterns fill the table first. Then come the path and the patterns, one a line.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/router.h"

namespace {

using bao::routing::Match;
using bao::routing::MatchEffort;
using bao::routing::PatternError;
using bao::routing::Router;

std::vector<std::string> split_at(char separator, std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

struct ReferenceMatch {
  std::size_t route;
  std::vector<std::pair<std::string, std::string>> parameters;
};

/// The naive matcher. A route is the index of a pattern.
class Reference {
 public:
  void add(std::string_view pattern) { patterns_.push_back(split_at('/', pattern.substr(1))); }
  std::size_t size() const { return patterns_.size(); }

  std::vector<ReferenceMatch> all_matches(std::string_view path) const {
    if (path.empty() || path[0] != '/') return {};
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < patterns_.size(); ++i) all.push_back(i);
    std::vector<ReferenceMatch> found;
    walk(split_at('/', path.substr(1)), 0, all, found);
    return found;
  }

 private:
  using Segments = std::vector<std::string>;

  /// Adds to `found` what matches among `alive`, which accept the first `depth` segments.
  void walk(const Segments& path, std::size_t depth, const std::vector<std::size_t>& alive,
            std::vector<ReferenceMatch>& found) const {
    if (alive.empty()) return;
    if (depth == path.size()) {
      for (const std::size_t route : alive) {
        if (patterns_[route].size() == depth) found.push_back(describe(path, route));
      }
      return;
    }
    std::vector<std::size_t> literal;
    std::vector<std::size_t> parameter;
    std::vector<std::size_t> wildcard;
    for (const std::size_t route : alive) {
      if (patterns_[route].size() <= depth) continue;
      const std::string& segment = patterns_[route][depth];
      if (segment == "*") {
        wildcard.push_back(route);
      } else if (segment[0] == ':') {
        if (!path[depth].empty()) parameter.push_back(route);
      } else if (segment == path[depth]) {
        literal.push_back(route);
      }
    }
    walk(path, depth + 1, literal, found);
    walk(path, depth + 1, parameter, found);
    for (const std::size_t route : wildcard) found.push_back(describe(path, route));
  }

  ReferenceMatch describe(const Segments& path, std::size_t route) const {
    ReferenceMatch match{route, {}};
    for (std::size_t i = 0; i < patterns_[route].size(); ++i) {
      const std::string& segment = patterns_[route][i];
      if (segment[0] == ':') match.parameters.emplace_back(segment.substr(1), path[i]);
      if (segment != "*") continue;
      std::string rest = path[i];
      for (std::size_t j = i + 1; j < path.size(); ++j) rest += "/" + path[j];
      match.parameters.emplace_back("*", rest);
    }
    return match;
  }

  std::vector<Segments> patterns_;
};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "router_fuzz: %s\n", what);
  std::abort();
}

std::string input_text(std::string_view input, bool tokens) {
  static constexpr std::string_view kTokens[] = {
      "/",   "/a",  "/b",   "/:p",   "/:q",     "/:r", "/*", "\n", "\n/", "a",
      "b",   "ab",  "%2F",  "/x0",   ":",       "*",   ".",  "/c", "//",  "/a/",
      "/b/", "/:s", "\n/a", "\n/:p", "\n/:q/b", "0",   "1",  "/d"};
  if (!tokens) return std::string(input);
  std::string text;
  for (const char c : input) text += kTokens[static_cast<unsigned char>(c) % std::size(kTokens)];
  return text;
}

/// Patterns that make a table larger than one word, or, above 4096, so large that a bit of a
/// summary stands for several words.
std::vector<std::string> filling(int count) {
  std::vector<std::string> patterns;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    patterns.push_back(i % 3 == 0   ? "/x" + n + "/:p"
                       : i % 3 == 1 ? "/:p/x" + n
                                    : "/a/x" + n + "/*");
  }
  return patterns;
}

/// Both matchers with the same patterns: those of `lines` that are well-formed.
struct Pair {
  explicit Pair(const std::vector<std::string>& lines) {
    Router::Builder builder;
    for (const std::string& line : lines) {
      try {
        builder.add(line, static_cast<std::uint32_t>(reference.size()));
      } catch (const PatternError&) {
        continue;
      }
      reference.add(line);
    }
    router = std::move(builder).build();
  }

  void compare(std::string_view path) const;

  Router router;
  Reference reference;
};

void Pair::compare(std::string_view path) const {
  // Memory of exactly the path's size: a sanitizer sees each byte too many.
  const std::unique_ptr<char[]> copy(new char[path.size()]);
  if (!path.empty()) std::memcpy(copy.get(), path.data(), path.size());
  const std::string_view exact(copy.get(), path.size());

  Match match;
  bool more = router.match(exact, match);
  for (const ReferenceMatch& expected : reference.all_matches(path)) {
    require(more, "a match is missing");
    require(match.route() == expected.route, "another route");
    require(match.size() == expected.parameters.size(), "another number of parameters");
    for (std::size_t i = 0; i < match.size(); ++i) {
      require(match[i].name == expected.parameters[i].first, "another name");
      require(match[i].raw_value == expected.parameters[i].second, "another value");
    }
    more = router.next_match(exact, match);
  }
  require(!more, "a match too many");

  const MatchEffort effort = router.effort(exact);
  require(effort.segments <= bao::routing::kMaxSegments, "too many segments");
  require(effort.words <= (effort.segments + 1) * (1 + (reference.size() + 63) / 64),
          "too many words");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned form = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> lines = split_at('\n', input_text(input, (form & 1) != 0));
  const std::string path = lines.front();
  lines.erase(lines.begin());
  for (std::string& pattern : filling(form / 2 % 8 == 7 ? 140 : 0)) {
    lines.push_back(std::move(pattern));
  }
  const Pair pair(lines);
  pair.compare(path);
  // Patterns look like paths that nearly match.
  for (std::size_t i = 0; i < lines.size() && i < 8; ++i) pair.compare(lines[i]);

  if (form / 2 % 8 == 6) {
    static const Pair large(filling(4200));
    large.compare(path);
  }
  return 0;
}
