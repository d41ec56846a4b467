#include "http1/reply_writer.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http/status.h"

namespace bao::http1 {
namespace {

constexpr std::string_view kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string head_of(const http::Reply& reply, const ReplyFraming& framing = {}) {
  OutputBuffer out;
  write_reply_head(out, reply, framing, kDate);
  return std::string(out.view());
}

http::Reply with_fields(const Fields& fields, std::string_view body = {}, int status = 200) {
  http::Reply reply;
  reply.status = status;
  reply.fields = &fields;
  reply.body = body;
  return reply;
}

http::Reply with_status(int status, std::string_view body = {}) {
  http::Reply reply;
  reply.status = status;
  reply.body = body;
  return reply;
}

bool has_field(const std::string& head, std::string_view name) {
  return head.find("\r\n" + std::string(name) + ":") != std::string::npos;
}

// ---- RFC 9112 section 4: the status line

TEST(ReplyWriterTest, AReplyIsStatusLineFieldsAndFraming) {
  EXPECT_EQ(head_of(with_status(200, "hello")),
            "HTTP/1.1 200 OK\r\n" + std::string(kDate) + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(head_of(with_status(404)),
            "HTTP/1.1 404 Not Found\r\n" + std::string(kDate) + "Content-Length: 0\r\n\r\n");
}

// The space behind the code stays even if there is no phrase.
TEST(ReplyWriterTest, UnknownStatusesHaveNoReasonPhrase) {
  EXPECT_TRUE(head_of(with_status(299)).starts_with("HTTP/1.1 299 \r\n"));
  EXPECT_TRUE(head_of(with_status(599)).starts_with("HTTP/1.1 599 \r\n"));
}

// Section 2.3: a server answers a 1.0 request with its own version
TEST(ReplyWriterTest, TheVersionIsAlwaysOurs) {
  EXPECT_TRUE(head_of(with_status(200), {.http_1_0 = true}).starts_with("HTTP/1.1 200 OK\r\n"));
}

// ---- Fields

TEST(ReplyWriterTest, TheProgramsFieldsStayAsTheyAre) {
  const Fields fields{{"X-One", "1"}, {"set-cookie", "a=b"}, {"Set-Cookie", "c=d"}, {"Empty", ""}};
  EXPECT_EQ(head_of(with_fields(fields)),
            "HTTP/1.1 200 OK\r\nX-One: 1\r\nset-cookie: a=b\r\nSet-Cookie: c=d\r\nEmpty: \r\n" +
                std::string(kDate) + "Content-Length: 0\r\n\r\n");
}

TEST(ReplyWriterTest, TheContentTypeIsADefault) {
  http::Reply reply = with_status(200, "x");
  reply.content_type = "text/plain";
  EXPECT_TRUE(has_field(head_of(reply), "Content-Type"));
  const Fields other{{"A", "b"}};
  reply.fields = &other;
  EXPECT_NE(head_of(reply).find("Content-Type: text/plain\r\n"), std::string::npos);
  const Fields own{{"content-TYPE", "image/png"}};
  reply.fields = &own;
  EXPECT_NE(head_of(reply).find("content-TYPE: image/png\r\n"), std::string::npos);
  EXPECT_EQ(head_of(reply).find("text/plain"), std::string::npos);
}

// RFC 9110 section 6.6.1
TEST(ReplyWriterTest, TheProgramsDateStands) {
  const Fields fields{{"date", "Mon, 01 Jan 2001 00:00:00 GMT"}};
  const std::string head = head_of(with_fields(fields));
  EXPECT_NE(head.find("date: Mon, 01 Jan 2001 00:00:00 GMT\r\n"), std::string::npos);
  EXPECT_EQ(head.find("1994"), std::string::npos);
}

// ---- RFC 9112 section 6, RFC 9110 section 8.6: no program can make the end of a message ambiguous

TEST(ReplyWriterTest, FramingFieldsOfTheProgramAreDropped) {
  const Fields fields{
      {"A", "1"},          {"content-length", "7"},       {"Transfer-Encoding", "chunked"},
      {"B", "2"},          {"CONTENT-LENGTH", "8"},       {"connection", "keep-alive"},
      {"Connection", "x"}, {"transfer-encoding", "gzip"}, {"C", "3"}};
  EXPECT_EQ(head_of(with_fields(fields, "hello")), "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\n" +
                                                       std::string(kDate) +
                                                       "Content-Length: 5\r\n\r\n");
}

TEST(ReplyWriterTest, AFieldThatOnlyBeginsLikeFramingStays) {
  const Fields fields{{"Content-Length", "7"}, {"Content-Lengths", "8"}, {"Connections", "y"}};
  EXPECT_EQ(head_of(with_fields(fields)),
            "HTTP/1.1 200 OK\r\nContent-Lengths: 8\r\nConnections: y\r\n" + std::string(kDate) +
                "Content-Length: 0\r\n\r\n");
}

// Section 8.6: a reply to HEAD has the length that GET would give
TEST(ReplyWriterTest, AReplyToHeadKnowsTheLength) {
  const ReplyFraming head{.head_request = true};
  EXPECT_NE(head_of(with_status(200, "hello"), head).find("Content-Length: 5\r\n"),
            std::string::npos);
  const Fields fields{{"Content-Length", "1234"}, {"A", "b"}, {"Content-Length", "1234"}};
  EXPECT_EQ(head_of(with_fields(fields), head),
            "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nA: b\r\n" + std::string(kDate) + "\r\n");
  // A body says more than a field.
  EXPECT_NE(head_of(with_fields(fields, "hello"), head).find("Content-Length: 5\r\n"),
            std::string::npos);
  EXPECT_EQ(head_of(with_fields(fields, "hello"), head).find("1234"), std::string::npos);
}

TEST(ReplyWriterTest, AnOwnLengthThatIsNoNumberIsDropped) {
  for (std::string_view value : {"", "x", "-1", "5, 5", "0x5", "5 5"}) {
    Fields fields;
    fields.append("Content-Length", value);
    EXPECT_EQ(head_of(with_fields(fields), {.head_request = true}),
              "HTTP/1.1 200 OK\r\n" + std::string(kDate) + "Content-Length: 0\r\n\r\n")
        << value;
  }
}

// Section 8.6: no Content-Length in 204; section 15.3.6: 205 has no content
TEST(ReplyWriterTest, StatusesWithoutContent) {
  for (bool head_request : {false, true}) {
    const ReplyFraming framing{.head_request = head_request};
    const Fields fields{{"Content-Length", "9"}};
    EXPECT_FALSE(has_field(head_of(with_status(204), framing), "Content-Length"));
    EXPECT_FALSE(has_field(head_of(with_status(204, "x"), framing), "Content-Length"));
    EXPECT_FALSE(has_field(head_of(with_fields(fields, "", 204), framing), "Content-Length"));
    for (const http::Reply& reply :
         {with_status(205), with_status(205, "x"), with_fields(fields, "", 205)}) {
      const std::string head = head_of(reply, framing);
      EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos) << head;
      EXPECT_EQ(head.find("Content-Length: 9\r\n"), std::string::npos) << head;
    }
  }
}

// Section 15.4.5: 304 may carry the length of what it does not send
TEST(ReplyWriterTest, NotModifiedKeepsTheLengthOfItsRepresentation) {
  const Fields fields{{"Content-Length", "9"}};
  EXPECT_FALSE(has_field(head_of(with_status(304)), "Content-Length"));
  EXPECT_NE(head_of(with_fields(fields, "", 304)).find("Content-Length: 9\r\n"), std::string::npos);
  EXPECT_NE(head_of(with_status(304, "12345")).find("Content-Length: 5\r\n"), std::string::npos);
}

TEST(ReplyWriterTest, WhichRepliesHaveContent) {
  EXPECT_TRUE(http::reply_has_content(200, false));
  EXPECT_TRUE(http::reply_has_content(404, false));
  EXPECT_TRUE(http::reply_has_content(206, false));
  EXPECT_FALSE(http::reply_has_content(200, true));
  for (int status : {100, 101, 103, 204, 205, 304})
    EXPECT_FALSE(http::reply_has_content(status, false));
}

// ---- Sections 9.3 and 9.6: Connection

TEST(ReplyWriterTest, ConnectionSaysWhatTheClientCannotKnow) {
  EXPECT_FALSE(has_field(head_of(with_status(200)), "Connection"));
  EXPECT_NE(head_of(with_status(200), {.keep_alive = false}).find("Connection: close\r\n"),
            std::string::npos);
  EXPECT_NE(head_of(with_status(200), {.http_1_0 = true}).find("Connection: keep-alive\r\n"),
            std::string::npos);
  EXPECT_NE(head_of(with_status(200), {.http_1_0 = true, .keep_alive = false})
                .find("Connection: close\r\n"),
            std::string::npos);
}

TEST(ReplyWriterTest, AProgramMayAskToClose) {
  EXPECT_FALSE(asks_to_close(with_status(200)));
  http::Reply reply = with_status(200);
  reply.close = true;
  EXPECT_TRUE(asks_to_close(reply));
  const Fields close{{"A", "close"}, {"connection", "x, Close"}};
  EXPECT_TRUE(asks_to_close(with_fields(close)));
  const Fields second{{"Connection", "x"}, {"Connection", "close"}};
  EXPECT_TRUE(asks_to_close(with_fields(second)));
  const Fields no{{"A", "close"}, {"Connection", "closed, keep-alive"}};
  EXPECT_FALSE(asks_to_close(with_fields(no)));
}

// ---- Replies that are sent many times

constexpr std::string_view kNextSecond = "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n";

std::string head_at(const http::Reply& reply, std::string_view date,
                    const ReplyFraming& framing = {}) {
  OutputBuffer out;
  out.append("what is there already");
  const size_t before = out.size();
  write_reply_head(out, reply, framing, date);
  return std::string(out.view().substr(before));
}

TEST(ReplyWriterTest, AnEncodedHeadIsTheSameAtAnySecond) {
  const Fields plain{{"X-A", "1"}, {"X-Date", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  const Fields filtered{{"Content-Length", "9"}, {"Transfer-Encoding", "gzip"}, {"X-A", "1"}};
  const Fields own_date{{"Date", "Thu, 01 Jan 1970 00:00:00 GMT"}};
  for (const Fields* fields : {&plain, &filtered, &own_date}) {
    http::EncodedHead encoded;
    const http::Reply anew = with_fields(*fields, "hello");
    http::Reply reply = anew;
    reply.encoded = &encoded;
    for (std::string_view date : {kDate, kDate, kNextSecond, kDate}) {
      EXPECT_EQ(head_at(reply, date), head_at(anew, date));
    }
    EXPECT_FALSE(encoded.http1.empty());
  }
}

// The encoded head is of one kind of connection; the others are written for what they are.
TEST(ReplyWriterTest, AnEncodedHeadIsNotForOtherFramings) {
  const ReplyFraming others[] = {{.http_1_0 = true},
                                 {.keep_alive = false},
                                 {.head_request = true},
                                 {.http_1_0 = true, .keep_alive = false}};
  const Fields fields{{"Content-Length", "9"}};
  const http::Reply anew = with_fields(fields);
  http::EncodedHead encoded;
  http::Reply reply = anew;
  reply.encoded = &encoded;
  for (int round = 0; round < 2; ++round) {
    for (const ReplyFraming& framing : others) {
      EXPECT_EQ(head_at(reply, kDate, framing), head_at(anew, kDate, framing));
    }
    EXPECT_EQ(encoded.http1.empty(), round == 0);
    EXPECT_EQ(head_at(reply, kDate), head_at(anew, kDate));
  }
}

// ---- The rest

TEST(ReplyWriterTest, ContinueIsAWholeHead) {
  OutputBuffer out;
  write_continue(out);
  EXPECT_EQ(out.view(), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(ReplyWriterTest, TheDateIsFormattedForItsSecond) {
  DateLine line;
  EXPECT_EQ(line.at(784111777), kDate);
  EXPECT_EQ(line.at(784111777), kDate);
  EXPECT_EQ(line.at(784111778), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  EXPECT_EQ(line.at(0), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  EXPECT_EQ(DateLine().at(-1), "Date: Wed, 31 Dec 1969 23:59:59 GMT\r\n");
}

// ---- RFC 9110 sections 7.8 and 15.2.2: upgrades

TEST(ReplyWriterTest, AnUpgradeNamesItsProtocol) {
  EXPECT_EQ(upgrade_head("websocket", Fields{{"X-One", "1"}}, kDate),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "X-One: 1\r\n" +
                std::string(kDate) + "\r\n");
}

TEST(ReplyWriterTest, AnUpgradeHasNoFramingOfTheProgram) {
  const Fields fields{{"Content-Length", "5"},
                      {"transfer-encoding", "chunked"},
                      {"Connection", "close"},
                      {"UPGRADE", "h2c"},
                      {"Date", "today"}};
  EXPECT_EQ(upgrade_head("websocket", fields, kDate),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Date: today\r\n\r\n");
}

// RFC 9110 section 15.5.22: a 426 has an Upgrade field, and so the connection option (section 7.8).
TEST(ReplyWriterTest, UpgradeRequiredHasTheOptionForItsField) {
  const Fields fields{{"Upgrade", "websocket"}};
  const http::Reply reply = with_fields(fields, "", 426);
  EXPECT_NE(head_of(reply).find("\r\nConnection: Upgrade\r\n"), std::string::npos);
  EXPECT_NE(head_of(reply, {.keep_alive = false}).find("\r\nConnection: close, Upgrade\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace bao::http1
