#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <bao/fields.h>

#include "http/exchange.h"
#include "http/preconditions.h"

namespace bao::server {

/// A reply that is made once and sent many times without running a handler. Immutable. One
/// thread's.
class PreparedReply {
 public:
  /// Takes what a reply is made of. Adds a strong ETag of the body's hash, unless `fields` has one,
  /// to replies with status 200 that have a body.
  PreparedReply(int status, Fields fields, std::string_view content_type, std::string body);

  /// Answers `exchange`: a reply with status 200 to GET or HEAD with 304 or 412 if the request's
  /// preconditions say so (RFC 9110 section 13). `now` is in seconds since 1970.
  void send(http::Exchange& exchange, std::time_t now) const;

  int status() const { return status_; }
  const Fields& fields() const { return fields_; }
  std::string_view body() const { return *body_; }

 private:
  http::Precondition precondition(const http::RequestHead& head, std::time_t now) const;

  int status_;
  Fields fields_;
  std::shared_ptr<const std::string> body_;
  std::string etag_;
  std::optional<std::time_t> last_modified_;
  Fields not_modified_fields_;
  mutable http::EncodedHead encoded_;  // filled when it is sent for the first time
};

}  // namespace bao::server
