#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/request_head.h"

namespace bao::http {

/// The content codings that the engine knows (RFC 9110 section 8.4.1, RFC 7932, RFC 8878).
enum class Coding : uint8_t { identity, gzip, brotli, zstd, deflate };
inline constexpr size_t kCodings = 5;

/// As Content-Encoding and Accept-Encoding call it; `identity` stands only in the latter.
std::string_view coding_name(Coding coding);
/// The coding of that name, whatever the case of its letters; `x-gzip` is gzip (section 8.4.1.3).
std::optional<Coding> coding_from(std::string_view name);

/// What a client takes of codings: its Accept-Encoding (RFC 9110 section 12.5.3).
///
/// A weight that is malformed counts as 0: a coding that might have been refused is not sent. That
/// of `identity` or `*` is as if it were not there. Of several entries for one coding the lowest
/// counts. An element that is no coding with a weight is skipped.
class AcceptEncoding {
 public:
  /// A request without the field: any coding will do, says the RFC, but none is the safe answer to
  /// clients that never heard of codings.
  AcceptEncoding() = default;
  /// All lines of the field are one list.
  explicit AcceptEncoding(const RequestHead& head);

  /// Adds the value of one line.
  void add(std::string_view value);

  /// The weight of a coding in thousandths, 0 to 1000; 0: not acceptable. That of `identity` is 0
  /// also if nothing is said of it, and then it is acceptable all the same.
  int weight(Coding coding) const;
  /// Whether content without a coding is refused: by `identity;q=0`, or `*;q=0` alone.
  bool refuses_identity() const;

  /// The best of `offered`, which does not hold `identity`, by the client's weights, and of those
  /// with the same weight the first. `identity` if none is acceptable, or the client likes it more
  /// than all of them.
  Coding choose(std::span<const Coding> offered) const;

 private:
  static constexpr int16_t kNotListed = -1;

  void note(std::string_view name, std::optional<int> weight);

  std::array<int16_t, kCodings> weights_{kNotListed, kNotListed, kNotListed, kNotListed,
                                         kNotListed};
  int16_t others_ = kNotListed;  // of `*`
};

}  // namespace bao::http
