#include "server/prepared_reply.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>

#include "http/validators.h"
#include "server/server_world.h"

namespace bao::server {
namespace {

/// What a route with that reply answers to a request with those fields.
LocalReply send(PreparedReply reply, const Fields& fields = {}, std::string_view method = "GET") {
  testing::World world(testing::TableMaker().prepared("/", std::move(reply)).make());
  return world.request(method, "/", fields).value();
}

std::string etag_of(const PreparedReply& reply) {
  return std::string(reply.fields().get("ETag").value_or(""));
}

TEST(PreparedReply, SendsStatusFieldsTypeAndBody) {
  PreparedReply reply(201, {{"X-A", "1"}}, "text/plain", "hello");
  EXPECT_EQ(reply.status(), 201);
  EXPECT_EQ(reply.body(), "hello");
  LocalReply sent = send(reply);
  EXPECT_EQ(sent.status, 201);
  EXPECT_EQ(sent.fields.lines(), "X-A: 1\r\nContent-Type: text/plain\r\n");
  EXPECT_EQ(sent.body, "hello");
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
  EXPECT_EQ(send(reply, {{"If-None-Match", "\"mine\""}}).status, 304);
}

TEST(PreparedReply, OthersGetNoETag) {
  EXPECT_EQ(etag_of(PreparedReply(200, {}, "", "")), "");
  for (int status : {201, 203, 301, 404, 500})
    EXPECT_EQ(etag_of(PreparedReply(status, {}, "", "x")), "");
}

// RFC 9110 section 13.1.2
TEST(PreparedReply, Answers304IfTheClientHasIt) {
  PreparedReply reply(200, {}, "text/plain", "hello");
  const std::string etag = etag_of(reply);
  for (const std::string& list :
       {etag, "W/" + etag, "\"a\", " + etag, etag + ",\"a\"", std::string("*")}) {
    for (const char* method : {"GET", "HEAD"}) {
      LocalReply sent = send(reply, {{"If-None-Match", list}}, method);
      EXPECT_EQ(sent.status, 304) << list;
      EXPECT_EQ(sent.body, "") << list;
    }
  }
}

TEST(PreparedReply, Answers200IfTheClientHasAnother) {
  PreparedReply reply(200, {}, "text/plain", "hello");
  const std::string etag = etag_of(reply);
  for (const std::string& list :
       {std::string("\"a\""), std::string(""), etag.substr(1, etag.size() - 2), "x" + etag}) {
    EXPECT_EQ(send(reply, {{"If-None-Match", list}}).status, 200) << list;
  }
}

// RFC 9110 section 5.3: several lines are one list.
TEST(PreparedReply, ReadsEveryLineOfIfNoneMatch) {
  PreparedReply reply(200, {}, "", "hello");
  const std::string etag = etag_of(reply);
  EXPECT_EQ(send(reply, {{"If-None-Match", "\"a\""}, {"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(send(reply, {{"If-None-Match", "\"a\""}, {"if-none-match", "\"b\""}}).status, 200);
}

// RFC 9110 section 13.1.2: other methods would need a 412; a reply that was prepared changes
// nothing, so it is sent.
TEST(PreparedReply, OtherMethodsAreNotConditional) {
  PreparedReply reply(200, {}, "", "hello");
  LocalReply sent = send(reply, {{"If-None-Match", etag_of(reply)}}, "POST");
  EXPECT_EQ(sent.status, 200);
  EXPECT_EQ(sent.body, "hello");
}

// RFC 9110 section 13.2.1: conditions hold only for what would be a 200.
TEST(PreparedReply, OtherStatusesAreNotConditional) {
  PreparedReply reply(404, {{"ETag", "\"e\""}}, "", "no");
  EXPECT_EQ(send(reply, {{"If-None-Match", "\"e\""}}).status, 404);
  EXPECT_EQ(send(reply, {{"If-None-Match", "*"}}).status, 404);
}

// RFC 9110 section 13.1.3, and 13.2.2: an entity tag makes the date count for nothing.
TEST(PreparedReply, AGetAfterTheDateOfModificationIsNotModified) {
  constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
  const PreparedReply reply(200, {{"Last-Modified", kDate}}, "", "hello");
  EXPECT_EQ(send(reply, {{"If-Modified-Since", kDate}}).status, 304);
  EXPECT_EQ(send(reply, {{"if-modified-since", "Sun, 06 Nov 1994 08:49:38 GMT"}}).status, 304);
  EXPECT_EQ(send(reply, {{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 200);
  EXPECT_EQ(send(reply, {{"If-Modified-Since", "yesterday"}}).status, 200);
  EXPECT_EQ(send(reply, {{"If-Modified-Since", kDate}, {"If-None-Match", "\"x\""}}).status, 200);
  EXPECT_EQ(send(reply, {{"If-Modified-Since", kDate}}, "POST").status, 200);
  const PreparedReply undated(200, {}, "", "hello");
  EXPECT_EQ(send(undated, {{"If-Modified-Since", kDate}}).status, 200);
  EXPECT_EQ(send(undated, {{"If-Unmodified-Since", kDate}}).status, 200);
  const PreparedReply odd(200, {{"Last-Modified", "yesterday"}}, "", "hello");
  EXPECT_EQ(send(odd, {{"If-Modified-Since", kDate}}).status, 200);
}

// RFC 9110 sections 13.1.1 and 13.1.4
TEST(PreparedReply, AConditionThatFailsIs412) {
  const PreparedReply reply(200, {{"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}}, "", "hello");
  LocalReply sent = send(reply, {{"If-Match", "\"another\""}});
  EXPECT_EQ(sent.status, 412);
  EXPECT_EQ(sent.body, "");
  EXPECT_EQ(send(reply, {{"If-Match", etag_of(reply)}}).status, 200);
  EXPECT_EQ(send(reply, {{"If-Match", "*"}}).status, 200);
  EXPECT_EQ(send(reply, {{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 412);
  EXPECT_EQ(send(reply, {{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status, 200);
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
  LocalReply sent = send(reply, {{"If-None-Match", "*"}});
  EXPECT_EQ(sent.fields.lines(),
            "Cache-Control: max-age=60\r\nVary: Accept\r\nContent-Location: /x\r\nExpires: 0\r\n"
            "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nETag: " +
                etag_of(reply) + "\r\n");
}

}  // namespace
}  // namespace bao::server
