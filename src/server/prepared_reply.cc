#include "server/prepared_reply.h"

#include <utility>

#include "http/tokens.h"
#include "http/validators.h"
#include "server/not_modified.h"

namespace bao::server {

namespace {
constexpr std::string_view kIfNoneMatch = "if-none-match";
}  // namespace

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
  not_modified_fields_ = server::not_modified_fields(fields_);
}

bool PreparedReply::not_modified(const http::RequestHead& head) const {
  if (etag_.empty() || status_ != 200) return false;
  if (head.method_id != http::Method::get && head.method_id != http::Method::head) return false;
  // Several lines are one list (RFC 9110 section 5.3); it matches where one of them does.
  for (size_t i = 0; i < head.field_count(); ++i) {
    std::string_view name = head.field_name(i);
    if (name.size() == kIfNoneMatch.size() && http::equals_ignoring_case(name, kIfNoneMatch) &&
        http::if_none_match(head.field_value(i), etag_)) {
      return true;
    }
  }
  return false;
}

void PreparedReply::send(http::Exchange& exchange) const {
  if (not_modified(exchange.head)) {
    exchange.reply({.status = 304, .fields = &not_modified_fields_});
    return;
  }
  exchange.reply({.status = status_,
                  .fields = &fields_,
                  .body = *body_,
                  .body_shared = &body_,
                  .encoded = &encoded_});
}

}  // namespace bao::server
