#include "http/range.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace bao::http {
namespace {

using Kind = RangeAnswer::Kind;

constexpr uint64_t kHuge = UINT64_MAX;

void expect_part(std::string_view value, uint64_t size, uint64_t first, uint64_t length) {
  const RangeAnswer answer = answer_range(value, size);
  EXPECT_EQ(answer.kind, Kind::part) << value;
  EXPECT_EQ(answer.first, first) << value;
  EXPECT_EQ(answer.length, length) << value;
}

void expect_kind(std::string_view value, uint64_t size, Kind kind) {
  const RangeAnswer answer = answer_range(value, size);
  EXPECT_EQ(answer.kind, kind) << value;
  EXPECT_EQ(answer.first, 0u) << value;
  EXPECT_EQ(answer.length, 0u) << value;
}

// RFC 9110 section 14.1.2
TEST(RangeTest, FromOnePositionToAnother) {
  expect_part("bytes=0-0", 10, 0, 1);
  expect_part("bytes=2-4", 10, 2, 3);
  expect_part("bytes=9-9", 10, 9, 1);
  expect_part("bytes=0-9", 10, 0, 10);
  expect_part("bytes=007-008", 10, 7, 2);
}

// RFC 9110 section 14.1.2: a last-pos behind the end means the end
TEST(RangeTest, ALastPositionBehindTheEndIsTheEnd) {
  expect_part("bytes=5-10", 10, 5, 5);
  expect_part("bytes=5-99999999999999999999999999", 10, 5, 5);
  expect_part("bytes=0-18446744073709551615", kHuge, 0, kHuge);
}

// RFC 9110 section 14.1.2
TEST(RangeTest, WithoutALastPositionItGoesToTheEnd) {
  expect_part("bytes=0-", 10, 0, 10);
  expect_part("bytes=9-", 10, 9, 1);
}

// RFC 9110 section 14.1.2: suffix-range
TEST(RangeTest, ASuffixIsSoManyOfTheLastBytes) {
  expect_part("bytes=-1", 10, 9, 1);
  expect_part("bytes=-10", 10, 0, 10);
  expect_part("bytes=-11", 10, 0, 10);
  expect_part("bytes=-99999999999999999999999999", 10, 0, 10);
}

// RFC 9110 section 14.1.2: what makes a range satisfiable
TEST(RangeTest, WhatIsNotThereIsUnsatisfiable) {
  expect_kind("bytes=10-", 10, Kind::unsatisfiable);
  expect_kind("bytes=10-20", 10, Kind::unsatisfiable);
  expect_kind("bytes=99999999999999999999999999-", 10, Kind::unsatisfiable);
  expect_kind("bytes=-0", 10, Kind::unsatisfiable);
  expect_kind("bytes=0-", 0, Kind::unsatisfiable);
  expect_kind("bytes=0-0", 0, Kind::unsatisfiable);
  expect_kind("bytes=-0", 0, Kind::unsatisfiable);
}

// RFC 9110 section 14.1.2: the last bytes of an empty representation are the whole of it
TEST(RangeTest, ASuffixOfNothingIsTheWhole) {
  expect_kind("bytes=-5", 0, Kind::whole);
}

// RFC 9110 section 14.1.2: a last-pos before the first-pos is invalid, and section 14.2: ignored
TEST(RangeTest, ARangeThatEndsBeforeItBeginsIsIgnored) {
  expect_kind("bytes=4-2", 10, Kind::whole);
  expect_kind("bytes=100-99", 10, Kind::whole);
  expect_kind("bytes=100000000000000000000000-99999999999999999999999", 10, Kind::whole);
  // Leading zeros make no number larger.
  expect_part("bytes=0000000000000000000000000004-5", 10, 4, 2);
}

// RFC 9110 section 14.2: an invalid ranges-specifier is ignored
TEST(RangeTest, WhatIsMalformedIsIgnored) {
  for (std::string_view value :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=1-2-3", "bytes=1 -2",
        "bytes=1- 2", "bytes=+1-2", "bytes=--1", "bytes=0x1-2", "bytes =1-2", "bytes:1-2", "1-2",
        "bytes=1-2;3", "bytes=,", "bytes=\"1-2\"", "bytes 0-1/10"}) {
    expect_kind(value, 10, Kind::whole);
  }
}

// RFC 9110 section 14.2: a range unit that the server does not know is ignored
TEST(RangeTest, AnotherUnitIsIgnored) {
  expect_kind("lines=0-1", 10, Kind::whole);
  expect_kind("bytess=0-1", 10, Kind::whole);
}

// RFC 9110 section 14.1: units are case-insensitive
TEST(RangeTest, TheUnitMayBeWrittenInAnyCase) {
  expect_part("Bytes=0-1", 10, 0, 2);
  expect_part("BYTES=-1", 10, 9, 1);
}

// RFC 9110 section 14.2: a server may ignore the field
TEST(RangeTest, SeveralRangesAreTheWhole) {
  expect_kind("bytes=0-1,3-4", 10, Kind::whole);
  expect_kind("bytes=0-1, -1", 10, Kind::whole);
  expect_kind("bytes=20-,30-", 10, Kind::whole);
}

// RFC 9110 section 5.6.1.2: empty elements of a list are passed over
TEST(RangeTest, OneRangeAmongEmptyElementsIsOne) {
  expect_part("bytes=, 0-1 ,,", 10, 0, 2);
  expect_part("  bytes=0-1\t", 10, 0, 2);
}

// RFC 9110 section 14.4
TEST(RangeTest, ContentRangeNamesFirstAndLastPosition) {
  EXPECT_EQ(content_range(0, 500, 1234), "bytes 0-499/1234");
  EXPECT_EQ(content_range(1233, 1, 1234), "bytes 1233-1233/1234");
  EXPECT_EQ(content_range(0, kHuge, kHuge), "bytes 0-18446744073709551614/18446744073709551615");
  EXPECT_EQ(unsatisfied_range(1234), "bytes */1234");
}

}  // namespace
}  // namespace bao::http
