#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <bao/fields.h>

#include "http1/request_parser.h"

namespace bao::http1 {

/// Limits on what is not content in a chunked body.
struct ChunkLimits {
  uint32_t max_extension_bytes =
      1024;  ///< of one chunk-size line; nobody uses extensions, attackers do
  /// Of all of them together, beyond as much as there is content: small chunks with large
  /// extensions would make a server read many times what it counts.
  uint32_t max_extension_excess = 16 * 1024;
};

/// Finds where the content of a request body is, with Content-Length or chunked (RFC 9112
/// sections 6.2 and 7.1), and where the message ends. Bytes in, views out; strict: CRLF everywhere,
/// sizes of plain hexadecimal digits, extensions that are spelled as the grammar says.
class BodyDecoder {
 public:
  BodyDecoder() = default;

  /// For a body of `length` bytes.
  static BodyDecoder with_length(uint64_t length);
  /// For a chunked body; its trailer section may have as much as a head.
  static BodyDecoder chunked(const HeadLimits& trailer_limits = {});

  enum class Status : uint8_t {
    content,  ///< `content` holds a piece; call again
    more,     ///< all input is consumed, the message goes on
    done,     ///< the message ends here; what is left of the input belongs to the next
    refused,  ///< the coding was violated; see `refusal`
  };

  /// Consumes from the front of `input`. On `content`, `content` is a view into it.
  Status decode(std::string_view& input, std::string_view& content);

  bool done() const { return state_ == State::done; }
  /// Bytes of content that must still come, as far as they are announced: the rest of the body or
  /// of the chunk.
  uint64_t remaining() const { return state_ == State::content ? remaining_ : 0; }
  bool is_chunked() const { return is_chunked_; }
  const Refusal& refusal() const { return refusal_; }
  /// The trailer fields, once it is done; null for none. Those that only a head may have are left
  /// out (RFC 9110 section 6.5.1).
  std::unique_ptr<Fields> take_trailers();

 private:
  enum class State : uint8_t {
    done,
    content,
    size_first_digit,
    size_digits,
    extension_space,
    extension_name_start,
    extension_name,
    extension_name_space,
    extension_value_start,
    extension_value,
    extension_quoted,
    extension_escape,
    extension_quoted_end,
    size_lf,
    content_cr,
    content_lf,
    trailer_line_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
  };

  Status refuse(std::string_view reason);
  Status step(char byte);
  Status size_digit(char byte);
  Status extension_byte(char byte);
  bool take_extension_byte(char byte);
  bool end_extension(char byte);
  Status trailer_byte(char byte);

  uint64_t remaining_ = 0;
  uint64_t extension_budget_ = 0;
  uint32_t overhead_ = 0;  // bytes of this chunk's extension, or of all trailer fields
  uint32_t trailer_fields_ = 0;
  HeadLimits trailer_limits_;
  std::string trailer_lines_;  // as they came
  State state_ = State::done;
  bool is_chunked_ = false;
  uint8_t size_digits_ = 0;
  Refusal refusal_;
};

}  // namespace bao::http1
