#include "server/prepared_reply.h"

#include <utility>

#include "http/date.h"
#include "http/validators.h"
#include "server/not_modified.h"

namespace bao::server {

PreparedReply::PreparedReply(int status, Fields fields, std::string_view content_type,
                             std::string body)
    : status_(status),
      fields_(std::move(fields)),
      body_(std::make_shared<const std::string>(std::move(body))) {
  if (!content_type.empty() && !fields_.knows(Fields::kContentType)) {
    fields_.set("Content-Type", content_type);
  }
  if (status_ == 200 && !body_->empty() && !fields_.knows(Fields::kETag)) {
    fields_.set("ETag", http::make_strong_etag(*body_));
  }
  if (auto etag = fields_.get("ETag")) etag_ = *etag;
  if (auto date = fields_.get("Last-Modified")) {
    last_modified_ = http::parse_date(*date, std::time(nullptr));
  }
  not_modified_fields_ = server::not_modified_fields(fields_);
}

http::Precondition PreparedReply::precondition(const http::RequestHead& head,
                                               std::time_t now) const {
  const bool reads = head.method_id == http::Method::get || head.method_id == http::Method::head;
  if (status_ != 200 || !reads || !http::may_have_preconditions(head)) {
    return http::Precondition::passed;
  }
  return http::evaluate_preconditions(head, {etag_, last_modified_}, now);
}

void PreparedReply::send(http::Exchange& exchange, std::time_t now) const {
  switch (precondition(exchange.head, now)) {
    case http::Precondition::passed: break;
    case http::Precondition::not_modified:
      exchange.reply({.status = 304, .fields = &not_modified_fields_});
      return;
    case http::Precondition::failed: exchange.reply({.status = 412}); return;
  }
  exchange.reply({.status = status_,
                  .fields = &fields_,
                  .body = *body_,
                  .body_shared = &body_,
                  .encoded = &encoded_});
}

}  // namespace bao::server
