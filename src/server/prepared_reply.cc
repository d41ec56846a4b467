#include "server/prepared_reply.h"

#include <algorithm>
#include <utility>

#include "content_coding/encoder.h"
#include "http/date.h"
#include "http/validators.h"
#include "server/compression.h"
#include "server/not_modified.h"
#include "server/vary.h"

namespace bao::server {

namespace {
// Larger bodies are encoded as those of one reply are: nobody wants to wait minutes for a start.
constexpr size_t kMostAtOnce = 2 << 20;
}  // namespace

PreparedReply::PreparedReply(int status, Fields fields, std::string_view content_type,
                             std::string body)
    : status_(status) {
  if (!content_type.empty() && !fields.knows(Fields::kContentType)) {
    fields.set("Content-Type", content_type);
  }
  if (status_ == 200 && !body.empty() && !fields.knows(Fields::kETag)) {
    fields.set("ETag", http::make_strong_etag(body));
  }
  if (auto date = fields.get("Last-Modified")) {
    last_modified_ = http::parse_date(*date, std::time(nullptr));
  }
  plain_ = represent(http::Coding::identity, std::move(fields), std::move(body));
}

PreparedReply::Representation PreparedReply::represent(http::Coding coding, Fields fields,
                                                       std::string body) {
  Representation result;
  result.coding = coding;
  result.fields = std::move(fields);
  result.body = std::make_shared<const std::string>(std::move(body));
  result.etag = result.fields.get("ETag").value_or("");
  result.not_modified_fields = server::not_modified_fields(result.fields);
  return result;
}

void PreparedReply::compress(const Compression& compression) {
  const std::string& body = *plain_.body;
  if (!coded_.empty() || !compression.negotiable(status_, &plain_.fields, "", body.size())) return;
  const auto effort =
      body.size() <= kMostAtOnce ? content_coding::Effort::once : content_coding::Effort::each_time;
  vary_by_encoding(plain_.fields);
  for (const http::Coding coding : compression.codings()) {
    std::string encoded = content_coding::encode(coding, effort, body);
    if (encoded.size() >= body.size()) continue;
    Fields fields = plain_.fields;
    fields.set("Content-Encoding", http::coding_name(coding));
    fields.remove("Content-Length");
    fields.remove("Accept-Ranges");
    weaken_etag(fields);
    const auto place = std::upper_bound(
        coded_.begin(), coded_.end(), encoded.size(),
        [](size_t size, const Representation& coded) { return size < coded.body->size(); });
    coded_.insert(place, represent(coding, std::move(fields), std::move(encoded)));
  }
  plain_ = represent(http::Coding::identity, plain_.fields, body);
  for (const Representation& coded : coded_) codings_.push_back(coded.coding);
}

const PreparedReply::Representation& PreparedReply::chosen_by(const http::RequestHead& head) const {
  const http::Coding coding = http::AcceptEncoding(head).choose(codings_);
  for (const Representation& coded : coded_) {
    if (coded.coding == coding) return coded;
  }
  return plain_;
}

http::Precondition PreparedReply::precondition(const http::RequestHead& head,
                                               const Representation& chosen,
                                               std::time_t now) const {
  const bool reads = head.method_id == http::Method::get || head.method_id == http::Method::head;
  if (status_ != 200 || !reads || !http::may_have_preconditions(head)) {
    return http::Precondition::passed;
  }
  return http::evaluate_preconditions(head, {chosen.etag, last_modified_}, now);
}

void PreparedReply::send(http::Exchange& exchange, std::time_t now) const {
  const Representation& chosen = coded_.empty() ? plain_ : chosen_by(exchange.head);
  switch (precondition(exchange.head, chosen, now)) {
    case http::Precondition::passed: break;
    case http::Precondition::not_modified:
      exchange.reply({.status = 304, .fields = &chosen.not_modified_fields, .negotiated = true});
      return;
    case http::Precondition::failed: exchange.reply({.status = 412}); return;
  }
  exchange.reply({.status = status_,
                  .fields = &chosen.fields,
                  .body = *chosen.body,
                  .body_shared = &chosen.body,
                  .negotiated = true,
                  .encoded = &chosen.encoded});
}

}  // namespace bao::server
