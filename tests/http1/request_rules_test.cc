#include "http1/request_rules.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http1/read_all_ways.h"

namespace bao::http1 {
namespace {

using testing::HeadReading;
using testing::read_all_ways;

HeadReading with_line(std::string_view line) {
  return read_all_ways(std::string(line) + "\r\nHost: h\r\n\r\n");
}

HeadReading with_fields(std::string_view lines, std::string_view version = "1.1") {
  return read_all_ways("POST / HTTP/" + std::string(version) + "\r\nHost: h\r\n" +
                       std::string(lines) + "\r\n\r\n");
}

HeadReading with_host_lines(std::string_view lines, std::string_view version = "1.1",
                            std::string_view target = "/") {
  return read_all_ways("GET " + std::string(target) + " HTTP/" + std::string(version) + "\r\n" +
                       std::string(lines) + "\r\n");
}

void expect_refused(const HeadReading& reading, int status) {
  EXPECT_EQ(reading.refused, status) << reading;
  EXPECT_TRUE(reading.by_rules) << reading;
  EXPECT_FALSE(reading.reason.empty());
}

// ---- RFC 9112 section 3.2, RFC 9110 section 7.2: Host

TEST(RequestRulesTest, A11RequestNeedsExactlyOneHost) {
  EXPECT_TRUE(with_host_lines("Host: h\r\n").accepted());
  EXPECT_TRUE(with_host_lines("hOsT: h\r\n").accepted());
  expect_refused(with_host_lines(""), 400);
  expect_refused(with_host_lines("X-Host: h\r\n"), 400);
  expect_refused(with_host_lines("Host: h\r\nHost: h\r\n"), 400);
  expect_refused(with_host_lines("Host: h\r\nA: b\r\nhost: i\r\n"), 400);
  expect_refused(with_host_lines("Host: h\r\nHost:\r\n"), 400);
}

TEST(RequestRulesTest, A10RequestNeedsNoHostAndMayNotHaveTwo) {
  EXPECT_TRUE(with_host_lines("", "1.0").accepted());
  EXPECT_EQ(with_host_lines("", "1.0").authority, "");
  EXPECT_EQ(with_host_lines("Host: h\r\n", "1.0").authority, "h");
  expect_refused(with_host_lines("Host: h\r\nHost: h\r\n", "1.0"), 400);
}

TEST(RequestRulesTest, HostMayBeEmpty) {
  const HeadReading reading = with_host_lines("Host:\r\n");
  EXPECT_TRUE(reading.accepted()) << reading;
  EXPECT_EQ(reading.authority, "");
}

TEST(RequestRulesTest, ValidHostsAreTheAuthority) {
  for (std::string_view host :
       {"example.com", "example.com:80", "EXAMPLE.com:", "127.0.0.1:65535", "[::1]", "[::1]:8080",
        "a_b", "xn--bcher-kva.ch", "[v1.x]", "a%20b", "h:0", "a,b;c"}) {
    const HeadReading reading = with_host_lines("Host: \t" + std::string(host) + " \r\n");
    EXPECT_TRUE(reading.accepted()) << host;
    EXPECT_EQ(reading.authority, host);
  }
}

TEST(RequestRulesTest, InvalidHostsAreRefused) {
  for (std::string_view host :
       {"a b", "a/b",   "http://a", "user@a", "a:b",  "a:1:2",       "a:-1", "a:65536",
        ":80", "[::1",  "::1",      "[::1]x", "[]",   "[:::1]",      "a\\b", "a?b",
        "a#b", "\"a\"", "a;b\tc",   "a%2",    "a<b>", "caf\xc3\xa9", "a\x80"}) {
    expect_refused(with_host_lines("Host: " + std::string(host) + "\r\n"), 400);
  }
}

// ---- Sections 3.2.1 to 3.2.4: the forms of a target

TEST(RequestRulesTest, OriginForm) {
  const HeadReading reading = with_line("GET /where?q=now HTTP/1.1");
  EXPECT_EQ(reading.path, "/where");
  EXPECT_EQ(reading.query, "q=now");
  EXPECT_EQ(reading.authority, "h");
}

TEST(RequestRulesTest, AbsoluteForm) {
  struct Case {
    std::string_view target, authority, path, query;
  };
  for (const Case& c :
       {Case{"http://a.b/c?d", "a.b", "/c", "d"}, Case{"HTTP://A.B/", "A.B", "/", ""},
        Case{"HTTP://a:8443/x/y", "a:8443", "/x/y", ""}, Case{"http://a", "a", "/", ""},
        Case{"http://a?q", "a", "/", "q"}, Case{"http://a:80?", "a:80", "/", ""},
        Case{"http://[::1]:3000/p?q?r", "[::1]:3000", "/p", "q?r"},
        Case{"http://a//b", "a", "//b", ""}, Case{"http://a/http://b/", "a", "/http://b/", ""}}) {
    const HeadReading reading = with_line("GET " + std::string(c.target) + " HTTP/1.1");
    ASSERT_TRUE(reading.accepted()) << c.target << " " << reading;
    EXPECT_EQ(reading.target, c.target);
    EXPECT_EQ(reading.authority, c.authority) << c.target;
    EXPECT_EQ(reading.path, c.path) << c.target;
    EXPECT_EQ(reading.query, c.query) << c.target;
  }
}

// RFC 9110 section 7.4: a program must not take it for a request that came over TLS
TEST(RequestRulesTest, AnHttpsUrlWithoutTlsIsMisdirected) {
  for (std::string_view target : {"https://a/", "HTTPS://a:8443/x", "https://a"}) {
    expect_refused(with_line("GET " + std::string(target) + " HTTP/1.1"), 421);
  }
  expect_refused(with_line("GET https:///x HTTP/1.1"), 400);
}

// Section 3.2.2: the target's host replaces the Host field, which must be there and valid
// nonetheless
TEST(RequestRulesTest, AnAbsoluteTargetOverrulesHost) {
  const HeadReading reading = with_host_lines("Host: other\r\n", "1.1", "http://real/");
  EXPECT_TRUE(reading.accepted());
  EXPECT_EQ(reading.authority, "real");
  expect_refused(with_host_lines("", "1.1", "http://real/"), 400);
  expect_refused(with_host_lines("Host: a b\r\n", "1.1", "http://real/"), 400);
  expect_refused(with_host_lines("Host: a\r\nHost: b\r\n", "1.1", "http://real/"), 400);
  EXPECT_EQ(with_host_lines("", "1.0", "http://real/").authority, "real");
}

TEST(RequestRulesTest, OtherTargetsAreRefused) {
  for (std::string_view target : {"a",
                                  "a/b",
                                  "?q",
                                  "ftp://a/",
                                  "http:/a",
                                  "http:a",
                                  "http://",
                                  "http:///p",
                                  "http://:80/",
                                  "http://u@a/",
                                  "http://u:p@a/",
                                  "http://a:b/",
                                  "http://a:99999/",
                                  "http://[::1/",
                                  "://a/",
                                  "mailto:a@b",
                                  "a.b:80",
                                  "**",
                                  "*/",
                                  "/a#b",
                                  "http://a b/"}) {
    const HeadReading reading = with_line("GET " + std::string(target) + " HTTP/1.1");
    EXPECT_EQ(reading.refused, 400) << target;
  }
}

// Section 3.2.3
TEST(RequestRulesTest, ConnectNeedsAnAuthorityAndIsNotImplemented) {
  expect_refused(with_line("CONNECT a.b:443 HTTP/1.1"), 501);
  expect_refused(with_line("CONNECT [::1]:443 HTTP/1.1"), 501);
  for (std::string_view target : {"/", "a.b", "a.b:", ":443", "http://a.b:443/", "*", "a.b:x"}) {
    expect_refused(with_line("CONNECT " + std::string(target) + " HTTP/1.1"), 400);
  }
  // Methods are case-sensitive: this is another one, whose target must be a path or a URL.
  expect_refused(with_line("connect a.b:443 HTTP/1.1"), 400);
}

// Section 3.2.4
TEST(RequestRulesTest, OnlyOptionsMayHaveTheAsterisk) {
  const HeadReading reading = with_line("OPTIONS * HTTP/1.1");
  EXPECT_TRUE(reading.accepted());
  EXPECT_EQ(reading.path, "*");
  EXPECT_EQ(reading.query, "");
  EXPECT_EQ(reading.authority, "h");
  expect_refused(with_line("GET * HTTP/1.1"), 400);
  expect_refused(with_line("options * HTTP/1.1"), 400);
  expect_refused(with_line("OPTIONS *?a HTTP/1.1"), 400);
}

// ---- RFC 9110 section 8.6, RFC 9112 section 6.3: Content-Length

TEST(RequestRulesTest, ContentLengthIsDigits) {
  EXPECT_EQ(with_fields("Content-Length: 0").content_length, 0u);
  EXPECT_EQ(with_fields("Content-Length: 5").content_length, 5u);
  EXPECT_EQ(with_fields("content-length:\t0012 ").content_length, 12u);
  EXPECT_EQ(with_fields("A: b").content_length, 0u);
  EXPECT_EQ(with_fields("Content-Length: 1844674407370955160").content_length,
            1844674407370955160u);
  for (std::string_view value :
       {"",   "-1", "+1",   "0x5", "5a",  "a5",  "5.0",      "5 5",  "5;", "1e3", "\"5\"",
        "5,", ",5", "5,,5", "5, ", "5,a", "a,5", "\xd9\xa5", "5\t5", ",",  "5 ,"}) {
    expect_refused(with_fields("Content-Length: " + std::string(value)), 400);
  }
}

// Whatever 64 bits cannot hold must not come around to something small.
TEST(RequestRulesTest, HugeContentLengthsStayHuge) {
  for (std::string_view value :
       {"18446744073709551615", "18446744073709551616", "18446744073709551621",
        "36893488147419103237", "99999999999999999999999999999999999999999",
        "340282366920938463463374607431768211461"}) {
    const HeadReading reading = with_fields("Content-Length: " + std::string(value));
    EXPECT_TRUE(reading.accepted()) << reading;
    EXPECT_GT(reading.content_length, uint64_t{1} << 63) << value;
  }
}

// Section 6.3, rule 5: unequal values are unrecoverable, equal ones may be taken as one
TEST(RequestRulesTest, SeveralContentLengthsMustBeEqual) {
  EXPECT_EQ(with_fields("Content-Length: 5\r\nContent-Length: 5").content_length, 5u);
  EXPECT_EQ(with_fields("Content-Length: 5, 5").content_length, 5u);
  EXPECT_EQ(with_fields("Content-Length: 5 ,\t5,5\r\nContent-Length: 5").content_length, 5u);
  expect_refused(with_fields("Content-Length: 5\r\nContent-Length: 6"), 400);
  expect_refused(with_fields("Content-Length: 5, 6"), 400);
  expect_refused(with_fields("Content-Length: 5, 5\r\nContent-Length: 6"), 400);
  expect_refused(with_fields("Content-Length: 0\r\nContent-Length: 5"), 400);
  expect_refused(with_fields("Content-Length: 5\r\nContent-Length:"), 400);
  expect_refused(with_fields("Content-Length: 5\r\nContent-Length: x"), 400);
}

// ---- Sections 6.1 and 6.3: Transfer-Encoding

TEST(RequestRulesTest, ExactlyChunkedIsUnderstood) {
  for (std::string_view value : {"chunked", "Chunked", "CHUNKED", "\tchunked \t"}) {
    const HeadReading reading = with_fields("Transfer-Encoding: " + std::string(value));
    EXPECT_TRUE(reading.accepted()) << reading;
    EXPECT_TRUE(reading.chunked);
  }
  EXPECT_FALSE(with_fields("A: b").chunked);
  EXPECT_FALSE(with_fields("TE: chunked").chunked);
}

TEST(RequestRulesTest, OtherUsesOfChunkedLeaveTheLengthUnknown) {
  for (std::string_view value : {"",
                                 "chunked, chunked",
                                 "chunked, identity",
                                 "chunked, gzip",
                                 "chunked,",
                                 ",chunked",
                                 "chunked;a=b",
                                 "chunked; a",
                                 "\"chunked\"",
                                 "chunked chunked",
                                 "chunked\tx",
                                 "chun ked",
                                 "identity",
                                 "gzip",
                                 "gzip, deflate",
                                 "x;chunked",
                                 "chunked, x",
                                 "{chunked}",
                                 "gzip chunked",
                                 "chunked, gzip, chunked"}) {
    expect_refused(with_fields("Transfer-Encoding: " + std::string(value)), 400);
  }
}

// Section 6.1: a coding that is not understood SHOULD be answered with 501
TEST(RequestRulesTest, UnknownCodingsAre501) {
  for (std::string_view value : {"xchunked", "'chunked", "chunkedd", "foo", "gzip, chunked",
                                 "foo, chunked", "gzip, deflate, chunked", "foo, bar"}) {
    expect_refused(with_fields("Transfer-Encoding: " + std::string(value)), 501);
  }
}

TEST(RequestRulesTest, TwoTransferEncodingFieldsAreRefused) {
  expect_refused(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400);
  expect_refused(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 400);
  expect_refused(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding:"), 400);
  EXPECT_NE(with_fields("Transfer-Encoding: foo\r\nTransfer-Encoding: chunked").refused, 0);
}

// Section 6.3, rule 3: a server MAY reject a message with both
TEST(RequestRulesTest, TransferEncodingAndContentLengthExcludeEachOther) {
  expect_refused(with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400);
  expect_refused(with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400);
  expect_refused(with_fields("Content-Length: 0\r\nTransfer-Encoding: chunked"), 400);
}

// Section 6.1: a 1.0 message with Transfer-Encoding has faulty framing
TEST(RequestRulesTest, TransferEncodingIn10IsRefused) {
  expect_refused(with_fields("Transfer-Encoding: chunked", "1.0"), 400);
  expect_refused(with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5", "1.0"), 400);
}

// ---- Sections 9.3 and 9.6: persistence

TEST(RequestRulesTest, PersistenceByVersionAndConnection) {
  EXPECT_TRUE(with_fields("A: b").keep_alive);
  EXPECT_FALSE(with_fields("A: b", "1.0").keep_alive);
  EXPECT_FALSE(with_fields("Connection: close").keep_alive);
  EXPECT_FALSE(with_fields("Connection: close", "1.0").keep_alive);
  EXPECT_TRUE(with_fields("Connection: keep-alive").keep_alive);
  EXPECT_TRUE(with_fields("Connection: keep-alive", "1.0").keep_alive);
  EXPECT_TRUE(with_fields("Connection: keep-alive", "1.5").keep_alive);
}

TEST(RequestRulesTest, ConnectionIsAListOfOptionsWithoutRegardToCase) {
  EXPECT_FALSE(with_fields("Connection: foo, Close ,bar").keep_alive);
  EXPECT_FALSE(with_fields("Connection: foo\r\nConnection: CLOSE").keep_alive);
  EXPECT_TRUE(with_fields("Connection: x, Keep-Alive", "1.0").keep_alive);
  EXPECT_TRUE(with_fields("Connection: closed, close-not, \"close\"").keep_alive);
  EXPECT_TRUE(with_fields("Connection:").keep_alive);
  EXPECT_TRUE(with_fields("X-Connection: close").keep_alive);
}

TEST(RequestRulesTest, CloseWinsOverKeepAlive) {
  EXPECT_FALSE(with_fields("Connection: keep-alive, close").keep_alive);
  EXPECT_FALSE(with_fields("Connection: close\r\nConnection: keep-alive", "1.0").keep_alive);
}

// ---- RFC 9110 section 10.1.1: Expect

TEST(RequestRulesTest, ExpectContinueCountsOnlyWithABodyAnd11) {
  EXPECT_TRUE(with_fields("Expect: 100-continue\r\nContent-Length: 5").expects_continue);
  EXPECT_TRUE(with_fields("expect: 100-Continue\r\nTransfer-Encoding: chunked").expects_continue);
  EXPECT_FALSE(with_fields("Expect: 100-continue").expects_continue);
  EXPECT_FALSE(with_fields("Expect: 100-continue\r\nContent-Length: 0").expects_continue);
  const HeadReading old = with_fields("Expect: 100-continue\r\nContent-Length: 5", "1.0");
  EXPECT_TRUE(old.accepted()) << "a 1.0 request's expectation is ignored";
  EXPECT_FALSE(old.expects_continue);
}

TEST(RequestRulesTest, OtherExpectationsAre417) {
  for (std::string_view value : {"foo", "100-continued", "100-continue; q=1", "", "100"}) {
    expect_refused(with_fields("Expect: " + std::string(value)), 417);
  }
}

// ---- RFC 9110 section 9.3.8

TEST(RequestRulesTest, TraceHasNoBody) {
  const auto trace = [](std::string_view lines) {
    return read_all_ways("TRACE / HTTP/1.1\r\nHost: h\r\n" + std::string(lines) + "\r\n");
  };
  EXPECT_TRUE(trace("").accepted());
  EXPECT_TRUE(trace("Content-Length: 0\r\n").accepted());
  expect_refused(trace("Content-Length: 1\r\n"), 400);
  expect_refused(trace("Transfer-Encoding: chunked\r\n"), 400);
}

// ---- All together: what smugglers try must never be accepted

TEST(RequestRulesTest, SmugglingHeadsAreRefused) {
  for (std::string_view lines :
       {"Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding: \x0b"
        "chunked",
        "Transfer-Encoding: chunked\x0c",
        "Transfer-Encoding:\xa0"
        "chunked",
        "Transfer-Encoding\x00: chunked", "X: y\rTransfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked", "Transfer-Encoding\r\n : chunked",
        "Transfer-Encoding: chunked\r\n , identity", "Transfer-Encoding: x, chunked",
        "Transfer-Encoding: chunked, cow", "Content-Length: 5\r\nContent-Length : 6",
        "Content-Length: 5\r\n6", "Content-Length\xff: 5", "(Content-Length): 5",
        "Content-Length: 5\r\nTransfer-Encoding: \"chunked\"", "Content-Length: 5\r\n\tX: y"}) {
    const HeadReading reading = with_fields(lines);
    EXPECT_NE(reading.refused, 0) << lines;
  }
}

// ---- For faces that answer them

TEST(RequestRulesTest, ConnectAndExpectationsMayBeLeftToHandlers) {
  const auto judge = [](std::string_view text) {
    http::RequestHead head;
    RequestParser parser;
    EXPECT_EQ(parser.parse(text, HeadLimits(), head), ParseStatus::complete);
    const Refusal refusal = apply_request_rules(head, false, true);
    if (!refusal) {
      EXPECT_EQ(head.path(), "/");
    }
    return refusal ? refusal.status : 0;
  };
  EXPECT_EQ(judge("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n"), 0);
  EXPECT_EQ(judge("CONNECT /a HTTP/1.1\r\nHost: a.b\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: h\r\nExpect: something\r\n\r\n"), 0);
}

}  // namespace
}  // namespace bao::http1
