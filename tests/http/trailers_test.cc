#include "http/trailers.h"

#include <gtest/gtest.h>

namespace bao::http {
namespace {

// RFC 9110 section 6.5.1
TEST(Trailers, MayNotDecideAboutTheMessage) {
  for (const char* name : {"Content-Length",
                           "transfer-encoding",
                           "HOST",
                           "Trailer",
                           "Connection",
                           "Content-Type",
                           "Content-Encoding",
                           "Content-Range",
                           "Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "Cache-Control",
                           "Expect",
                           "Range",
                           "If-Match",
                           "TE",
                           "Upgrade",
                           "Date",
                           "Vary",
                           "Location"}) {
    EXPECT_FALSE(may_be_trailer(name)) << name;
  }
}

TEST(Trailers, MayBeWhatIsKnownLate) {
  for (const char* name : {"ETag", "X-Checksum", "Content-MD5", "Digest", "Server-Timing"}) {
    EXPECT_TRUE(may_be_trailer(name)) << name;
  }
}

}  // namespace
}  // namespace bao::http
