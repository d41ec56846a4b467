#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request_head.h"

namespace bao::http1 {

/// Why a message is refused: the status to answer with and a short reason for the person who debugs
/// the client.
struct Refusal {
  int status = 0;  ///< 0: not refused
  std::string_view reason;
  explicit operator bool() const { return status != 0; }
};

/// How large a head may be.
struct HeadLimits {
  uint32_t max_bytes = 16 * 1024;  ///< from the first byte to the empty line, both included
  uint32_t max_fields = 200;
};

enum class ParseStatus : uint8_t { complete, incomplete, refused };

/// The syntax of a request head (RFC 9112 sections 2 to 5), strictly: lines end in CRLF, one space
/// between the parts of the request line, no folding, no white space before a colon, no control
/// characters. What the fields mean is `apply_request_rules`' concern.
///
/// Bytes in, spans out: it knows no socket, clock or global. It may be called again with more bytes
/// and goes on where it stopped, so that a head that arrives byte by byte costs no more than one
/// that arrives whole.
class RequestParser {
 public:
  /// Parses `bytes`, which begin with the head and may go on behind it. After `incomplete` call
  /// again with the same bytes (at any address) and more behind them. After `complete` or `refused`
  /// call `reset` first.
  ///
  /// On `complete` the head borrows the first `head_size()` bytes. On `incomplete` and `refused`
  /// the head holds what was parsed so far, and its text may not be read but for the method of a
  /// refused one (`head.borrow` is done).
  ParseStatus parse(std::string_view bytes, const HeadLimits& limits, http::RequestHead& head);

  /// The size of a complete head, the empty line included.
  size_t head_size() const { return line_start_; }
  const Refusal& refusal() const { return refusal_; }
  void reset() { *this = RequestParser(); }

 private:
  ParseStatus refuse(int status, std::string_view reason);
  ParseStatus incomplete(std::string_view bytes, const HeadLimits& limits);
  ParseStatus stop_inside_line(std::string_view bytes, const HeadLimits& limits);
  ParseStatus parse_start(std::string_view bytes, const HeadLimits& limits,
                          http::RequestHead& head);
  ParseStatus parse_fields(std::string_view bytes, const HeadLimits& limits,
                           http::RequestHead& head);
  // A line is the bytes in [line, line_end), with CRLF behind it.
  bool parse_request_line(const char* line, const char* line_end, http::RequestHead& head);
  bool parse_version(std::string_view version, http::RequestHead& head);
  bool parse_field_line(const char* line, const char* line_end, const char* end,
                        http::RequestHead& head);

  uint32_t line_start_ = 0;  // of the line that is being read
  uint32_t position_ = 0;    // how far that line has been looked at
  bool in_fields_ = false;   // the request line is behind us
  Refusal refusal_;
};

}  // namespace bao::http1
