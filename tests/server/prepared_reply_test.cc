#include "server/prepared_reply.h"

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/validators.h"
#include "http1/request_parser.h"
#include "http1/request_rules.h"

namespace bao::server {
namespace {

/// Keeps what is sent.
struct Sink final : http::Stream {
  void send_reply(http::Exchange&, const http::Reply& reply) override {
    ++replies;
    status = reply.status;
    fields = reply.fields != nullptr ? std::string(reply.fields->lines()) : "";
    body = reply.body;
    shared = reply.body_shared;
    copied_type = reply.content_type;
  }
  void start_body(http::Exchange&) override {}
  void abort(http::Exchange&) override {}
  const net::PeerAddress& peer() const override { return peer_; }
  void set_idle_timeout(std::chrono::milliseconds) override {}

  int replies = 0;
  int status = 0;
  std::string fields;
  std::string body;
  std::string copied_type;
  const std::shared_ptr<const std::string>* shared = nullptr;
  net::PeerAddress peer_;
};

class TestExchange final : public http::Exchange {
 protected:
  void recycle() override {}
};

/// What `reply` answers to a request with those fields (each line with CRLF).
Sink send(const PreparedReply& reply, const std::string& fields = "", const std::string& method = "GET") {
  const std::string head = method + " / HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
  TestExchange exchange;
  http1::RequestParser parser;
  EXPECT_EQ(parser.parse(head, {}, exchange.head), http1::ParseStatus::complete);
  EXPECT_FALSE(http1::apply_request_rules(exchange.head));
  Sink sink;
  exchange.attach(sink);
  reply.send(exchange);
  EXPECT_EQ(sink.replies, 1);
  return sink;
}

std::string etag_of(const PreparedReply& reply) { return std::string(reply.fields().get("ETag").value_or("")); }

TEST(PreparedReply, SendsStatusFieldsTypeAndBody) {
  PreparedReply reply(201, {{"X-A", "1"}}, "text/plain", "hello");
  EXPECT_EQ(reply.status(), 201);
  EXPECT_EQ(reply.body(), "hello");
  Sink sent = send(reply);
  EXPECT_EQ(sent.status, 201);
  EXPECT_EQ(sent.fields, "X-A: 1\r\nContent-Type: text/plain\r\n");
  EXPECT_EQ(sent.body, "hello");
}

TEST(PreparedReply, GivesItsBodyAwayWithoutCopies) {
  PreparedReply reply(200, {}, "", "hello");
  Sink first = send(reply);
  Sink second = send(reply);
  ASSERT_NE(first.shared, nullptr);
  EXPECT_EQ(first.shared, second.shared);
  EXPECT_EQ(**first.shared, "hello");
}

TEST(PreparedReply, AFieldGoesBeforeTheDefaultType) {
  PreparedReply reply(200, {{"content-type", "text/css"}}, "text/plain", "");
  EXPECT_EQ(reply.fields().lines(), "content-type: text/css\r\n");
}

TEST(PreparedReply, WithoutATypeHasNone) {
  EXPECT_EQ(PreparedReply(200, {}, "", "").fields().lines(), "");
}

// RFC 9110 section 8.8.3: one of its own, strong.
TEST(PreparedReply, A200WithABodyGetsAStrongETagOfItsBytes) {
  const std::string etag = etag_of(PreparedReply(200, {}, "text/plain", "hello"));
  EXPECT_EQ(etag, http::make_strong_etag("hello"));
  EXPECT_TRUE(http::is_entity_tag(etag));
  EXPECT_FALSE(etag.starts_with("W/"));
  EXPECT_EQ(etag_of(PreparedReply(200, {{"X", "y"}}, "", "hello")), etag);
  EXPECT_NE(etag_of(PreparedReply(200, {}, "text/plain", "hello!")), etag);
}

TEST(PreparedReply, AnETagOfTheProgramStays) {
  PreparedReply reply(200, {{"etag", "W/\"mine\""}}, "", "hello");
  EXPECT_EQ(reply.fields().lines(), "etag: W/\"mine\"\r\n");
  EXPECT_EQ(send(reply, "If-None-Match: \"mine\"\r\n").status, 304);
}

TEST(PreparedReply, OthersGetNoETag) {
  EXPECT_EQ(etag_of(PreparedReply(200, {}, "", "")), "");
  for (int status : {201, 203, 301, 404, 500}) EXPECT_EQ(etag_of(PreparedReply(status, {}, "", "x")), "");
}

// RFC 9110 section 13.1.2
TEST(PreparedReply, Answers304IfTheClientHasIt) {
  PreparedReply reply(200, {}, "text/plain", "hello");
  const std::string etag = etag_of(reply);
  for (const std::string& list : {etag, "W/" + etag, "\"a\", " + etag, etag + ",\"a\"", std::string("*")}) {
    for (const char* method : {"GET", "HEAD"}) {
      Sink sent = send(reply, "If-None-Match: " + list + "\r\n", method);
      EXPECT_EQ(sent.status, 304) << list;
      EXPECT_EQ(sent.body, "") << list;
    }
  }
}

TEST(PreparedReply, Answers200IfTheClientHasAnother) {
  PreparedReply reply(200, {}, "text/plain", "hello");
  const std::string etag = etag_of(reply);
  for (const std::string& list : {std::string("\"a\""), std::string(""), etag.substr(1, etag.size() - 2), "x" + etag}) {
    EXPECT_EQ(send(reply, "If-None-Match: " + list + "\r\n").status, 200) << list;
  }
}

// RFC 9110 section 5.3: several lines are one list.
TEST(PreparedReply, ReadsEveryLineOfIfNoneMatch) {
  PreparedReply reply(200, {}, "", "hello");
  const std::string etag = etag_of(reply);
  EXPECT_EQ(send(reply, "If-None-Match: \"a\"\r\nIf-None-Match: " + etag + "\r\n").status, 304);
  EXPECT_EQ(send(reply, "If-None-Match: \"a\"\r\nif-none-match: \"b\"\r\n").status, 200);
}

// RFC 9110 section 13.1.2: other methods would need a 412; a reply that was prepared changes nothing, so it is sent.
TEST(PreparedReply, OtherMethodsAreNotConditional) {
  PreparedReply reply(200, {}, "", "hello");
  Sink sent = send(reply, "If-None-Match: " + etag_of(reply) + "\r\n", "POST");
  EXPECT_EQ(sent.status, 200);
  EXPECT_EQ(sent.body, "hello");
}

// RFC 9110 section 13.2.1: conditions hold only for what would be a 200.
TEST(PreparedReply, OtherStatusesAreNotConditional) {
  PreparedReply reply(404, {{"ETag", "\"e\""}}, "", "no");
  EXPECT_EQ(send(reply, "If-None-Match: \"e\"\r\n").status, 404);
  EXPECT_EQ(send(reply, "If-None-Match: *\r\n").status, 404);
}

// RFC 9110 section 15.4.5
TEST(PreparedReply, A304RepeatsTheFieldsButThoseOfTheBody) {
  PreparedReply reply(200,
                      {{"Cache-Control", "max-age=60"},
                       {"Vary", "Accept"},
                       {"Content-Encoding", "gzip"},
                       {"Content-Length", "5"},
                       {"Content-Location", "/x"},
                       {"Expires", "0"},
                       {"Set-Cookie", "a=1"},
                       {"Set-Cookie", "b=2"}},
                      "text/plain", "hello");
  Sink sent = send(reply, "If-None-Match: *\r\n");
  EXPECT_EQ(sent.fields,
            "Cache-Control: max-age=60\r\nVary: Accept\r\nContent-Location: /x\r\nExpires: 0\r\n"
            "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nETag: " +
                etag_of(reply) + "\r\n");
  EXPECT_EQ(sent.copied_type, "");
}

}  // namespace
}  // namespace bao::server
