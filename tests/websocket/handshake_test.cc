#include "websocket/handshake.h"

#include <gtest/gtest.h>
#include <string>

#include "http1/request_parser.h"
#include "http1/request_rules.h"

namespace bao::websocket {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

// A request's head with these field lines beside Host, judged by the handshake.
class Handshake : public ::testing::Test {
 protected:
  HandshakeFault check(const std::string& fields, const std::string& line = "GET /chat HTTP/1.1") {
    text_ = line + "\r\nHost: server.example.com\r\n" + fields + "\r\n";
    head_.clear();
    http1::RequestParser parser;
    EXPECT_EQ(parser.parse(text_, {}, head_), http1::ParseStatus::complete) << text_;
    EXPECT_FALSE(http1::apply_request_rules(head_)) << text_;
    return check_handshake(head_);
  }
  static std::string fields(std::string_view upgrade, std::string_view connection,
                            std::string_view key, std::string_view version) {
    std::string text;
    for (const auto& [name, value] : {std::pair{"Upgrade", upgrade},
                                      {"Connection", connection},
                                      {"Sec-WebSocket-Key", key},
                                      {"Sec-WebSocket-Version", version}}) {
      if (value != "-") text += std::string(name) + ": " + std::string(value) + "\r\n";
    }
    return text;
  }

  std::string text_;
  http::RequestHead head_;
};

// RFC 6455 section 1.3.
TEST_F(Handshake, AcceptValueOfTheRfc) {
  const auto value = accept_value(kKey);
  EXPECT_EQ(std::string_view(value.data(), value.size()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_F(Handshake, ExampleOfTheRfcIsRight) {
  EXPECT_EQ(check(fields("websocket", "Upgrade", kKey, "13") +
                  "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n"),
            HandshakeFault::none);
}

// RFC 6455 section 4.2.1: tokens compare without regard to case, among others.
TEST_F(Handshake, TokensInListsAndInAnyCase) {
  EXPECT_EQ(check(fields("WebSocket", "keep-alive, UPGRADE", kKey, "13")), HandshakeFault::none);
  EXPECT_EQ(check(fields("h2c, websocket", "upgrade", kKey, "13")), HandshakeFault::none);
  EXPECT_EQ(check("Connection: keep-alive\r\n" + fields("websocket", "Upgrade", kKey, "13")),
            HandshakeFault::none);
  EXPECT_EQ(check("Upgrade: h2c\r\n" + fields("websocket", "Upgrade", kKey, "13")),
            HandshakeFault::none);
}

// Item 1 of section 4.2.1: GET, HTTP/1.1 or higher.
TEST_F(Handshake, MethodAndVersion) {
  const std::string right = fields("websocket", "Upgrade", kKey, "13");
  EXPECT_EQ(check(right, "POST /chat HTTP/1.1"), HandshakeFault::method);
  EXPECT_EQ(check(right, "HEAD /chat HTTP/1.1"), HandshakeFault::method);
  EXPECT_EQ(check(right, "get /chat HTTP/1.1"), HandshakeFault::method);
  EXPECT_EQ(check(right, "GET /chat HTTP/1.0"), HandshakeFault::version);
}

// Items 3 and 4.
TEST_F(Handshake, UpgradeAndConnection) {
  EXPECT_EQ(check(fields("-", "Upgrade", kKey, "13")), HandshakeFault::upgrade);
  EXPECT_EQ(check(fields("web socket", "Upgrade", kKey, "13")), HandshakeFault::upgrade);
  EXPECT_EQ(check(fields("websocket2", "Upgrade", kKey, "13")), HandshakeFault::upgrade);
  EXPECT_EQ(check(fields("websocket", "-", kKey, "13")), HandshakeFault::connection);
  EXPECT_EQ(check(fields("websocket", "keep-alive", kKey, "13")), HandshakeFault::connection);
  EXPECT_EQ(check(fields("websocket", "upgraded", kKey, "13")), HandshakeFault::connection);
}

// Item 5: base64 of 16 bytes, once.
TEST_F(Handshake, Key) {
  EXPECT_EQ(check(fields("websocket", "Upgrade", "-", "13")), HandshakeFault::key);
  EXPECT_EQ(check(fields("websocket", "Upgrade", "", "13")), HandshakeFault::key);
  EXPECT_EQ(check(fields("websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ", "13")),
            HandshakeFault::key);
  EXPECT_EQ(check(fields("websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ=", "13")),
            HandshakeFault::key);
  EXPECT_EQ(check(fields("websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQAA", "13")),
            HandshakeFault::key);
  EXPECT_EQ(check(fields("websocket", "Upgrade", "dGhlIHNhbXBs-SBub25jZQ==", "13")),
            HandshakeFault::key);
  EXPECT_EQ(check(fields("websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZSE=", "13")),
            HandshakeFault::key)
      << "17 bytes";
  const std::string twice = "Sec-WebSocket-Key: " + std::string(kKey) + "\r\n";
  EXPECT_EQ(check(twice + fields("websocket", "Upgrade", kKey, "13")), HandshakeFault::key);
}

TEST_F(Handshake, EmptyFieldCountsAsOne) {
  EXPECT_EQ(check("Sec-WebSocket-Key:\r\n" + fields("websocket", "Upgrade", kKey, "13")),
            HandshakeFault::key);
  EXPECT_EQ(check("Sec-WebSocket-Version:\r\n" + fields("websocket", "Upgrade", kKey, "13")),
            HandshakeFault::protocol_version);
}

// Item 6 and section 4.4.
TEST_F(Handshake, ProtocolVersion) {
  for (const char* version : {"-", "", "12", "8", "0", "14", "013", "13, 8", "abc"}) {
    EXPECT_EQ(check(fields("websocket", "Upgrade", kKey, version)),
              HandshakeFault::protocol_version)
        << version;
  }
  EXPECT_EQ(check("Sec-WebSocket-Version: 13\r\n" + fields("websocket", "Upgrade", kKey, "13")),
            HandshakeFault::protocol_version);
  EXPECT_EQ(check(fields("websocket", "Upgrade", "short", "12")), HandshakeFault::key)
      << "the version is told only when all else is right";
}

// Bytes of a body would be taken for frames, or the other way round.
TEST_F(Handshake, RequestWithABody) {
  const std::string right = fields("websocket", "Upgrade", kKey, "13");
  EXPECT_EQ(check(right + "Content-Length: 5\r\n"), HandshakeFault::body);
  EXPECT_EQ(check(right + "Transfer-Encoding: chunked\r\n"), HandshakeFault::body);
  EXPECT_EQ(check(right + "Content-Length: 0\r\n"), HandshakeFault::none);
}

TEST_F(Handshake, FaultsAreDescribed) {
  using enum HandshakeFault;
  EXPECT_NE(describe(method).find("GET"), std::string_view::npos);
  EXPECT_NE(describe(version).find("HTTP/1.1"), std::string_view::npos);
  EXPECT_NE(describe(upgrade).find("Upgrade"), std::string_view::npos);
  EXPECT_NE(describe(connection).find("Connection"), std::string_view::npos);
  EXPECT_NE(describe(body).find("body"), std::string_view::npos);
  EXPECT_NE(describe(key).find("Sec-WebSocket-Key"), std::string_view::npos);
  EXPECT_NE(describe(protocol_version).find("13"), std::string_view::npos);
  EXPECT_NE(describe(none).find("right"), std::string_view::npos);
}

TEST_F(Handshake, JoinedField) {
  check(fields("websocket", "Upgrade", kKey, "13") +
        "Sec-WebSocket-Extensions: a\r\nsec-websocket-extensions: b; c\r\n");
  EXPECT_EQ(joined_field(head_, "Sec-WebSocket-Extensions"), "a, b; c");
  EXPECT_EQ(joined_field(head_, "Sec-WebSocket-Protocol"), "");
}

}  // namespace
}  // namespace bao::websocket
