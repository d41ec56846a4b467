#include "server/directory_reply.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "net/temporary_folder.h"
#include "routing/pattern.h"
#include "server/directory_listing.h"
#include "server/server_world.h"

namespace bao::server {
namespace {

using bao::testing::TemporaryFolder;
using testing::says;
using testing::TableMaker;
using testing::World;

std::string field(const LocalReply& reply, std::string_view name) {
  return std::string(reply.fields.get(name).value_or("none"));
}

/// A directory on /s/*, and a `fetch` that says so.
class DirectoryReplyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root.write("a.txt", "text");
    root.write("page.html", "<p>");
    root.write("index.html", "<h1>root");
    root.write("sub/index.html", "<h1>sub");
    root.write("bare/x y.txt", "x");
    root.write(".env", "secret");
    root.write(".well-known/a", "known");
  }
  World& world(DirectoryOptions options = {}) {
    TableMaker maker;
    maker.fetch(says("fetch"));
    maker.methods("/s/*", {{http::Method::get, DirectoryReply(root.path(), std::move(options))}});
    return world_.emplace(maker.make());
  }
  LocalReply get(std::string_view target, const Fields& fields = {},
                 std::string_view method = "GET") {
    if (!world_) world();
    return world_->request(method, target, fields).value();
  }

  TemporaryFolder root;
  std::optional<World> world_;
};

TEST_F(DirectoryReplyTest, SendsAFileWithItsTypeAndAWeakETag) {
  const LocalReply reply = get("/s/a.txt");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "text");
  EXPECT_EQ(field(reply, "Content-Type"), "text/plain;charset=utf-8");
  EXPECT_TRUE(field(reply, "ETag").starts_with("W/\""));
  EXPECT_EQ(field(reply, "Accept-Ranges"), "bytes");
  EXPECT_TRUE(reply.fields.has("Last-Modified"));
  EXPECT_FALSE(reply.fields.has("Vary"));
}

TEST_F(DirectoryReplyTest, SendsTheIndexOfAFolder) {
  EXPECT_EQ(get("/s/").body, "<h1>root");
  EXPECT_EQ(get("/s/sub/").body, "<h1>sub");
  EXPECT_EQ(field(get("/s/sub/"), "Content-Type"), "text/html;charset=utf-8");
}

TEST_F(DirectoryReplyTest, TheFirstIndexThatIsThereIsSent) {
  world({.index = {"main.htm", "page.html", "index.html"}});
  EXPECT_EQ(get("/s/").body, "<p>");
  EXPECT_EQ(get("/s/sub/").body, "<h1>sub");
  world({.index = {}});
  EXPECT_EQ(get("/s/").body, "fetch");
}

// RFC 9110 section 15.4.2
TEST_F(DirectoryReplyTest, AFolderRedirectsToItsSlash) {
  const LocalReply reply = get("/s/sub");
  EXPECT_EQ(reply.status, 301);
  EXPECT_EQ(field(reply, "Location"), "/s/sub/");
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(field(get("/s/bare"), "Location"), "/s/bare/") << "also without an index";
}

TEST_F(DirectoryReplyTest, TheRedirectKeepsPathAndQueryAsTheyWereSent) {
  root.folder("a b&c");
  EXPECT_EQ(field(get("/s/a%20b&c?x=%2F&y=1"), "Location"), "/s/a%20b&c/?x=%2F&y=1");
  EXPECT_EQ(field(get("/s/a%20b%26c"), "Location"), "/s/a%20b%26c/");
  EXPECT_EQ(field(get("http://elsewhere/s/sub?q"), "Location"), "/s/sub/?q");
}

// A Location that begins with two slashes, or what browsers take for them, names another host.
TEST_F(DirectoryReplyTest, NoRedirectLeadsToAnotherHost) {
  root.folder("evil.com");
  TableMaker maker;
  maker.methods("/*", {{http::Method::get, DirectoryReply(root.path(), {})}});
  maker.methods("/:any/*", {{http::Method::get, DirectoryReply(root.path(), {})}});
  World& server = world_.emplace(maker.make());
  EXPECT_EQ(server.request("GET", "/evil.com")->status, 301);
  for (std::string_view target :
       {"//evil.com", "//evil.com/sub", "/\\evil.com", "/\\evil.com/sub", "///evil.com", "//",
        "/%2Fevil.com", "/%5Cevil.com", "http://x//evil.com/sub", "/.//evil.com"}) {
    const LocalReply reply = server.request("GET", target).value();
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_FALSE(reply.fields.has("Location")) << target;
  }
}

TEST_F(DirectoryReplyTest, WhatIsMissingGoesOnToFetch) {
  for (std::string_view target :
       {"/s/missing", "/s/sub/missing", "/s/bare/", "/s/a.txt/", "/s/a.txt/b", "/s/missing/"}) {
    EXPECT_EQ(get(target).body, "fetch") << target;
  }
}

TEST_F(DirectoryReplyTest, WhatIsMissingMayBeNotFoundAtOnce) {
  world({.falls_through = false});
  EXPECT_EQ(get("/s/none").status, 404);
  EXPECT_EQ(get("/s/bare/").status, 404);
  EXPECT_EQ(get("/s/.env").status, 404);
  EXPECT_EQ(get("/s/a.txt").body, "text");
  EXPECT_EQ(get("/s/a.txt", {}, "POST").body, "fetch");
}

TEST_F(DirectoryReplyTest, WhatIsNoPathIsNotFoundAtOnce) {
  for (std::string_view target :
       {"/s/..", "/s/../a.txt", "/s/./a.txt", "/s//a.txt", "/s/%2e%2e/a.txt", "/s/sub%2Findex.html",
        "/s/a.txt%00", "/s/%61.txt", "/s/%", "/s/%C0%AE%C0%AE/a.txt", "/s/..%5Ca.txt", "/s//"}) {
    const LocalReply reply = get(target);
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(reply.body, "") << target;
  }
}

TEST_F(DirectoryReplyTest, DotFilesAreHidden) {
  for (std::string_view target : {"/s/.env", "/s/.well-known/a", "/s/.well-known", "/s/..."}) {
    EXPECT_EQ(get(target).body, "fetch") << target;
  }
  world({.dot_files = true});
  EXPECT_EQ(get("/s/.env").body, "secret");
  EXPECT_EQ(get("/s/.well-known/a").body, "known");
}

TEST_F(DirectoryReplyTest, OnlyFilesAreSent) {
  ASSERT_EQ(::mkfifo(root.path("pipe").c_str(), 0600), 0);
  root.link("null", "/dev/null");
  for (std::string_view target : {"/s/pipe", "/s/null", "/s/pipe/"}) {
    EXPECT_EQ(get(target).body, "fetch") << target;
  }
}

TEST_F(DirectoryReplyTest, OtherMethodsGoOnToFetch) {
  for (std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"}) {
    EXPECT_EQ(get("/s/a.txt", {}, method).body, "fetch") << method;
  }
}

// RFC 9110 section 15.5.6
TEST_F(DirectoryReplyTest, OtherMethodsAre405WithoutAFetch) {
  Table::Builder builder;
  builder.add("/s/*", DirectoryReply(root.path(), {}));
  World server(std::move(builder).build(std::make_unique<testing::FunctionApplication>()));
  const LocalReply reply = server.request("POST", "/s/a.txt").value();
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(field(reply, "Allow"), "GET, HEAD");
  EXPECT_EQ(server.request("GET", "/s/a.txt")->body, "text");
}

// RFC 9110 section 9.3.2
TEST_F(DirectoryReplyTest, HeadIsAsGetWithoutContent) {
  for (std::string_view target : {"/s/a.txt", "/s/sub", "/s/", "/s/.."}) {
    const LocalReply whole = get(target);
    const LocalReply head = get(target, {}, "HEAD");
    EXPECT_EQ(head.status, whole.status);
    EXPECT_EQ(head.fields.lines(), whole.fields.lines());
    EXPECT_EQ(head.body, "");
  }
}

// RFC 9110 sections 13.1.2, 13.1.3, 14.2
TEST_F(DirectoryReplyTest, HeedsConditionsAndRanges) {
  const LocalReply whole = get("/s/a.txt");
  EXPECT_EQ(get("/s/a.txt", {{"If-None-Match", field(whole, "ETag")}}).status, 304);
  EXPECT_EQ(get("/s/a.txt", {{"If-Modified-Since", field(whole, "Last-Modified")}}).status, 304);
  EXPECT_EQ(get("/s/a.txt", {{"If-Match", "\"other\""}}).status, 412);
  const LocalReply part = get("/s/a.txt", {{"Range", "bytes=1-2"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "ex");
  EXPECT_EQ(field(part, "Content-Range"), "bytes 1-2/4");
  EXPECT_EQ(get("/s/a.txt", {{"Range", "bytes=9-"}}).status, 416);
}

TEST_F(DirectoryReplyTest, SendsTheFieldsOfTheProgram) {
  world({.fields = {{"Cache-Control", "max-age=60"}}});
  EXPECT_EQ(field(get("/s/a.txt"), "Cache-Control"), "max-age=60");
  EXPECT_EQ(field(get("/s/"), "Cache-Control"), "max-age=60");
}

// ---- Siblings with a coding

class PrecompressedTest : public DirectoryReplyTest {
 protected:
  void SetUp() override {
    root.write("x.js", "plain");
    root.write("x.js.br", "BR");
    root.write("x.js.gz", "GZ");
    root.write("x.js.zst", "ZST");
    root.write("only.css", "plain");
    root.write("only.css.gz", "GZ");
    root.write("alone.js.gz", "GZ");
    root.write("index.html", "plain");
    root.write("index.html.br", "BR");
    world({.precompressed = true});
  }
  LocalReply accepting(std::string_view codings, std::string_view target = "/s/x.js") {
    return get(target, {{"Accept-Encoding", codings}});
  }
};

// RFC 9110 sections 8.4, 12.5.3, 12.5.5
TEST_F(PrecompressedTest, TheClientsCodingIsSent) {
  const LocalReply reply = accepting("gzip");
  EXPECT_EQ(reply.body, "GZ");
  EXPECT_EQ(field(reply, "Content-Encoding"), "gzip");
  EXPECT_EQ(field(reply, "Content-Type"), "text/javascript;charset=utf-8");
  EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
  EXPECT_EQ(accepting("br").body, "BR");
  EXPECT_EQ(accepting("zstd").body, "ZST");
  EXPECT_EQ(accepting("gzip, br, zstd").body, "BR");
  EXPECT_EQ(accepting("gzip, br;q=0.5, zstd;q=0.5").body, "GZ");
  EXPECT_EQ(accepting("br", "/s/").body, "BR") << "the index, too";
}

TEST_F(PrecompressedTest, WithoutASiblingTheFileIsSent) {
  for (std::string_view codings : {"", "br;q=0", "identity", "deflate", "br"}) {
    const LocalReply reply = accepting(codings, "/s/only.css");
    EXPECT_EQ(reply.body, "plain") << codings;
    EXPECT_FALSE(reply.fields.has("Content-Encoding"));
    EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
  }
  EXPECT_EQ(accepting("br, zstd, gzip;q=0.1", "/s/only.css").body, "GZ") << "the next best";
}

TEST_F(PrecompressedTest, ASiblingWithoutItsFileIsNotSentForIt) {
  EXPECT_EQ(accepting("gzip", "/s/alone.js").body, "fetch");
  EXPECT_EQ(accepting("gzip", "/s/alone.js.gz").body, "GZ");
  EXPECT_FALSE(accepting("gzip", "/s/alone.js.gz").fields.has("Content-Encoding"));
}

// RFC 9110 section 8.8.3: another representation has another entity tag
TEST_F(PrecompressedTest, EachCodingHasItsOwnETag) {
  const std::string plain = field(get("/s/x.js"), "ETag");
  const std::string gzip = field(accepting("gzip"), "ETag");
  EXPECT_NE(plain, gzip);
  const LocalReply reply = get("/s/x.js", {{"Accept-Encoding", "gzip"}, {"If-None-Match", gzip}});
  EXPECT_EQ(reply.status, 304);
  EXPECT_EQ(field(reply, "ETag"), gzip);
  EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
  EXPECT_EQ(get("/s/x.js", {{"Accept-Encoding", "gzip"}, {"If-None-Match", plain}}).status, 200);
}

TEST_F(PrecompressedTest, ARangeIsOfTheFileItself) {
  const LocalReply part = get("/s/x.js", {{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-1"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "pl");
  EXPECT_FALSE(part.fields.has("Content-Encoding"));
  // The part that this client has may be of either.
  const std::string date = field(part, "Last-Modified");
  const LocalReply whole =
      get("/s/x.js", {{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-1"}, {"If-Range", date}});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "GZ");
  EXPECT_FALSE(whole.fields.has("Accept-Ranges"));
}

TEST_F(PrecompressedTest, VaryIsAddedToTheProgramsOwn) {
  world({.precompressed = true, .fields = {{"Vary", "Origin"}}});
  EXPECT_EQ(field(accepting("gzip"), "Vary"), "Origin, Accept-Encoding");
  world({.precompressed = true, .fields = {{"Vary", "*"}}});
  EXPECT_EQ(field(accepting("gzip"), "Vary"), "*");
  world({.precompressed = true, .fields = {{"vary", "accept-encoding"}}});
  EXPECT_EQ(field(accepting("gzip"), "Vary"), "accept-encoding");
}

TEST_F(PrecompressedTest, IsOffUnlessAskedFor) {
  world();
  EXPECT_EQ(accepting("gzip").body, "plain");
}

// ---- Listings

TEST_F(DirectoryReplyTest, ListsAFolderIfAskedTo) {
  EXPECT_EQ(get("/s/bare/").body, "fetch");
  world({.listing = true});
  root.folder("bare/folder");
  root.write("bare/.hidden", "x");
  const LocalReply reply = get("/s/bare/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(field(reply, "Content-Type"), "text/html;charset=utf-8");
  EXPECT_NE(reply.body.find("<title>Index of /bare</title>"), std::string::npos);
  EXPECT_NE(reply.body.find("<a href=\"../\">../</a>"), std::string::npos);
  EXPECT_NE(reply.body.find("<a href=\"./x%20y.txt\">x y.txt</a>"), std::string::npos);
  const size_t folder = reply.body.find("<a href=\"./folder/\">folder/</a>");
  EXPECT_LT(folder, reply.body.find("x%20y.txt")) << "folders come first";
  EXPECT_EQ(reply.body.find("hidden"), std::string::npos);
  EXPECT_EQ(get("/s/").body, "<h1>root") << "an index goes before";
  EXPECT_EQ(get("/s/missing/").body, "fetch");
  EXPECT_EQ(get("/s/a.txt/").body, "fetch");
  EXPECT_EQ(get("/s/bare/", {}, "HEAD").status, 200);
}

TEST_F(DirectoryReplyTest, ListsDotFilesIfTheyAreShown) {
  world({.index = {}, .listing = true, .dot_files = true});
  EXPECT_NE(get("/s/").body.find("<a href=\"./.env\">.env</a>"), std::string::npos);
  EXPECT_EQ(get("/s/").body.find("../"), std::string::npos) << "nothing is above";
}

TEST(DirectoryListing, EscapesNames) {
  const std::string page = render_listing("a<b>&\"", {{"<script>alert(1)</script>", false},
                                                      {"javascript:alert(1)", false},
                                                      {"a\"onclick='x", true},
                                                      {"%2e", false},
                                                      {"?#", false}});
  EXPECT_EQ(page.find("<script>"), std::string::npos);
  EXPECT_EQ(page.find("href=\"javascript"), std::string::npos);
  EXPECT_NE(page.find("href=\"./javascript:alert(1)\""), std::string::npos);
  EXPECT_EQ(page.find("\"onclick"), std::string::npos);
  EXPECT_NE(page.find("href=\"./%252e\""), std::string::npos);
  EXPECT_NE(page.find("href=\"./%3F%23\""), std::string::npos);
  EXPECT_NE(page.find("Index of /a&lt;b&gt;&amp;"), std::string::npos);
}

TEST(DirectoryListing, LeavesOutWhatCannotBeAskedFor) {
  TemporaryFolder folder;
  for (const char* name : {"good", "bad\xFF", "bad\\", "bad\n"}) folder.write(name, "");
  net::Folder opened;
  net::FileDescriptor descriptor;
  ASSERT_FALSE(opened.open(folder.path()));
  ASSERT_FALSE(opened.open_below("", descriptor));
  std::vector<ListedName> names;
  ASSERT_FALSE(read_listing(std::move(descriptor), true, names));
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].name, "good");
}

// ---- The folder itself

TEST_F(DirectoryReplyTest, AWrongFolderIsToldAtOnce) {
  try {
    DirectoryReply reply(root.path("missing"), {});
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(std::string(error.what()), "The directory \"" + root.path("missing") +
                                             "\" cannot be opened: No such file or directory");
  }
  EXPECT_THROW(DirectoryReply(root.path("a.txt"), {}), std::system_error);
  EXPECT_THROW(DirectoryReply(std::string("a\0b", 3), {}), std::invalid_argument);
}

TEST_F(DirectoryReplyTest, AWrongIndexIsToldAtOnce) {
  for (const char* name : {"", "..", "a/b", "/index.html", "a\n"}) {
    EXPECT_THROW(DirectoryReply(root.path(), {.index = {name}}), std::invalid_argument) << name;
  }
}

TEST_F(DirectoryReplyTest, ItsPatternEndsInAWildcard) {
  for (std::string_view pattern : {"/s", "/s/:name", "/"}) {
    Table::Builder builder;
    try {
      builder.add(pattern, DirectoryReply(root.path(), {}));
      FAIL() << pattern;
    } catch (const routing::PatternError& error) {
      EXPECT_NE(std::string(error.what()).find("let the pattern end in /*"), std::string::npos);
    }
  }
}

// A release is published by putting another folder, or a link, into its place.
TEST_F(DirectoryReplyTest, AnotherFolderInItsPlaceIsSeen) {
  TemporaryFolder around;
  around.write("one/a", "one");
  around.write("two/a", "two");
  around.link("current", "one");
  TableMaker maker;
  maker.methods("/*", {{http::Method::get, DirectoryReply(around.path("current"), {})}});
  World& server = world_.emplace(maker.make());
  EXPECT_EQ(server.request("GET", "/a")->body, "one");
  std::filesystem::remove(around.path("current"));
  around.link("current", "two");
  EXPECT_TRUE(server.turn_until([&] { return server.request("GET", "/a")->body == "two"; }));
  std::filesystem::remove(around.path("current"));
  EXPECT_EQ(server.request("GET", "/a")->body, "two")
      << "the last one stays until there is another";
}

}  // namespace
}  // namespace bao::server
