#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "routing/pattern.h"
#include "routing/text_table.h"

namespace bao::routing {

/// One parameter of a match. `name` lives as long as the Router, `raw_value` as long as the path
/// that was matched. The value is as it was received, still percent-encoded (RFC 3986 section 2.1):
/// decoded, it may hold slashes, dots, NULs and bytes that are not UTF-8. The wildcard's rest has
/// the name `*`.
struct PathParameter {
  std::string_view name;
  std::string_view raw_value;
};

/// What Router::match found. It owns nothing and is cheap to keep and to use again: no part of it
/// is cleared or allocated. It refers to the Router (which may be moved, but not destroyed or
/// assigned to) and to the bytes of the path.
class Match {
 public:
  /// The number that Builder::add got with the pattern.
  std::uint32_t route() const { return route_; }

  /// How many parameters the pattern has, the wildcard's rest included.
  std::size_t size() const { return size_; }

  /// The parameter number `i` < size(), in the order of the pattern. The wildcard's rest is last.
  PathParameter operator[](std::size_t i) const {
    return {names_[i], {path_ + pieces_[i].begin, pieces_[i].length}};
  }

  /// The raw value of the parameter `name` (`*` for the wildcard's rest), if the pattern has it.
  std::optional<std::string_view> find(std::string_view name) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (names_[i] == name) return (*this)[i].raw_value;
    }
    return std::nullopt;
  }

  /// Goes on with a copy of the matched path: `path` is its first byte, at another address. For a
  /// request that outlives the buffer in which it arrived.
  void rebase(const char* path) { path_ = path; }

 private:
  friend class Router;

  struct Piece {
    std::uint32_t begin;
    std::uint32_t length;
  };

  const char* path_ = nullptr;
  const std::string_view* names_ = nullptr;
  std::uint32_t route_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t next_rank_ = 0;  ///< where Router::next_match goes on
  std::array<Piece, kMaxParameters> pieces_;
};

/// What one match costs, counted. Router states the bound.
struct MatchEffort {
  std::size_t segments = 0;  ///< segments of the path that were looked at
  std::size_t slots = 0;     ///< slots of hash tables that were looked at
  std::size_t words = 0;     ///< combinations of words of 64 patterns
};

/// An immutable table of patterns that finds the most specific one for a path. Building allocates;
/// matching neither allocates nor locks, and any number of threads may match at the same time.
///
/// **Grammar.** A pattern begins with `/`. What stands between slashes is a segment: `:name`
/// matches one segment that is not empty, `*` (only as the whole last segment) the rest of the
/// path, anything else itself. A name is a letter, `_` or `$`, then letters, digits, `_`, `$` and
/// `-`. A colon inside a segment is literal (`/jobs:cancel`).
///
/// **Bytes, nothing else.** Paths are compared as they were received, before any decoding
/// (RFC 3986 section 2.4: first take the components apart, then decode). So `%2F` never separates
/// segments, `/%61` is not `/a`, `/caf%c3%a9` is not `/caf%C3%A9`, case matters, and `/a/` is not
/// `/a`. An empty segment (`/a//b`) is matched by an empty literal or inside the wildcard's rest,
/// never by a parameter. `.` and `..` are segments like others here: whoever shows handlers a URL
/// without them must match that same path, or the route and the URL disagree.
///
/// **The wildcard** needs the slash before it: `/files/*` matches `/files/` (the rest is empty),
/// `/files/a` and `/files//a/b`, not `/files`.
///
/// **Precedence.** At the first segment in which two patterns differ in kind, a literal goes before
/// `:name` and `:name` before `*`; the order of adding does not matter. A pattern that fails
/// further on does not hide a less specific one: with `/b/:y/z` and `/:a/x`, the second matches
/// `/b/x`. next_match() goes on to the less specific ones.
///
/// **Bun.serve** (1.4.5, observed) does all of the above in the same way. On purpose not like it:
/// what Bun takes without a word, but then never matches or matches by surprise, is an error here:
/// - two patterns of the same shape, like `/users/:id` and `/users/:name` (Bun: the later wins);
///   `/users/:id/a` beside `/users/:name/b` is fine, each with its own name;
/// - a star that is only a part of a segment, or not in the last one (Bun: `/a*` matches only
///   itself, `/a/*b` and `/a/**` everything below `/a/`, `/*/b` nothing);
/// - a nameless parameter, and names that look like more than one whole segment, as in `/:a-:b`,
///   `/:name.json`, `/:id?` (Bun: any one segment, under an odd name); a digit first (as in Bun);
/// - what no client sends: `.` and `..`, queries, fragments, and bytes that clients encode, like
///   spaces and non-ASCII (Bun: an error for non-ASCII only); the empty pattern.
/// Further, `/a:b` has no parameter (Bun: an empty one named `b`), the wildcard's rest is one (Bun
/// keeps it to itself), and a pattern has a bounded size (pattern.h).
///
/// **The bound.** There is no backtracking. Patterns without parameters are looked up whole in a
/// hash table. The others are ranked by precedence, and each segment of the path selects among all
/// of them at once, as sets of bits; the lowest bit that is left is the answer. For a path of s
/// segments and a table with r such patterns, the deepest of d <= kMaxSegments segments, one match
/// takes at most min(s, d) + 1 lookups in hash tables and (min(s, d) + 1) * (1 + ceil(r / 64))
/// combinations of words, and goes a few times over the bytes of the path, whatever path and table.
/// The table takes at most r / 8 bytes or so for each distinct literal segment, mostly far less.
class Router {
 public:
  class Builder;

  /// A table without patterns: nothing matches.
  Router() = default;

  /// A table that was moved from may only be destroyed or assigned to. A Match stays good.
  Router(Router&&) noexcept = default;
  Router& operator=(Router&&) noexcept = default;
  Router(const Router&) = delete;  // Names are views of the table's own text.
  Router& operator=(const Router&) = delete;

  /// Finds the most specific pattern for `path`: the path of a request as it was received, without
  /// query; anything that does not begin with `/` matches nothing, and so does a path of 4 GiB.
  /// True: `out` describes the match. False: nothing matched and `out` is as before.
  bool match(std::string_view path, Match& out) const;

  /// Goes on from `match`, which match() or next_match() of this table filled for the same `path`,
  /// to the next less specific pattern that matches too: for a route that turns out not to serve
  /// the request's method (where Bun goes on in this way). Costs as much as match(). False: there
  /// is none and `match` is as before.
  bool next_match(std::string_view path, Match& match) const;

  /// match(), with the result thrown away and the work counted. For tests of the bound.
  MatchEffort effort(std::string_view path) const;

 private:
  /// A set of ranks. Bit b of the summary is set if some rank in [b << bit_shift_, (b + 1) <<
  /// bit_shift_) is in the set. With at most 64 ranks that is the set itself (bit_shift_ is 0).
  /// With more, words_ holds one bit for each rank, from the first bit of the summary that is set
  /// to the last one.
  struct RankSet {
    std::uint64_t summary = 0;
    std::uint32_t offset = 0;  ///< of its first word in words_
  };

  /// Which ranks accept which text as the segment number i of a path.
  struct Level {
    TextTable literals;  ///< text -> index in literal_sets_
    RankSet any;         ///< ranks that accept every text but the empty one
    RankSet rest;        ///< ranks whose wildcard began here or before: they accept everything
  };

  /// What is known of one pattern at match time.
  struct Target {
    std::uint32_t route;
    std::uint32_t first_parameter;  ///< index in names_ and parameter_segments_
    std::uint8_t parameters;
    bool wildcard;  ///< the last parameter goes on to the end of the path
  };

  struct Split;

  template <class Meter>
  bool find(std::string_view path, Match& out, Meter& meter) const;
  template <class Meter>
  bool find_ranked(std::string_view path, std::uint32_t first_rank, Match& out, Meter& meter) const;
  template <class Meter>
  void split(std::string_view path, Split& out, Meter& meter) const;
  void fill(std::string_view path, const Split& split, std::uint32_t rank, Match& out) const;
  template <class Meter>
  std::uint32_t first_accepting(const Split& segments, std::uint32_t bit, std::uint32_t first_rank,
                                Meter& meter) const;
  std::uint64_t word(const RankSet& set, std::uint32_t rank) const;

  TextTable exact_;  ///< whole path -> route

  std::uint32_t ranks_ = 0;      ///< patterns with parameters
  std::uint32_t depth_ = 0;      ///< segments of the deepest of them
  std::uint32_t bit_shift_ = 0;  ///< log2 of the ranks for each bit of a summary: 0, or 6 and up
  std::vector<Target> targets_;  ///< by rank
  std::vector<Level> levels_;    ///< by the number of the segment
  std::vector<RankSet> ends_;    ///< by the number of segments: ranks that accept as many; the last
                                 ///< is for all longer paths
  std::vector<RankSet> literal_sets_;  ///< the first is empty: for texts that no literal has
  std::vector<std::uint64_t> words_;

  std::vector<char> name_text_;
  std::vector<std::string_view> names_;           ///< into name_text_
  std::vector<std::uint8_t> parameter_segments_;  ///< beside names_: the segment that it takes
};

/// Collects patterns for a Router.
class Router::Builder {
 public:
  /// Adds `pattern` (grammar: see Router); a match will report `route`, which need not be unique.
  /// Throws PatternError, and then the builder is as before, if the pattern is malformed, or if it
  /// has the shape of an earlier one. `pattern` need not outlive the call.
  void add(std::string_view pattern, std::uint32_t route);

  /// The table of all that was added. The builder is used up.
  Router build() &&;

 private:
  struct Entry {
    Pattern pattern;
    std::uint32_t route;
  };

  using Ranks = std::vector<std::uint32_t>;  // ascending

  static void add_targets(Router& router, const std::vector<Entry>& ranked);
  static void add_levels(Router& router, const std::vector<Entry>& ranked);
  static void add_ends(Router& router, const std::vector<Entry>& ranked);
  static RankSet add_set(Router& router, const Ranks& ranks);

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> by_shape_;  ///< index in entries_
};

}  // namespace bao::routing
