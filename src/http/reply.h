#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <bao/fields.h>

#include "net/file_descriptor.h"

namespace bao::http {

/// Where a codec keeps the head of a reply that is sent many times as it goes out, so that it is
/// written only once. Whoever makes the reply gives it an empty one and keeps it as long as
/// status, fields, type and length stay as they are. One thread's.
struct EncodedHead {
  std::string http1;   ///< a head of HTTP/1.1, complete
  size_t date_at = 0;  ///< where the server's Date line stands in it, or npos
};

/// Content that lies in an open regular file: the bytes [offset, offset + length). If the file has
/// fewer of them when they are sent, the connection is reset; bytes behind them are not sent.
struct FileContent {
  net::FileDescriptor file;
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// A reply, as a handler's side gives it to a stream. Only views: nothing here is kept beyond the
/// call, apart from the body if it cannot be sent at once, and that is then taken from its owner
/// instead of copied.
///
/// The stream adds what framing needs (Content-Length, Transfer-Encoding, Connection) and Date, and
/// drops the framing fields that `fields` may hold: a program cannot make a message whose end is
/// ambiguous. Content-Length is kept where it speaks of a representation that is not sent: in
/// replies to HEAD and in 304.
struct Reply {
  int status = 200;                    ///< 200 to 599
  const Fields* fields = nullptr;      ///< may be null
  std::string_view content_type = {};  ///< sent unless `fields` has a Content-Type; empty: none
  std::string_view body = {};
  std::string* body_text = nullptr;  ///< if `body` is all of this string, which may be moved away
  const std::shared_ptr<const std::string>* body_shared =
      nullptr;                  ///< if `body` is all of this string
  FileContent* file = nullptr;  ///< the content instead of `body`, which is empty; it is moved away
  bool streamed = false;        ///< the content follows, by Exchange::write; `body` is then empty
  std::optional<uint64_t> length = {};  ///< of streamed content, if it is known
  /// Of a streamed reply: nobody will ask for the request's body any more. It is then read and
  /// thrown away meanwhile, for a client that sends all of it before it reads.
  bool drops_body = false;
  bool close = false;              ///< end the connection after this reply
  bool negotiated = false;         ///< its content coding has been chosen: filters leave it alone
  EncodedHead* encoded = nullptr;  ///< of a reply that is sent many times; never of a streamed one
  /// In the place of the status's own phrase, where the version of HTTP has one: visible ASCII,
  /// spaces, tabs and bytes from 0x80 (RFC 9112 section 4). Empty: the status's own.
  std::string_view reason = {};
};

}  // namespace bao::http
