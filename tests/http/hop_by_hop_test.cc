#include "http/hop_by_hop.h"

#include <gtest/gtest.h>

namespace bao::http {
namespace {

std::string sent_on(const Fields& fields) {
  return std::string(end_to_end_fields(fields).lines());
}

// RFC 9110 section 7.6.1
TEST(HopByHop, FieldsOfOneConnectionAreNotSentOn) {
  EXPECT_EQ(sent_on({{"A", "1"},
                     {"Connection", "keep-alive"},
                     {"Keep-Alive", "timeout=5"},
                     {"proxy-connection", "x"},
                     {"TE", "trailers"},
                     {"Transfer-Encoding", "chunked"},
                     {"UPGRADE", "h2c"},
                     {"Trailer", "X"},
                     {"Proxy-Authenticate", "Basic"},
                     {"Proxy-Authorization", "Basic"},
                     {"A", "2"}}),
            "A: 1\r\nA: 2\r\n");
}

TEST(HopByHop, NeitherAreThoseThatConnectionNames) {
  EXPECT_EQ(sent_on({{"X-One", "1"},
                     {"Connection", "close, x-one"},
                     {"X-Two", "2"},
                     {"connection", ",X-THREE ,"},
                     {"X-Three", "3"}}),
            "X-Two: 2\r\n");
}

TEST(HopByHop, EverythingElseIs) {
  const Fields fields{{"Set-Cookie", "a=1"}, {"set-cookie", "b=2"}, {"Date", "x"}, {"Via", "y"}};
  EXPECT_EQ(sent_on(fields), fields.lines());
  EXPECT_EQ(sent_on({}), "");
}

}  // namespace
}  // namespace bao::http
