#include "http/trailers.h"

#include <algorithm>
#include <array>

#include "http/tokens.h"

namespace bao::http {

namespace {

constexpr std::array<std::string_view, 36> kHeadOnly{"authorization",
                                                     "cache-control",
                                                     "connection",
                                                     "content-encoding",
                                                     "content-length",
                                                     "content-location",
                                                     "content-range",
                                                     "content-type",
                                                     "cookie",
                                                     "date",
                                                     "expect",
                                                     "expires",
                                                     "forwarded",
                                                     "host",
                                                     "if-match",
                                                     "if-modified-since",
                                                     "if-none-match",
                                                     "if-range",
                                                     "if-unmodified-since",
                                                     "keep-alive",
                                                     "location",
                                                     "max-forwards",
                                                     "pragma",
                                                     "proxy-authenticate",
                                                     "proxy-authorization",
                                                     "proxy-connection",
                                                     "range",
                                                     "retry-after",
                                                     "set-cookie",
                                                     "te",
                                                     "trailer",
                                                     "transfer-encoding",
                                                     "upgrade",
                                                     "vary",
                                                     "www-authenticate",
                                                     "x-forwarded-for"};

}  // namespace

bool may_be_trailer(std::string_view name) {
  return std::none_of(kHeadOnly.begin(), kHeadOnly.end(), [name](std::string_view refused) {
    return equals_ignoring_case(name, refused);
  });
}

}  // namespace bao::http
