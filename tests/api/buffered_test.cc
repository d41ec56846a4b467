#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <bao/bao.h>

#include "api/served.h"
#include "net/temporary_file.h"

// Prepared replies of what is read once: files, and replies of other servers.
namespace bao {
namespace {

using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::TemporaryFile;
using testing::turn_until;

std::string url_of(const Served& served) {
  return "http://127.0.0.1:" + std::to_string(*served.server.port());
}

std::string get(std::string_view path, std::string_view field) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(field) +
         "\r\nConnection: close\r\n\r\n";
}

Task<void> fetch_into(std::string url, std::optional<Response>& result, std::string& thrown) {
  try {
    FetchReply reply = co_await fetch(url);
    result = co_await reply.buffered();
  } catch (const FetchError& error) {
    thrown = error.what();
  }
}

/// What another server says, as a program gets it before it starts its own.
Response fetched(const std::string& url) {
  std::optional<Response> result;
  std::string thrown;
  spawn(fetch_into(url, result, thrown));
  EXPECT_TRUE(turn_until([&] { return result || !thrown.empty(); }));
  EXPECT_EQ(thrown, "");
  return result.value_or(Response());
}

// ---- Files

TEST(BufferedFile, IsReadOnceAndKeepsItsType) {
  TemporaryFile file("<svg>first</svg>", "a.svg");
  Served served({.routes = {{"/", Response::buffered(bao::file(file.path()))}}});
  file.write("<svg>second, and longer</svg>");
  const RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "<svg>first</svg>");
  EXPECT_EQ(reply.field("Content-Type"), "image/svg+xml");
  EXPECT_EQ(reply.field("Content-Length"), "16");
  file.remove();
  EXPECT_EQ(served.get("/").body, "<svg>first</svg>");
}

// RFC 9110 sections 13.1.2 and 13.1.3: by the hash of the content, and by the file's time.
TEST(BufferedFile, HasAnETagOfItsContentAndTheFilesTime) {
  TemporaryFile one("same", "a.txt");
  TemporaryFile other("same", "a.txt");
  one.date(1000000000);
  Served served({.routes = {{"/one", Response::buffered(bao::file(one.path()))},
                            {"/other", Response::buffered(bao::file(other.path()))}}});
  const RawReply reply = served.get("/one");
  const std::string etag = reply.field("ETag").value_or("");
  EXPECT_EQ(etag.substr(0, 1), "\"");
  EXPECT_EQ(served.get("/other").field("ETag"), etag);
  EXPECT_EQ(reply.field("Last-Modified"), "Sun, 09 Sep 2001 01:46:40 GMT");
  const RawReply same = served.exchange(get("/one", "If-None-Match: " + etag));
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.field("ETag"), etag);
  const std::string since = "If-Modified-Since: " + *reply.field("Last-Modified");
  EXPECT_EQ(served.exchange(get("/one", since)).status, 304);
  EXPECT_EQ(served.exchange(get("/one", "If-None-Match: \"x\"")).body, "same");
}

TEST(BufferedFile, AnswersHeadWithTheHeadOfGet) {
  TemporaryFile file("twelve bytes", "a.txt");
  Served served({.routes = {{"/", Response::buffered(bao::file(file.path()))}}});
  const RawReply whole = served.get("/");
  RawClient client = served.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawReply head = client.read_reply(true);
  EXPECT_EQ(head.field("Content-Length"), "12");
  EXPECT_EQ(head.field("ETag"), whole.field("ETag"));
  EXPECT_EQ(head.field("Content-Type"), whole.field("Content-Type"));
  EXPECT_EQ(client.get("/").body, "twelve bytes");
}

TEST(BufferedFile, OfASliceHasTheseBytesAlone) {
  TemporaryFile file("0123456789", "a.txt");
  const File whole = bao::file(file.path());
  EXPECT_EQ(Response::buffered(whole.slice(2, 5)).body(), "234");
  EXPECT_EQ(Response::buffered(whole.slice(8)).body(), "89");
  EXPECT_EQ(Response::buffered(whole.slice(20, 30)).body(), "");
  EXPECT_EQ(Response::buffered(whole.slice(2, 5)).status(), 200);
}

TEST(BufferedFile, SaysWhyItCannotBeRead) {
  const auto error_of = [](const std::string& path) -> std::error_code {
    try {
      Response::buffered(bao::file(path));
    } catch (const std::system_error& error) {
      EXPECT_NE(std::string(error.what()).find("The file \"" + path + "\" cannot be read"),
                std::string::npos);
      return error.code();
    }
    return {};
  };
  TemporaryFile file("", "a.txt");
  const std::string pipe = file.path() + ".pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(error_of("/nowhere/at/all"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of("/tmp"), std::errc::is_a_directory);
  EXPECT_EQ(error_of(pipe), std::errc::operation_not_supported);
  ::unlink(pipe.c_str());
}

TEST(BufferedFile, IsCompressedAtTheStart) {
  TemporaryFile file(std::string(10000, 'x'), "a.html");
  Options options{.routes = {{"/", Response::buffered(bao::file(file.path()))}}};
  options.compression.emplace();
  Served served(std::move(options));
  const RawReply plain = served.get("/");
  const RawReply coded = served.exchange(get("/", "Accept-Encoding: gzip"));
  EXPECT_EQ(coded.field("Content-Encoding"), "gzip");
  EXPECT_EQ(coded.field("Content-Type"), "text/html;charset=utf-8");
  EXPECT_EQ(coded.field("Vary"), "Accept-Encoding");
  EXPECT_EQ(coded.field("ETag"), "W/" + plain.field("ETag").value_or(""));
  EXPECT_LT(coded.body.size(), 200u);
  EXPECT_EQ(plain.body.size(), 10000u);
  const std::string both = "Accept-Encoding: gzip\r\nIf-None-Match: " + *coded.field("ETag");
  EXPECT_EQ(served.exchange(get("/", both)).status, 304);
}

// What a slow client is still getting stays as it was.
TEST(BufferedFile, IsReplacedByReloadWhileItIsSent) {
  const std::string first(8 << 20, '1');
  TemporaryFile file(first, "a.txt");
  Served served({.routes = {{"/", Response::buffered(bao::file(file.path()))}}});
  RawClient slow = served.connect();
  slow.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(turn_until([&] { return served.server.counters().requests_total == 1; }));
  file.write("second");
  served.server.reload({.routes = {{"/", Response::buffered(bao::file(file.path()))}}});
  EXPECT_EQ(served.get("/").body, "second");
  EXPECT_EQ(slow.read_reply().body == first, true);
  EXPECT_EQ(slow.get("/").body, "second");
}

// ---- Replies of other servers

TEST(BufferedFetch, KeepsStatusFieldsAndContent) {
  Served origin({.fetch = [] {
    return Response::stream([](Writer& out) -> Task<> {
             co_await out.write("one, ");
             co_await out.write("two");
           })
        .set("Content-Type", "text/x-list")
        .set("X-One", "1")
        .set("Keep-Alive", "timeout=5")
        .set("Age", "100")
        .set("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  }});
  Served served({.routes = {{"/", fetched(url_of(origin))}}});
  const RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "one, two");
  EXPECT_EQ(reply.field("Content-Type"), "text/x-list");
  EXPECT_EQ(reply.field("Content-Length"), "8");
  EXPECT_EQ(reply.field("X-One"), "1");
  // Of that connection, and of that time: RFC 9110 sections 7.6.1 and 6.6.1.
  EXPECT_EQ(reply.field("Keep-Alive"), std::nullopt);
  EXPECT_EQ(reply.field("Transfer-Encoding"), std::nullopt);
  EXPECT_EQ(reply.field("Age"), std::nullopt);
  EXPECT_EQ(reply.field_all("Date").size(), 1u);
  EXPECT_NE(reply.field("Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
  const std::string etag = reply.field("ETag").value_or("");
  EXPECT_EQ(served.exchange(get("/", "If-None-Match: " + etag)).status, 304);
  EXPECT_EQ(origin.server.counters().requests_total, 1u);
}

TEST(BufferedFetch, HasTheETagOfTheOtherServer) {
  Served origin({.fetch = [] { return Response("x").set("ETag", "\"theirs\""); }});
  Served served({.routes = {{"/", fetched(url_of(origin))}}});
  EXPECT_EQ(served.get("/").field("ETag"), "\"theirs\"");
  EXPECT_EQ(served.exchange(get("/", "If-None-Match: \"theirs\"")).status, 304);
}

TEST(BufferedFetch, StaysCompressedIfItCameSo) {
  const std::string text(10000, 'x');
  Options compressing{.fetch = [&] { return Response(text); }};
  compressing.compression.emplace();
  Served origin(std::move(compressing));
  std::optional<Response> result;
  std::string thrown;
  FetchRequest request(url_of(origin));
  request.set("Accept-Encoding", "gzip");
  const auto get_coded = [&]() -> Task<void> {
    FetchReply reply = co_await fetch(std::move(request));
    result = co_await reply.buffered();
  };
  spawn(get_coded());
  ASSERT_TRUE(turn_until([&] { return result.has_value(); }));
  const size_t size = result->body().size();
  EXPECT_LT(size, 200u);
  Options options{.routes = {{"/", *result}}};
  options.compression.emplace();
  Served served(std::move(options));
  const RawReply reply = served.exchange(get("/", "Accept-Encoding: br, gzip"));
  EXPECT_EQ(reply.field("Content-Encoding"), "gzip");
  EXPECT_EQ(reply.body.size(), size);
}

TEST(BufferedFetch, OfOtherStatusesHasNoETag) {
  Served origin({.fetch = [] { return Response("none").status(404); }});
  Served served({.routes = {{"/", fetched(url_of(origin))}}});
  const RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "none");
  EXPECT_EQ(reply.field("ETag"), std::nullopt);
}

TEST(BufferedFetch, HasALimitAndFailsWithTheOtherServer) {
  Served origin({.routes = {{"/long", Response(std::string(1000, 'x'))},
                            {"/cut", [] {
                               return Response::stream([](Writer& out) -> Task<> {
                                 co_await out.write("half");
                                 throw std::runtime_error("broken");
                               });
                             }}}});
  std::string thrown;
  const auto read = [&](std::string path) -> Task<void> {
    try {
      FetchReply reply = co_await fetch(url_of(origin) + path);
      Response response = co_await reply.buffered(999);
      thrown = "nothing";
    } catch (const FetchError& error) {
      thrown = error.what();
    }
  };
  spawn(read("/long"));
  ASSERT_TRUE(turn_until([&] { return !thrown.empty(); }));
  EXPECT_EQ(thrown, "The reply has more than 999 bytes: give buffered() a higher limit");
  thrown.clear();
  spawn(read("/cut"));
  ASSERT_TRUE(turn_until([&] { return !thrown.empty(); }));
  EXPECT_NE(thrown.find(" failed: "), std::string::npos) << thrown;
}

}  // namespace
}  // namespace bao
