#include "server/body_coding.h"

#include <optional>
#include <string_view>

#include "content_coding/decoder.h"
#include "http/accept_encoding.h"
#include "http/tokens.h"
#include "server/exchange.h"

namespace bao::server {

namespace {

constexpr std::string_view kUnderstood = "gzip, deflate";

// The coding of the body; nothing if it is none that is understood.
std::optional<http::Coding> coding_of(const http::RequestHead& head) {
  http::Coding coding = http::Coding::identity;
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (!http::equals_ignoring_case(head.field_name(i), "content-encoding")) continue;
    http::ListElements elements(head.field_value(i));
    for (std::string_view element; elements.next(element);) {
      const auto named = http::coding_from(element);
      if (named == http::Coding::identity) continue;
      const bool first = coding == http::Coding::identity;
      if (!first || (named != http::Coding::gzip && named != http::Coding::deflate)) {
        return std::nullopt;
      }
      coding = *named;
    }
  }
  return coding;
}

}  // namespace

bool decode_body(Exchange& exchange, uint64_t limit) {
  const auto coding = coding_of(exchange.head);
  if (!coding) {
    const Fields fields{{"Accept-Encoding", kUnderstood}};
    exchange.reply({.status = 415, .fields = &fields});
    return false;
  }
  if (*coding != http::Coding::identity) {
    exchange.decode_body(content_coding::make_decoder(*coding), limit);
  }
  return true;
}

}  // namespace bao::server
