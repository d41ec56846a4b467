#include "http/status.h"

#include <gtest/gtest.h>
#include <vector>

namespace bao::http {
namespace {

// RFC 9110 §15
TEST(StatusTest, ReasonPhrasesAreThoseOfTheRegistry) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(101), "Switching Protocols");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(203), "Non-Authoritative Information");
  EXPECT_EQ(reason_phrase(304), "Not Modified");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(414), "URI Too Long");
  EXPECT_EQ(reason_phrase(416), "Range Not Satisfiable");
  EXPECT_EQ(reason_phrase(422), "Unprocessable Content");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
}

TEST(StatusTest, UnknownAndUnusedNumbersHaveNoReasonPhrase) {
  for (int status : {-1, 0, 99, 199, 299, 306, 418, 419, 430, 499, 509, 512, 599, 1000}) {
    EXPECT_EQ(reason_phrase(status), "") << status;
  }
}

// The IANA HTTP status code registry, without unused and temporary entries
TEST(StatusTest, EveryRegisteredStatusHasAReasonPhrase) {
  std::vector<int> with_phrase;
  for (int status = 0; status < 1000; ++status) {
    if (!reason_phrase(status).empty()) with_phrase.push_back(status);
  }
  const std::vector<int> registered = {
      100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301,
      302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
      410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 425, 426, 428, 429,
      431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};
  EXPECT_EQ(with_phrase, registered);
}

// RFC 9110 §6.4.1
TEST(StatusTest, OnlyInformational204And304ForbidContent) {
  for (int status = 0; status < 1000; ++status) {
    const bool forbidden = status / 100 == 1 || status == 204 || status == 304;
    EXPECT_EQ(status_forbids_content(status), forbidden) << status;
  }
  static_assert(status_forbids_content(204) && !status_forbids_content(205));
}

}  // namespace
}  // namespace bao::http
