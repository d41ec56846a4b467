#pragma once

#include <cstdint>
#include <ctime>
#include <limits>
#include <string>
#include <string_view>

#include "http/reply.h"
#include "http1/output_buffer.h"

namespace bao::http1 {

/// The Date field line, formatted once a second (RFC 9110 section 6.6.1).
class DateLine {
 public:
  /// `Date: … CRLF` for that second; valid until the next call.
  std::string_view at(std::time_t now) {
    if (now != second_) format(now);
    return {line_, sizeof line_};
  }
  static constexpr size_t kSize = 6 + 29 + 2;

 private:
  void format(std::time_t now);

  std::time_t second_ = std::numeric_limits<std::time_t>::min();
  char line_[kSize];
};

/// What the request and the connection ask of a reply's framing.
struct ReplyFraming {
  bool http_1_0 = false;
  bool head_request = false;
  bool keep_alive = true;             ///< false: the connection ends after this reply
  std::string_view added_lines = {};  ///< further field lines, each with its CRLF
};

/// How the content of a streamed reply is delimited (RFC 9112 section 6.3).
enum class ContentCoding : uint8_t {
  length,  ///< its length is known
  chunked,
  until_close,  ///< HTTP/1.0: the end of the connection is the end of the content
};
ContentCoding content_coding(const http::Reply& reply, bool http_1_0);

/// Appends the head of a reply: status line, the program's fields, then what framing needs:
/// Content-Length (RFC 9110 section 8.6) or Transfer-Encoding, Connection (RFC 9112 section 9.3),
/// Date. The body is the caller's to append. Fills `reply.encoded` if there is one, or copies it:
/// for HTTP/1.1 connections that persist, not for HEAD, and not where lines are added.
void write_reply_head(OutputBuffer& out, const http::Reply& reply, const ReplyFraming& framing,
                      std::string_view date_line);

/// The head of a 101 for an upgrade to `protocol` (RFC 9110 section 15.2.2): with the fields that
/// are not about framing or upgrading, and Date.
std::string upgrade_head(std::string_view protocol, const Fields& fields,
                         std::string_view date_line);

/// Appends one chunk (RFC 9112 section 7.1). `piece` is not empty: an empty chunk would end the
/// content.
void write_chunk(OutputBuffer& out, std::string_view piece);
/// Appends the last chunk and the trailer section (RFC 9112 section 7.1.2); `trailers` may be null.
void write_last_chunk(OutputBuffer& out, const Fields* trailers);

/// Appends an interim reply (RFC 9110 section 15.2) with those of the fields that are not about
/// framing.
void write_interim(OutputBuffer& out, int status, const Fields& fields);

/// Appends `HTTP/1.1 100 Continue` (RFC 9110 section 15.2.1).
void write_continue(OutputBuffer& out);

/// True if one of the fields is `Connection: close`.
bool ask_to_close(const Fields& fields);
/// True if the program asks for the end of the connection.
inline bool asks_to_close(const http::Reply& reply) {
  return reply.close || (reply.fields != nullptr && reply.fields->knows(Fields::kConnection) &&
                         ask_to_close(*reply.fields));
}

}  // namespace bao::http1
