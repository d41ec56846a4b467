#include "http/preconditions.h"

#include <gtest/gtest.h>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "http/date.h"

namespace bao::http {
namespace {

constexpr std::time_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::time_t kNow = kModified + 1000;
constexpr Validators kStrong{"\"v1\"", kModified};
constexpr Validators kWeak{"W/\"v1\"", kModified};

const std::string kSame = format_date(kModified);
const std::string kEarlier = format_date(kModified - 1);
const std::string kLater = format_date(kModified + 1);

using FieldList = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// A head with these fields, which own no bytes of a request line.
class Head {
 public:
  Head(Method method, FieldList fields) {
    for (const auto& [name, value] : fields) {
      FieldSpan span;
      span.name = add(name);
      span.value = add(value);
      head_.fields.push_back(span);
    }
    head_.method_id = method;
    head_.borrow(bytes_);
  }
  const RequestHead& operator*() const { return head_; }

 private:
  Span add(std::string_view text) {
    const Span span{static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(text.size())};
    bytes_.append(text);
    return span;
  }
  std::string bytes_;
  RequestHead head_;
};

Precondition evaluate(FieldList fields, Method method = Method::get,
                      const Validators& current = kStrong) {
  return evaluate_preconditions(*Head(method, fields), current, kNow);
}

std::string range(FieldList fields, const Validators& current = kStrong, bool date_is_strong = true,
                  Method method = Method::get) {
  const Head head(method, fields);
  return std::string(range_to_heed(*head, current, date_is_strong, kNow));
}

TEST(PreconditionsTest, WithoutAnyARequestPasses) {
  EXPECT_EQ(evaluate({}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Nothing", "*"}, {"Etag", "\"v1\""}}), Precondition::passed);
}

// RFC 9110 section 13.1.1
TEST(PreconditionsTest, IfMatchFailsUnlessATagMatchesStrongly) {
  EXPECT_EQ(evaluate({{"If-Match", "\"v1\""}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"if-match", "\"v0\", \"v1\""}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Match", "*"}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Match", "\"v0\""}}), Precondition::failed);
  EXPECT_EQ(evaluate({{"If-Match", "W/\"v1\""}}), Precondition::failed);
  EXPECT_EQ(evaluate({{"If-Match", "\"v1\""}}, Method::get, kWeak), Precondition::failed);
}

// RFC 9110 section 5.3: several lines are one list
TEST(PreconditionsTest, SeveralLinesAreOneList) {
  EXPECT_EQ(evaluate({{"If-Match", "\"v0\""}, {"If-Match", "\"v1\""}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v0\""}, {"If-None-Match", "\"v1\""}}),
            Precondition::not_modified);
}

// RFC 9110 section 13.1.2
TEST(PreconditionsTest, IfNoneMatchComparesWeakly) {
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v1\""}}), Precondition::not_modified);
  EXPECT_EQ(evaluate({{"If-None-Match", "W/\"v1\""}}), Precondition::not_modified);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v1\""}}, Method::head, kWeak),
            Precondition::not_modified);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v0\", \"v2\""}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-None-Match", "*"}}), Precondition::not_modified);
  EXPECT_EQ(evaluate({{"If-None-Match", "nonsense"}}), Precondition::passed);
}

// RFC 9110 section 13.1.2: 412 for methods that do not only read
TEST(PreconditionsTest, IfNoneMatchFailsOtherMethods) {
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v1\""}}, Method::put), Precondition::failed);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v0\""}}, Method::put), Precondition::passed);
}

// RFC 9110 section 13.1.3
TEST(PreconditionsTest, IfModifiedSinceComparesDates) {
  EXPECT_EQ(evaluate({{"If-Modified-Since", kSame}}), Precondition::not_modified);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kLater}}), Precondition::not_modified);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kEarlier}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}),
            Precondition::not_modified);
  EXPECT_EQ(evaluate({{"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}}),
            Precondition::not_modified);
}

// RFC 9110 section 13.1.3: ignored if it is no date, is there twice, or the method is another
TEST(PreconditionsTest, IfModifiedSinceIsIgnoredWhereItSaysNothing) {
  EXPECT_EQ(evaluate({{"If-Modified-Since", "yesterday"}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kSame}, {"If-Modified-Since", kSame}}),
            Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kSame}}, Method::post), Precondition::passed);
}

// RFC 9110 section 13.1.3: If-None-Match makes it count for nothing
TEST(PreconditionsTest, IfNoneMatchGoesBeforeIfModifiedSince) {
  EXPECT_EQ(evaluate({{"If-Modified-Since", kSame}, {"If-None-Match", "\"v0\""}}),
            Precondition::passed);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v1\""}, {"If-Modified-Since", kEarlier}}),
            Precondition::not_modified);
}

// RFC 9110 section 13.1.4
TEST(PreconditionsTest, IfUnmodifiedSinceComparesDates) {
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kSame}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kLater}}), Precondition::passed);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kEarlier}}), Precondition::failed);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kEarlier}}, Method::put), Precondition::failed);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", "never"}}), Precondition::passed);
}

// RFC 9110 section 13.1.4: If-Match makes it count for nothing
TEST(PreconditionsTest, IfMatchGoesBeforeIfUnmodifiedSince) {
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kEarlier}, {"If-Match", "\"v1\""}}),
            Precondition::passed);
}

// RFC 9110 section 13.2.2: first what makes 412, then what makes 304
TEST(PreconditionsTest, FailedGoesBeforeNotModified) {
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v1\""}, {"If-Match", "\"v0\""}}), Precondition::failed);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v1\""}, {"If-Unmodified-Since", kEarlier}}),
            Precondition::failed);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"v1\""}, {"If-Match", "\"v1\""}}),
            Precondition::not_modified);
}

// RFC 9110 section 14.2: ranges are defined for GET only
TEST(PreconditionsTest, RangesAreForGet) {
  EXPECT_EQ(range({{"Range", "bytes=0-1"}}), "bytes=0-1");
  EXPECT_EQ(range({}), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}}, kStrong, true, Method::head), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}}, kStrong, true, Method::post), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"Range", "bytes=0-1"}}), "");
}

// RFC 9110 section 13.1.5
TEST(PreconditionsTest, IfRangeWantsTheSameTagStrongly) {
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", "\"v1\""}}), "bytes=0-1");
  EXPECT_EQ(range({{"If-Range", "\"v0\""}, {"Range", "bytes=0-1"}}), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", "W/\"v1\""}}), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", "W/\"v1\""}}, kWeak), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", "\"v1\", \"v0\""}}), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", "*"}}), "");
}

// RFC 9110 section 13.1.5: a date must be the very same, and strong
TEST(PreconditionsTest, IfRangeWantsTheSameDateExactly) {
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", kSame}}), "bytes=0-1");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", kLater}}), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", kEarlier}}), "");
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", kSame}}, kStrong, false), "");
}

// Two of them cannot both be what the client has.
TEST(PreconditionsTest, TwoIfRangesAreNone) {
  EXPECT_EQ(range({{"Range", "bytes=0-1"}, {"If-Range", "\"v1\""}, {"If-Range", "\"v1\""}}), "");
}

}  // namespace
}  // namespace bao::http
