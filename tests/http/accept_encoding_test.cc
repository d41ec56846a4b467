#include "http/accept_encoding.h"

#include <array>
#include <gtest/gtest.h>
#include <string_view>

namespace bao::http {
namespace {

constexpr std::array<Coding, 3> kOffered{Coding::zstd, Coding::brotli, Coding::gzip};

AcceptEncoding read(std::string_view value) {
  AcceptEncoding accepted;
  accepted.add(value);
  return accepted;
}

std::string_view chosen(std::string_view value) {
  return coding_name(read(value).choose(kOffered));
}

// RFC 9110 section 8.4.1: the names of codings are case-insensitive
TEST(Coding, HasTheRegisteredNames) {
  for (std::string_view name : {"identity", "gzip", "br", "zstd", "deflate"}) {
    EXPECT_EQ(coding_name(coding_from(name).value()), name);
  }
  EXPECT_EQ(coding_from("GZip"), Coding::gzip);
  EXPECT_FALSE(coding_from("compress"));
  EXPECT_FALSE(coding_from(""));
}

// RFC 9110 section 8.4.1.3
TEST(Coding, XGzipIsGzip) {
  EXPECT_EQ(coding_from("x-gzip"), Coding::gzip);
  EXPECT_EQ(chosen("x-gzip"), "gzip");
}

// RFC 9110 section 12.5.3
TEST(AcceptEncoding, WithoutTheFieldNothingIsChosen) {
  EXPECT_EQ(AcceptEncoding().choose(kOffered), Coding::identity);
  EXPECT_FALSE(AcceptEncoding().refuses_identity());
}

TEST(AcceptEncoding, AnEmptyFieldTakesIdentityOnly) {
  EXPECT_EQ(chosen(""), "identity");
  EXPECT_EQ(chosen(" , ,"), "identity");
}

TEST(AcceptEncoding, EqualWeightsLeaveTheChoiceToTheServer) {
  EXPECT_EQ(chosen("gzip, deflate, br, zstd"), "zstd");
  EXPECT_EQ(chosen("gzip, br"), "br");
  EXPECT_EQ(chosen("gzip"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0.5, br;q=0.5"), "br");
}

// RFC 9110 section 12.4.2
TEST(AcceptEncoding, TheHighestWeightWins) {
  EXPECT_EQ(chosen("gzip;q=1.0, br;q=0.9, zstd;q=0.8"), "gzip");
  EXPECT_EQ(chosen("zstd;q=0.1, br;q=0.101"), "br");
  EXPECT_EQ(chosen("zstd;q=0.001"), "zstd");
  EXPECT_EQ(read("gzip;q=0.123").weight(Coding::gzip), 123);
  EXPECT_EQ(read("gzip;q=1.").weight(Coding::gzip), 1000);
  EXPECT_EQ(read("gzip;q=0.5").weight(Coding::gzip), 500);
}

TEST(AcceptEncoding, AWeightOfZeroRefuses) {
  EXPECT_EQ(chosen("gzip;q=0"), "identity");
  EXPECT_EQ(chosen("gzip;q=0, br;q=0.000, zstd;q=0.0"), "identity");
  EXPECT_EQ(chosen("zstd;q=0, *"), "br");
}

TEST(AcceptEncoding, TheAsteriskIsForWhatIsNotListed) {
  EXPECT_EQ(chosen("*"), "zstd");
  EXPECT_EQ(chosen("*;q=0"), "identity");
  EXPECT_EQ(chosen("gzip, *;q=0"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0.2, *;q=0.8"), "zstd");
  EXPECT_EQ(chosen("zstd;q=0, br;q=0, gzip;q=0, *"), "identity");
}

TEST(AcceptEncoding, IdentityMayBeLikedMore) {
  EXPECT_EQ(chosen("identity, gzip;q=0.5"), "identity");
  EXPECT_EQ(chosen("identity;q=0.5, gzip"), "gzip");
  EXPECT_EQ(chosen("identity, gzip"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0.1"), "gzip") << "not listed, it is the last resort";
}

TEST(AcceptEncoding, IdentityMayBeRefused) {
  EXPECT_TRUE(read("identity;q=0").refuses_identity());
  EXPECT_TRUE(read("*;q=0").refuses_identity());
  EXPECT_TRUE(read("gzip, *;q=0").refuses_identity());
  EXPECT_FALSE(read("identity;q=0.1, *;q=0").refuses_identity());
  EXPECT_FALSE(read("identity, *;q=0").refuses_identity());
  EXPECT_FALSE(read("gzip").refuses_identity());
}

TEST(AcceptEncoding, NamesAndParametersHaveNoCase) {
  EXPECT_EQ(chosen("GZIP"), "gzip");
  EXPECT_EQ(chosen("Br;Q=0.7"), "br");
  EXPECT_TRUE(read("IDENTITY;Q=0").refuses_identity());
}

TEST(AcceptEncoding, WhiteSpaceMayStandAroundTheParts) {
  EXPECT_EQ(chosen(" gzip ; q=0.5 ,\tbr ;\tq=0.6 "), "br");
}

TEST(AcceptEncoding, AMalformedWeightRefuses) {
  for (std::string_view value :
       {"gzip;q", "gzip;q=", "gzip;q=2", "gzip;q=1.5", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=-1",
        "gzip;q=.5", "gzip;q=a", "gzip;q=\"1\"", "gzip;level=9", "gzip;", "gzip; ;q=1", "gzip;q =1",
        "gzip;q= 1", "gzip;q=1;x=2", "gzip;q=00", "gzip;q=1.0000"}) {
    EXPECT_EQ(chosen(value), "identity") << value;
    EXPECT_EQ(read(value).weight(Coding::gzip), 0) << value;
  }
  EXPECT_EQ(chosen("*, gzip;q=x"), "zstd");
  EXPECT_EQ(read("*, gzip;q=x").weight(Coding::gzip), 0);
}

TEST(AcceptEncoding, AMalformedWeightOfIdentityOrAsteriskSaysNothing) {
  EXPECT_FALSE(read("identity;q=x").refuses_identity());
  EXPECT_FALSE(read("*;q=x").refuses_identity());
  EXPECT_EQ(chosen("*;q=x"), "identity");
}

TEST(AcceptEncoding, WhatIsNoCodingIsSkipped) {
  EXPECT_EQ(chosen("gz ip, @, \"br\", =, gzip"), "gzip");
  EXPECT_EQ(chosen("compress, exi, dcb, pack200-gzip"), "identity");
}

TEST(AcceptEncoding, TheLowestOfSeveralWeightsCounts) {
  EXPECT_EQ(chosen("gzip, gzip;q=0"), "identity");
  EXPECT_EQ(chosen("gzip;q=0, gzip"), "identity");
  EXPECT_EQ(chosen("x-gzip;q=0, gzip"), "identity");
}

// RFC 9110 section 5.3
TEST(AcceptEncoding, SeveralLinesAreOneList) {
  AcceptEncoding accepted;
  accepted.add("gzip");
  accepted.add("br;q=0.5, zstd;q=0");
  EXPECT_EQ(accepted.choose(kOffered), Coding::gzip);
  EXPECT_EQ(accepted.weight(Coding::brotli), 500);
}

}  // namespace
}  // namespace bao::http
