#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <bao/fields.h>

#include "http/exchange.h"

namespace bao::server {

/// A reply that is made once and sent many times without running a handler. Immutable. One
/// thread's.
class PreparedReply {
 public:
  /// Takes what a reply is made of. Adds a strong ETag of the body's hash, unless `fields` has one,
  /// to replies with status 200 that have a body.
  PreparedReply(int status, Fields fields, std::string_view content_type, std::string body);

  /// Answers `exchange`; with 304 if it is a GET or HEAD whose If-None-Match lists the ETag (RFC
  /// 9110 section 13.1.2).
  void send(http::Exchange& exchange) const;

  int status() const { return status_; }
  const Fields& fields() const { return fields_; }
  std::string_view body() const { return *body_; }

 private:
  bool not_modified(const http::RequestHead& head) const;

  int status_;
  Fields fields_;
  std::shared_ptr<const std::string> body_;
  std::string etag_;
  Fields not_modified_fields_;
  mutable http::EncodedHead encoded_;  // filled when it is sent for the first time
};

}  // namespace bao::server
