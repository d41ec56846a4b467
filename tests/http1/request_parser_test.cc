#include "http1/request_parser.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/tokens.h"
#include "http1/read_all_ways.h"

namespace bao::http1 {
namespace {

using testing::HeadReading;
using testing::read_all_ways;
using Fields = std::vector<std::pair<std::string, std::string>>;

// A request with that first line and nothing else to complain about.
std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: h\r\n\r\n";
}

// A request with that field line.
std::string with_field(std::string_view line) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(line) + "\r\n\r\n";
}

void expect_refused(const std::string& text, int status) {
  const HeadReading reading = read_all_ways(text);
  EXPECT_EQ(reading.refused, status) << text << "\n" << reading;
  EXPECT_FALSE(reading.reason.empty());
  EXPECT_FALSE(reading.by_rules) << text;
}

// ---- RFC 9112 section 2.1: the shape of a message

TEST(RequestParserTest, ReadsARequestWithItsFields) {
  const HeadReading reading = read_all_ways(
      "POST /a/b?c=d&e HTTP/1.1\r\nHost: example.com:8080\r\nAccept: */*\r\nX-Empty:\r\n\r\nbody");
  ASSERT_TRUE(reading.accepted()) << reading;
  EXPECT_EQ(reading.method, "POST");
  EXPECT_EQ(reading.method_id, http::Method::post);
  EXPECT_EQ(reading.target, "/a/b?c=d&e");
  EXPECT_EQ(reading.path, "/a/b");
  EXPECT_EQ(reading.query, "c=d&e");
  EXPECT_EQ(reading.minor_version, 1);
  EXPECT_EQ(reading.fields,
            (Fields{{"Host", "example.com:8080"}, {"Accept", "*/*"}, {"X-Empty", ""}}));
}

TEST(RequestParserTest, TheHeadEndsWithItsEmptyLineWhateverFollows) {
  const std::string head = with_line("GET / HTTP/1.1");
  for (std::string_view behind : {"", "G", "\r\n", "\0\0\0", "GET / HTTP/1.1\r\n\r\n"}) {
    const HeadReading reading = read_all_ways(head + std::string(behind));
    EXPECT_TRUE(reading.accepted()) << reading;
    EXPECT_EQ(reading.head_size, head.size());
  }
}

TEST(RequestParserTest, ARequestWithoutFieldsIsComplete) {
  EXPECT_TRUE(read_all_ways("GET / HTTP/1.0\r\n\r\n").accepted());
}

TEST(RequestParserTest, EveryProperPrefixIsIncomplete) {
  const std::string head = "\r\nGET /path?query HTTP/1.1\r\nHost: h\r\nA:\t b \t\r\n\r\n";
  for (size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(testing::read_head(head.substr(0, size), {size}).status, ParseStatus::incomplete)
        << size;
  }
  EXPECT_TRUE(read_all_ways(head).accepted());
}

TEST(RequestParserTest, CanBeUsedAgainAfterReset) {
  RequestParser parser;
  http::RequestHead head;
  const std::string good = with_line("GET / HTTP/1.1");
  ASSERT_EQ(parser.parse("GET /\r\n", {}, head), ParseStatus::refused);
  parser.reset();
  EXPECT_FALSE(parser.refusal());
  head.clear();
  ASSERT_EQ(parser.parse(good, {}, head), ParseStatus::complete);
  parser.reset();
  head.clear();
  ASSERT_EQ(parser.parse(good, {}, head), ParseStatus::complete);
  EXPECT_EQ(head.field_count(), 1u);
}

// ---- Section 2.2: line ends

TEST(RequestParserTest, EmptyLinesBeforeTheRequestLineAreSkipped) {
  for (int count : {1, 2, 10}) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "\r\n";
    text += with_line("GET / HTTP/1.1");
    const HeadReading reading = read_all_ways(text);
    EXPECT_TRUE(reading.accepted()) << reading;
    EXPECT_EQ(reading.head_size, text.size());
    EXPECT_EQ(reading.method, "GET");
  }
}

TEST(RequestParserTest, WhiteSpaceBetweenStartLineAndFirstFieldIsRefused) {
  expect_refused("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\n\tHost: h\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n", 400);
}

// A recipient MAY take a lone LF for a line end; we do not, since others disagree about it.
TEST(RequestParserTest, ALoneLfIsNoLineEnd) {
  expect_refused("GET / HTTP/1.1\nHost: h\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: h\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\n\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nA: b\nC: d\r\n\r\n", 400);
  expect_refused("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  expect_refused("\r\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
}

TEST(RequestParserTest, ABareCrIsRefused) {
  expect_refused("GET / HTTP/1.1\rHost: h\r\n\r\n", 400);
  expect_refused("GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nA\r: b\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400);
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", 400);
  expect_refused("\r\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
}

// ---- Section 2.3: the version

TEST(RequestParserTest, MinorVersionsAboveOneAreTakenForOne) {
  EXPECT_EQ(read_all_ways(with_line("GET / HTTP/1.0")).minor_version, 0);
  for (char minor = '1'; minor <= '9'; ++minor) {
    EXPECT_EQ(read_all_ways(with_line(std::string("GET / HTTP/1.") + minor)).minor_version, 1);
  }
}

TEST(RequestParserTest, OtherMajorVersionsAre505) {
  for (std::string_view version : {"HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9", "HTTP/0.0"}) {
    expect_refused(with_line("GET / " + std::string(version)), 505);
  }
}

TEST(RequestParserTest, MalformedVersionsAre400) {
  for (std::string_view version : {"",           "HTTP",
                                   "HTTP/",      "HTTP/1",
                                   "HTTP/1.",    "HTTP/.1",
                                   "HTTP/11",    "HTTP/1.10",
                                   "HTTP/01.1",  "HTTP/1.1 ",
                                   "HTTP/1.1\t", " HTTP/1.1",
                                   "http/1.1",   "Http/1.1",
                                   "HTTP /1.1",  "HTTP/ 1.1",
                                   "HTTP/1 .1",  "HTTP/1,1",
                                   "HTTP/a.1",   "HTTP/1.a",
                                   "HTTP/-1.1",  "HTTP\\1.1",
                                   "HTTPS/1.1",  "ICY/1.1",
                                   "RTSP/1.0",   "HTTP/1.1 HTTP/1.1"}) {
    expect_refused(with_line("GET / " + std::string(version)), 400);
  }
}

// ---- Section 3: the request line

TEST(RequestParserTest, Http09HasNoVersionAndIsRefused) {
  expect_refused("GET /\r\n", 400);
  expect_refused("GET / \r\n", 400);
  expect_refused("GET\r\n", 400);
}

TEST(RequestParserTest, TheHttp2PrefaceIs505) {
  expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
}

TEST(RequestParserTest, PartsAreSeparatedByExactlyOneSpace) {
  for (std::string_view line :
       {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1", "GET / HTTP/1.1 ", "GET/HTTP/1.1", "GET /HTTP/1.1", "GET/ HTTP/1.1",
        "GET / / HTTP/1.1", "GET \t/ HTTP/1.1", "\tGET / HTTP/1.1", "GET  HTTP/1.1"}) {
    expect_refused(with_line(line), 400);
  }
}

// RFC 9110 section 9.1: any token, case-sensitive
TEST(RequestParserTest, AnyTokenIsAMethod) {
  for (std::string_view method :
       {"GET", "get", "Get", "A", "BREW", "M-SEARCH", "!#$%&'*+-.^_`|~09azAZ"}) {
    const HeadReading reading = read_all_ways(with_line(std::string(method) + " / HTTP/1.1"));
    EXPECT_TRUE(reading.accepted()) << reading;
    EXPECT_EQ(reading.method, method);
    EXPECT_EQ(reading.method_id == http::Method::get, method == "GET");
  }
}

TEST(RequestParserTest, AMethodThatIsNoTokenIsRefused) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool token = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string::npos);
    // In front of a space, the space that separates method and target is one too many.
    const HeadReading reading = read_all_ways(with_line(std::string("G") + c + "T / HTTP/1.1"));
    EXPECT_EQ(reading.accepted(), token) << byte;
    if (c != '\r' && c != '\n') {
      EXPECT_EQ(read_all_ways(with_line(c + std::string("ET / HTTP/1.1"))).accepted(), token);
    }
  }
}

// A client that speaks TLS to this port waits for an answer: the first byte is enough to say no.
TEST(RequestParserTest, WhatIsNoMethodIsRefusedAtItsFirstByte) {
  for (std::string_view text :
       {"\x16\x03\x01", "\x16", "(", " ", "\x80", "{\"a\":1}", "\r\n\x16"}) {
    expect_refused(std::string(text), 400);
  }
  expect_refused(std::string(1, '\0'), 400);
}

// Section 3.2: no white space, nothing outside of visible ASCII, no fragment
TEST(RequestParserTest, TheTargetIsVisibleAsciiWithoutAFragment) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const HeadReading reading = read_all_ways(with_line(std::string("GET /a") + c + "b HTTP/1.1"));
    const bool good = byte > 0x20 && byte < 0x7f && c != '#';
    EXPECT_EQ(reading.accepted(), good) << byte;
    EXPECT_EQ(reading.refused, good ? 0 : 400) << byte;
    EXPECT_EQ(reading.target, good ? std::string("/a") + c + "b" : "") << byte;
  }
}

TEST(RequestParserTest, PathAndQueryPartAtTheFirstQuestionMark) {
  struct Case {
    std::string_view target, path, query;
  };
  for (const Case& c : {Case{"/", "/", ""}, Case{"/?", "/", ""}, Case{"/a?b?c", "/a", "b?c"},
                        Case{"/??", "/", "?"}, Case{"/a/?x=/y", "/a/", "x=/y"},
                        Case{"//", "//", ""}, Case{"/%3F", "/%3F", ""}, Case{"/..", "/..", ""}}) {
    const HeadReading reading =
        read_all_ways(with_line("GET " + std::string(c.target) + " HTTP/1.1"));
    ASSERT_TRUE(reading.accepted()) << reading;
    EXPECT_EQ(reading.target, c.target);
    EXPECT_EQ(reading.path, c.path);
    EXPECT_EQ(reading.query, c.query);
  }
}

// ---- Section 5: field lines

TEST(RequestParserTest, WhiteSpaceAroundAValueIsDropped) {
  for (std::string_view line : {"A:b c", "A: b c", "A:\tb c", "A:  b c  ", "A:\t \tb c\t \t"}) {
    const HeadReading reading = read_all_ways(with_field(line));
    ASSERT_TRUE(reading.accepted()) << reading;
    EXPECT_EQ(reading.fields.back(), (std::pair<std::string, std::string>("A", "b c")));
  }
  for (std::string_view line : {"A:", "A: ", "A:\t", "A: \t "}) {
    EXPECT_EQ(read_all_ways(with_field(line)).fields.back().second, "") << line;
  }
}

TEST(RequestParserTest, AColonMayStandInAValue) {
  EXPECT_EQ(read_all_ways(with_field("A:b:c::")).fields.back().second, "b:c::");
  EXPECT_EQ(read_all_ways(with_field("A::")).fields.back().second, ":");
}

TEST(RequestParserTest, RepeatedFieldsStayApartAndInOrder) {
  const HeadReading reading = read_all_ways(with_field("A: 1\r\nB: 2\r\na: 3"));
  EXPECT_EQ(reading.fields, (Fields{{"Host", "h"}, {"A", "1"}, {"B", "2"}, {"a", "3"}}));
}

// RFC 9110 section 5.1: names compare without regard to case. What differs by one character is
// another field, which a trick with bits could miss.
TEST(RequestParserTest, KnownFieldsAreRecognisedByTheirWholeNameInAnyCase) {
  const std::pair<std::string_view, http::FieldId> known[] = {
      {"host", http::FieldId::host},
      {"expect", http::FieldId::expect},
      {"upgrade", http::FieldId::upgrade},
      {"connection", http::FieldId::connection},
      {"content-length", http::FieldId::content_length},
      {"transfer-encoding", http::FieldId::transfer_encoding}};
  for (const auto& [name, id] : known) {
    for (size_t at = 0; at < name.size(); ++at) {
      for (int byte = 0x21; byte < 0x7f; ++byte) {
        if (!http::is_token_char(static_cast<unsigned char>(byte))) continue;
        std::string changed(name);
        changed[at] = static_cast<char>(byte);
        RequestParser parser;
        http::RequestHead head;
        ASSERT_EQ(parser.parse("GET / HTTP/1.1\r\n" + changed + ": 1\r\n\r\n", {}, head),
                  ParseStatus::complete);
        ASSERT_EQ(head.fields.size(), 1u);
        const bool same = http::to_lower_ascii(static_cast<char>(byte)) == name[at];
        EXPECT_EQ(head.fields[0].id, same ? id : http::FieldId::other) << changed;
      }
    }
    for (std::string_view wrong : {name.substr(1), name.substr(0, name.size() - 1)}) {
      RequestParser parser;
      http::RequestHead head;
      parser.parse("GET / HTTP/1.1\r\n" + std::string(wrong) + ": 1\r\n\r\n", {}, head);
      EXPECT_EQ(head.fields.at(0).id, http::FieldId::other) << wrong;
    }
  }
}

// Section 5.1: a server MUST reject white space between name and colon with 400
TEST(RequestParserTest, WhiteSpaceBeforeTheColonIsRefused) {
  for (std::string_view line : {"A : b", "A\t: b", "A  :b", "Content-Length : 5", "A b: c"}) {
    expect_refused(with_field(line), 400);
  }
}

TEST(RequestParserTest, AFieldNameIsAToken) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool token = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string::npos);
    const HeadReading reading = read_all_ways(with_field(std::string("A") + c + "B: x"));
    // A colon ends the name early, which is as good.
    EXPECT_EQ(reading.accepted(), token || c == ':') << byte;
    EXPECT_EQ(reading.refused, token || c == ':' ? 0 : 400) << byte;
  }
  expect_refused(with_field(": b"), 400);
  expect_refused(with_field("A"), 400);
  expect_refused(with_field("A; b"), 400);
}

// Section 5.2: obs-fold is refused, as a server may
TEST(RequestParserTest, FoldedLinesAreRefused) {
  expect_refused(with_field("A: b\r\n c"), 400);
  expect_refused(with_field("A: b\r\n\tc"), 400);
  expect_refused(with_field("A: b\r\n "), 400);
  expect_refused(with_field("A:\r\n b: c"), 400);
  expect_refused(with_field("Transfer-Encoding:\r\n chunked"), 400);
}

// RFC 9110 section 5.5: CR, LF and NUL are dangerous, other controls invalid; obs-text is opaque
TEST(RequestParserTest, AValueHasNoControlCharacters) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const HeadReading reading = read_all_ways(with_field(std::string("A: x") + c + "y"));
    const bool good = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    EXPECT_EQ(reading.accepted(), good) << byte;
    EXPECT_EQ(reading.refused, good ? 0 : 400) << byte;
    if (good) {
      EXPECT_EQ(reading.fields.back().second, std::string("x") + c + "y");
    }
  }
}

// ---- Limits

std::string of_size(size_t size) {
  const std::string head = with_field("A: ");
  return head.substr(0, head.size() - 4) + std::string(size - head.size(), 'x') + "\r\n\r\n";
}

TEST(RequestParserTest, AHeadMayBeAsLargeAsTheLimitAndNotLarger) {
  for (uint32_t limit : {64u, 100u, 1024u, 3000u}) {
    const HeadLimits limits{.max_bytes = limit, .max_fields = 10};
    EXPECT_TRUE(read_all_ways(of_size(limit), limits).accepted()) << limit;
    EXPECT_TRUE(read_all_ways(of_size(limit) + "behind", limits).accepted()) << limit;
    EXPECT_EQ(read_all_ways(of_size(limit + 1), limits).refused, 431) << limit;
    EXPECT_EQ(read_all_ways(of_size(limit + 2), limits).refused, 431) << limit;
    EXPECT_EQ(read_all_ways(of_size(limit * 2), limits).refused, 431) << limit;
  }
}

TEST(RequestParserTest, TheDefaultLimitIs16KiB) {
  const HeadLimits limits;
  for (const testing::Cuts& cuts : {testing::Cuts{16384}, testing::Cuts{9000, 16384}}) {
    EXPECT_TRUE(testing::read_head(of_size(16384), cuts, limits).accepted());
  }
  EXPECT_EQ(testing::read_head(of_size(16385), {16385}, limits).refused, 431);
  EXPECT_EQ(testing::read_head(of_size(16385), {16384, 16385}, limits).refused, 431);
}

TEST(RequestParserTest, ARequestLineOverTheLimitIs414) {
  const HeadLimits limits{.max_bytes = 100, .max_fields = 10};
  const std::string frame = "GET  HTTP/1.0\r\n\r\n";
  auto with_target = [&](size_t head_size) {
    return "GET /" + std::string(head_size - frame.size() - 1, 'a') + " HTTP/1.0\r\n\r\n";
  };
  EXPECT_TRUE(read_all_ways(with_target(100), limits).accepted());
  // Its line fits, the empty line does not.
  EXPECT_EQ(read_all_ways(with_target(101), limits).refused, 431);
  EXPECT_EQ(read_all_ways(with_target(102), limits).refused, 431);
  EXPECT_EQ(read_all_ways(with_target(103), limits).refused, 414);
  EXPECT_EQ(read_all_ways("GET /" + std::string(95, 'a'), limits).refused, 414);
  EXPECT_EQ(read_all_ways("GET /" + std::string(94, 'a'), limits).status, ParseStatus::incomplete);
  EXPECT_EQ(read_all_ways("GET /" + std::string(300, 'a'), limits).refused, 414);
}

// What lies behind the limit cannot change the answer: it would not have been read if it had come
// later.
TEST(RequestParserTest, BytesBehindTheLimitAreNotLookedAt) {
  const HeadLimits limits{.max_bytes = 100, .max_fields = 10};
  EXPECT_EQ(read_all_ways("GET /" + std::string(150, 'a') + "\n", limits).refused, 414);
  EXPECT_EQ(read_all_ways("GET /" + std::string(150, 'a') + "\r\r", limits).refused, 414);
  EXPECT_EQ(read_all_ways("GET / HTTP/1.1\r\nA: " + std::string(150, 'a') + "\n", limits).refused,
            431);
  EXPECT_EQ(read_all_ways("GET / HTTP/1.1\r\n" + std::string(90, 'a') + "\r\n", limits).refused,
            431);
}

TEST(RequestParserTest, TheNumberOfFieldsIsLimited) {
  auto with_fields = [](int count) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < count; ++i) text += "A: b\r\n";
    return text + "\r\n";
  };
  const HeadLimits limits{.max_bytes = 1000, .max_fields = 7};
  EXPECT_TRUE(read_all_ways(with_fields(7), limits).accepted());
  EXPECT_EQ(read_all_ways(with_fields(8), limits).refused, 431);
  EXPECT_TRUE(testing::read_head(with_fields(200), {with_fields(200).size()}).accepted());
  EXPECT_EQ(testing::read_head(with_fields(201), {with_fields(201).size()}).refused, 431);
}

TEST(RequestParserTest, EmptyLinesCountForTheLimitToo) {
  const HeadLimits limits{.max_bytes = 100, .max_fields = 10};
  std::string text;
  for (int i = 0; i < 60; ++i) text += "\r\n";
  EXPECT_EQ(read_all_ways(text, limits).refused, 414);
}

}  // namespace
}  // namespace bao::http1
