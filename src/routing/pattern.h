#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bao::routing {

/// Bounds of one pattern. They let a match work in fixed arrays on the stack.
inline constexpr std::size_t kMaxParameters = 32;  ///< the wildcard counts as one
inline constexpr std::size_t kMaxSegments = 64;

/// A pattern that cannot be served. what() names the pattern, the fault and the mend, in one
/// sentence that a program may show to its author.
class PatternError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// What one segment of a pattern matches, the most specific kind first: the order of the values is
/// the order of precedence.
enum class SegmentKind : std::uint8_t {
  kLiteral,    ///< exactly these bytes
  kParameter,  ///< `:name`: any one segment that is not empty
  kWildcard,   ///< `*`: the whole rest of the path, empty or not
};

/// A pattern taken apart.
struct Pattern {
  struct Segment {
    SegmentKind kind;
    std::string text;  ///< the literal's bytes, the parameter's name, or `*`
  };

  std::string text;               ///< as it was written
  std::vector<Segment> segments;  ///< what stands behind each `/`; at least one (empty for `/`)

  /// True if the pattern matches one path only: itself.
  bool is_literal() const;

  /// The pattern without its parameters' names. Two patterns match the same paths exactly if their
  /// shapes are equal.
  std::string shape() const;
};

/// Takes `text` apart; router.h describes the grammar. Throws PatternError. The result owns all
/// that it holds.
Pattern parse_pattern(std::string_view text);

/// `text` in double quotes for an error message; control characters appear as `\xHH`.
std::string quote_pattern(std::string_view text);

}  // namespace bao::routing
