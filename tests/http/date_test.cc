#include "http/date.h"

#include <array>
#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace bao::http {
namespace {

constexpr std::time_t kRfcExample = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::time_t kNow = 1767225600;        // Thu, 01 Jan 2026 00:00:00 GMT

std::optional<std::time_t> parse(std::string_view text) {
  return parse_date(text, kNow);
}

// RFC 9110 §5.6.7: a sender writes IMF-fixdate
TEST(DateTest, FormatsImfFixdate) {
  EXPECT_EQ(format_date(kRfcExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(format_date(4107542400), "Mon, 01 Mar 2100 00:00:00 GMT");
  EXPECT_EQ(format_date(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format_date(-62167219200), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(DateTest, FormatsIntoABufferWithoutWritingBeyondIt) {
  struct {
    char text[kDateLength];
    char guard;
  } buffer{{}, 'g'};
  format_date(kRfcExample, buffer.text);
  EXPECT_EQ(std::string_view(buffer.text, kDateLength), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(buffer.guard, 'g');
}

TEST(DateTest, TimesOutsideOfFourDigitYearsBecomeTheNearestInside) {
  using Limits = std::numeric_limits<std::time_t>;
  EXPECT_EQ(format_date(253402300800), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format_date(Limits::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format_date(-62167219201), "Sat, 01 Jan 0000 00:00:00 GMT");
  EXPECT_EQ(format_date(Limits::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

// The platform's own gmtime_r as the oracle, over some thousand years.
TEST(DateTest, AgreesWithThePlatformsCalendar) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::time_t time = -62167219200; time < 253402300800; time += 86400 * 97 + 12345) {
    std::tm calendar{};
    ASSERT_NE(gmtime_r(&time, &calendar), nullptr);
    char expected[64];
    std::snprintf(expected, sizeof expected, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays[static_cast<std::size_t>(calendar.tm_wday)], calendar.tm_mday,
                  kMonths[static_cast<std::size_t>(calendar.tm_mon)], calendar.tm_year + 1900,
                  calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
    ASSERT_EQ(format_date(time), expected);
    ASSERT_EQ(parse(expected), time) << expected;
  }
}

// RFC 9110 §5.6.7: a recipient reads three forms
TEST(DateTest, ParsesAllThreeForms) {
  EXPECT_EQ(parse("Sun, 06 Nov 1994 08:49:37 GMT"), kRfcExample);
  EXPECT_EQ(parse("Sunday, 06-Nov-94 08:49:37 GMT"), kRfcExample);
  EXPECT_EQ(parse("Sun Nov  6 08:49:37 1994"), kRfcExample);
}

// RFC 9110 §5.6.7: date3 = month SP ( 2DIGIT / ( SP 1DIGIT ) )
TEST(DateTest, AsctimeDayHasTwoDigitsOrASpaceAndOne) {
  EXPECT_EQ(parse("Sun Nov 06 08:49:37 1994"), kRfcExample);
  EXPECT_EQ(parse("Wed Nov 16 08:49:37 1994"), kRfcExample + 10 * 86400);
  EXPECT_FALSE(parse("Sun Nov 6 08:49:37 1994"));
  EXPECT_FALSE(parse("Sun Nov   6 08:49:37 1994"));
}

// RFC 9110 §5.6.7: HTTP-date is case-sensitive, and no whitespace is added
TEST(DateTest, EveryChangedByteIsRefused) {
  for (const std::string good : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (char wrong : {'x', ' ', '-', ',', '\0', '\xff'}) {
        std::string bad = good;
        if (bad[i] == wrong) continue;
        bad[i] = wrong;
        EXPECT_FALSE(parse(bad)) << bad;
      }
      EXPECT_FALSE(parse(good.substr(0, i))) << "cut at " << i;
      EXPECT_FALSE(parse(std::string(good).insert(i, " "))) << "space at " << i;
    }
    EXPECT_FALSE(parse(good + " "));
    EXPECT_FALSE(parse(good + "x"));
  }
  EXPECT_FALSE(parse("sun, 06 nov 1994 08:49:37 gmt"));
  EXPECT_FALSE(parse("Sun, 06 Nov 1994 08:49:37 UTC"));
  EXPECT_FALSE(parse("Sun, 06 Nov 1994 08:49:37 +0000"));
  EXPECT_FALSE(parse("Sun, 06 Nov 94 08:49:37 GMT"));
  EXPECT_FALSE(parse("Sunday, 06 Nov 1994 08:49:37 GMT"));
  EXPECT_FALSE(parse("Sun, 06-Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(parse("1994-11-06T08:49:37Z"));
}

TEST(DateTest, DaysThatDoNotExistAreRefused) {
  EXPECT_TRUE(parse("Tue, 29 Feb 2000 00:00:00 GMT"));
  EXPECT_FALSE(parse("Wed, 29 Feb 2023 00:00:00 GMT"));
  EXPECT_FALSE(parse("Mon, 29 Feb 2100 00:00:00 GMT"));
  EXPECT_FALSE(parse("Fri, 31 Apr 1994 00:00:00 GMT"));
  EXPECT_FALSE(parse("Mon, 00 Jan 1994 00:00:00 GMT"));
  EXPECT_FALSE(parse("Mon, 32 Jan 1994 00:00:00 GMT"));
}

// RFC 5322 §3.3: the day of the week must be that of the date
TEST(DateTest, WrongDayOfTheWeekIsRefused) {
  EXPECT_FALSE(parse("Mon, 06 Nov 1994 08:49:37 GMT"));
  EXPECT_FALSE(parse("Monday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(parse("Mon Nov  6 08:49:37 1994"));
}

// RFC 5322 §3.3: 00:00:00 through 23:59:60
TEST(DateTest, TimesOfDayEndAtTheLeapSecond) {
  EXPECT_EQ(parse("Sat, 31 Dec 2016 23:59:59 GMT"), 1483228799);
  EXPECT_EQ(parse("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800);
  EXPECT_FALSE(parse("Sat, 31 Dec 2016 23:59:61 GMT"));
  EXPECT_FALSE(parse("Sat, 31 Dec 2016 23:58:60 GMT"));
  EXPECT_FALSE(parse("Sat, 31 Dec 2016 12:59:60 GMT"));
  EXPECT_FALSE(parse("Sat, 31 Dec 2016 24:00:00 GMT"));
  EXPECT_FALSE(parse("Sat, 31 Dec 2016 23:60:00 GMT"));
}

// RFC 9110 §5.6.7: a two-digit year that seems more than 50 years ahead lies in the past
TEST(DateTest, TwoDigitYearIsAtMostFiftyYearsAhead) {
  EXPECT_EQ(parse_date("Wednesday, 01-Jan-76 00:00:00 GMT", kNow), 3345062400) << "50 years: 2076";
  EXPECT_EQ(parse_date("Thursday, 01-Jan-76 00:00:01 GMT", kNow), 189302401)
      << "50 years and a second: 1976";
  EXPECT_EQ(parse_date("Wednesday, 01-Jan-76 00:00:01 GMT", kNow + 1), 3345062401);
  EXPECT_EQ(parse_date("Tuesday, 31-Dec-75 23:59:59 GMT", kNow), 3345062399) << "2075";
  EXPECT_EQ(parse_date("Saturday, 01-Jan-77 00:00:00 GMT", kNow), 220924800) << "1977";
  EXPECT_EQ(parse_date("Thursday, 01-Jan-26 00:00:00 GMT", kNow), kNow);
}

TEST(DateTest, TwoDigitYearCrossesCenturies) {
  const std::time_t in_1999 = 915148800;
  EXPECT_EQ(parse_date("Saturday, 01-Jan-00 00:00:00 GMT", in_1999), 946684800) << "2000";
  const std::time_t in_2080 = 3471292800;
  EXPECT_EQ(parse_date("Friday, 01-Jan-10 00:00:00 GMT", in_2080), std::nullopt) << "2110";
  EXPECT_EQ(parse_date("Wednesday, 01-Jan-10 00:00:00 GMT", in_2080), 4417977600) << "2110";
}

TEST(DateTest, FormattedTimesAreReadBack) {
  for (std::time_t time : {std::time_t{0}, std::time_t{-1}, kRfcExample, kNow,
                           std::time_t{253402300799}, std::time_t{-62167219200}}) {
    EXPECT_EQ(parse(format_date(time)), time);
  }
}

}  // namespace
}  // namespace bao::http
