#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bao::http {

/// What a Range field asks of a representation (RFC 9110 §14.2).
struct RangeAnswer {
  enum class Kind : uint8_t {
    whole,          ///< nothing that is heeded: the reply is the whole representation, 200
    part,           ///< 206 with the bytes [first, first + length)
    unsatisfiable,  ///< 416: no such bytes are there
  };
  Kind kind = Kind::whole;
  uint64_t first = 0;
  uint64_t length = 0;  ///< of a part, at least 1
};

/// Reads the value of a Range field for a representation of `size` bytes (RFC 9110 §14.1.2).
///
/// One range is heeded: from a position to another (which may lie behind the end) or to the end, or
/// so many of the last bytes. Numbers may be of any length. Another unit than bytes, a field with a
/// syntax error and a range that ends before it begins are ignored, as §14.2 asks; several ranges
/// are ignored, as it allows, because many small ones make a reply that is larger than the
/// representation.
RangeAnswer answer_range(std::string_view field_value, uint64_t size);

/// The value of Content-Range for the bytes [first, first + length) of `size` (RFC 9110 §14.4).
/// `length` is at least 1.
std::string content_range(uint64_t first, uint64_t length, uint64_t size);

/// The value of Content-Range that goes with 416 (RFC 9110 §14.4): only the size.
std::string unsatisfied_range(uint64_t size);

}  // namespace bao::http
