#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bao/fields.h>

#include "http/accept_encoding.h"
#include "http/exchange.h"
#include "http/preconditions.h"

namespace bao::server {

class Compression;

/// A reply that is made once and sent many times without running a handler. Immutable. One
/// thread's.
class PreparedReply {
 public:
  /// Takes what a reply is made of. Adds a strong ETag of the body's hash, unless `fields` has one,
  /// to replies with status 200 that have a body.
  PreparedReply(int status, Fields fields, std::string_view content_type, std::string body);

  /// Encodes the body with each coding that makes it smaller, so that requests may choose one.
  /// Before it is sent for the first time.
  void compress(const Compression& compression);

  /// Answers `exchange`: a reply with status 200 to GET or HEAD with 304 or 412 if the request's
  /// preconditions say so (RFC 9110 section 13). `now` is in seconds since 1970.
  void send(http::Exchange& exchange, std::time_t now) const;

  int status() const { return status_; }
  const Fields& fields() const { return plain_.fields; }
  std::string_view body() const { return *plain_.body; }

 private:
  /// The reply with one content coding.
  struct Representation {
    http::Coding coding = http::Coding::identity;
    Fields fields;
    std::shared_ptr<const std::string> body;
    std::string etag;
    Fields not_modified_fields;
    mutable http::EncodedHead encoded;  // filled when it is sent for the first time
  };

  static Representation represent(http::Coding coding, Fields fields, std::string body);
  const Representation& chosen_by(const http::RequestHead& head) const;
  http::Precondition precondition(const http::RequestHead& head, const Representation& chosen,
                                  std::time_t now) const;

  int status_;
  Representation plain_;
  std::vector<Representation> coded_;  // the smallest first
  std::vector<http::Coding> codings_;  // of these
  std::optional<std::time_t> last_modified_;
};

}  // namespace bao::server
