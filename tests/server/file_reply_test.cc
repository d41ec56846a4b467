#include "server/file_reply.h"

#include <ctime>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "http/date.h"
#include "http/validators.h"
#include "net/temporary_file.h"
#include "server/server_world.h"

namespace bao::server {
namespace {

using bao::testing::TemporaryFile;
using testing::says;
using testing::TableMaker;
using testing::World;

constexpr std::time_t kModified = 784111777;
constexpr std::string_view kModifiedText = "Sun, 06 Nov 1994 08:49:37 GMT";

/// What a route with that reply answers.
LocalReply send(FileReply reply, const Fields& fields = {}, std::string_view method = "GET") {
  Table::Builder builder;
  builder.add("/", std::move(reply));
  World world(std::move(builder).build(std::make_unique<testing::FunctionApplication>()));
  return world.request(method, "/", fields).value();
}

std::string field(const LocalReply& reply, std::string_view name) {
  return std::string(reply.fields.get(name).value_or("none"));
}

/// Ten bytes, modified long ago.
class FileReplyTest : public ::testing::Test {
 protected:
  void SetUp() override { file.date(kModified, 123456789); }
  FileReply reply(Fields fields = {}) const { return {.path = file.path(), .fields = fields}; }
  FileReply slice(uint64_t begin, uint64_t end) const {
    return {.path = file.path(), .slice = {begin, end}};
  }
  std::string etag() const { return field(send(reply()), "ETag"); }

  TemporaryFile file{"0123456789", "a.txt"};
};

TEST_F(FileReplyTest, SendsTheFileWithItsTypeAndValidators) {
  const LocalReply sent = send(reply());
  EXPECT_EQ(sent.status, 200);
  EXPECT_EQ(sent.body, "0123456789");
  EXPECT_EQ(field(sent, "Content-Type"), "text/plain;charset=utf-8");
  EXPECT_EQ(field(sent, "Last-Modified"), kModifiedText);
  EXPECT_EQ(field(sent, "Accept-Ranges"), "bytes");
  EXPECT_TRUE(http::is_entity_tag(field(sent, "ETag")));
  EXPECT_FALSE(sent.fields.has("Content-Range"));
}

TEST_F(FileReplyTest, ReadsTheFileAtEachRequest) {
  Table::Builder builder;
  builder.add("/", reply());
  World world(std::move(builder).build(std::make_unique<testing::FunctionApplication>()));
  EXPECT_EQ(world.request("GET", "/")->body, "0123456789");
  file.write("other");
  EXPECT_EQ(world.request("GET", "/")->body, "other");
  file.write("");
  EXPECT_EQ(world.request("GET", "/")->body, "");
}

TEST_F(FileReplyTest, WhatTheProgramSaysWins) {
  const LocalReply sent = send(reply({{"content-type", "text/x-mine"},
                                      {"etag", "\"mine\""},
                                      {"last-modified", "Sun, 06 Nov 1994 08:49:38 GMT"},
                                      {"X-A", "1"}}));
  EXPECT_EQ(sent.fields.lines(),
            "content-type: text/x-mine\r\netag: \"mine\"\r\n"
            "last-modified: Sun, 06 Nov 1994 08:49:38 GMT\r\nX-A: 1\r\nAccept-Ranges: bytes\r\n");
}

TEST_F(FileReplyTest, AnotherStatusSendsTheFileAsItIs) {
  FileReply missing = reply();
  missing.status = 404;
  const LocalReply sent = send(missing, {{"Range", "bytes=0-1"}, {"If-None-Match", "*"}});
  EXPECT_EQ(sent.status, 404);
  EXPECT_EQ(sent.body, "0123456789");
  EXPECT_EQ(sent.fields.lines(), "Content-Type: text/plain;charset=utf-8\r\n");
  missing.slice = {2, 4};
  EXPECT_EQ(send(missing).body, "23");
}

// RFC 9110 section 8.8.3
TEST_F(FileReplyTest, TheETagTellsVersionsApart) {
  const std::string first = etag();
  EXPECT_EQ(etag(), first);
  EXPECT_FALSE(first.starts_with("W/"));
  file.date(kModified, 123456790);
  const std::string later = etag();
  EXPECT_NE(later, first) << "a nanosecond later";
  file.write("012345678");
  file.date(kModified, 123456789);
  EXPECT_NE(etag(), first) << "another size";
  TemporaryFile other("0123456789", "a.txt");
  other.date(kModified, 123456789);
  EXPECT_NE(field(send({.path = other.path()}), "ETag"), first) << "another file";
}

// RFC 9110 section 8.8.1: what may change without a new tag is no strong validator
TEST_F(FileReplyTest, TheETagOfANewFileIsWeak) {
  file.date(kModified);
  const std::string strong = etag();
  file.date(std::time(nullptr) + 100);
  const std::string weak = etag();
  EXPECT_TRUE(weak.starts_with("W/")) << weak;
  EXPECT_EQ(send(reply(), {{"If-None-Match", weak}}).status, 304);
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}, {"If-Range", weak}}).status, 200);
  EXPECT_EQ(send(reply(), {{"If-Match", weak}}).status, 412);
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}}).status, 206);
}

// RFC 9110 section 8.8.2.1
TEST_F(FileReplyTest, LastModifiedIsNotInTheFuture) {
  const std::time_t before = std::time(nullptr);
  file.date(before + 1'000'000);
  const auto said = http::parse_date(field(send(reply()), "Last-Modified"), before);
  ASSERT_TRUE(said);
  EXPECT_GE(*said, before - 1);
  EXPECT_LE(*said, before + 100);
}

// RFC 9110 sections 13.1.2, 15.4.5
TEST_F(FileReplyTest, NotModifiedHasValidatorsAndTheProgramsFields) {
  const std::string tag = etag();
  for (std::string_view method : {"GET", "HEAD"}) {
    const LocalReply sent = send(reply({{"Cache-Control", "no-cache"}, {"Content-Type", "x/y"}}),
                                 {{"If-None-Match", tag}}, method);
    EXPECT_EQ(sent.status, 304);
    EXPECT_EQ(sent.body, "");
    EXPECT_EQ(sent.fields.lines(), "Cache-Control: no-cache\r\nETag: " + tag +
                                       "\r\nLast-Modified: " + std::string(kModifiedText) + "\r\n");
  }
  EXPECT_EQ(send(reply(), {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(send(reply({{"ETag", "\"mine\""}}), {{"If-None-Match", "\"mine\""}}).status, 304);
}

// RFC 9110 section 13.1.3
TEST_F(FileReplyTest, IfModifiedSinceLooksAtTheTimeOfTheFile) {
  EXPECT_EQ(send(reply(), {{"If-Modified-Since", kModifiedText}}).status, 304);
  EXPECT_EQ(send(reply(), {{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 200);
}

// RFC 9110 sections 13.1.1, 13.1.4, 15.5.13
TEST_F(FileReplyTest, APreconditionThatFailsIs412) {
  const Fields own{{"Cache-Control", "max-age=60"}, {"Access-Control-Allow-Origin", "*"}};
  const LocalReply sent = send(reply(own), {{"If-Match", "\"other\""}});
  EXPECT_EQ(sent.status, 412);
  EXPECT_EQ(sent.body, "");
  EXPECT_EQ(sent.fields.lines(), "Access-Control-Allow-Origin: *\r\n");
  EXPECT_EQ(send(reply(), {{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status, 412);
  EXPECT_EQ(send(reply(), {{"If-Unmodified-Since", kModifiedText}}).status, 200);
  EXPECT_EQ(send(reply(), {{"If-Match", etag()}}).status, 200);
}

// RFC 9110 section 13.2.1: what the method does is done, and the reply tells of it
TEST_F(FileReplyTest, OtherMethodsAreNotConditional) {
  const Fields fields{{"If-None-Match", "*"}, {"If-Match", "\"other\""}, {"Range", "bytes=0-1"}};
  const LocalReply sent = send(reply(), fields, "POST");
  EXPECT_EQ(sent.status, 200);
  EXPECT_EQ(sent.body, "0123456789");
}

// RFC 9110 sections 14.2, 15.3.7
TEST_F(FileReplyTest, ARangeIs206) {
  const std::pair<std::string_view, std::pair<std::string_view, std::string_view>> ranges[] = {
      {"bytes=0-0", {"bytes 0-0/10", "0"}},       {"bytes=2-4", {"bytes 2-4/10", "234"}},
      {"bytes=7-", {"bytes 7-9/10", "789"}},      {"bytes=-3", {"bytes 7-9/10", "789"}},
      {"bytes=5-100", {"bytes 5-9/10", "56789"}}, {"bytes=0-", {"bytes 0-9/10", "0123456789"}}};
  for (const auto& [range, expected] : ranges) {
    const LocalReply sent = send(reply(), {{"Range", range}});
    EXPECT_EQ(sent.status, 206);
    EXPECT_EQ(field(sent, "Content-Range"), expected.first);
    EXPECT_EQ(sent.body, expected.second);
    EXPECT_EQ(field(sent, "ETag"), etag());
    EXPECT_EQ(field(sent, "Content-Type"), "text/plain;charset=utf-8");
  }
}

// RFC 9110 section 15.5.17
TEST_F(FileReplyTest, ARangeThatIsNotThereIs416) {
  for (std::string_view range : {"bytes=10-", "bytes=-0"}) {
    const LocalReply sent = send(reply({{"Cache-Control", "max-age=60"}}), {{"Range", range}});
    EXPECT_EQ(sent.status, 416);
    EXPECT_EQ(sent.body, "");
    EXPECT_EQ(sent.fields.lines(), "Content-Range: bytes */10\r\nAccept-Ranges: bytes\r\n");
  }
  file.write("");
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-"}}).status, 416);
}

// RFC 9110 section 14.2
TEST_F(FileReplyTest, OtherRangesAreTheWhole) {
  for (std::string_view range : {"bytes=0-1,3-4", "bytes=4-2", "lines=0-1", "nonsense"}) {
    const LocalReply sent = send(reply(), {{"Range", range}});
    EXPECT_EQ(sent.status, 200);
    EXPECT_EQ(sent.body, "0123456789");
  }
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}}, "HEAD").status, 200);
}

TEST_F(FileReplyTest, AProgramMaySwitchRangesOff) {
  const LocalReply sent = send(reply({{"Accept-Ranges", "none"}}), {{"Range", "bytes=0-1"}});
  EXPECT_EQ(sent.status, 200);
  EXPECT_EQ(field(sent, "Accept-Ranges"), "none");
}

// RFC 9110 section 13.1.5
TEST_F(FileReplyTest, IfRangeSavesFromPiecesOfTwoVersions) {
  const std::string tag = etag();
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}, {"If-Range", tag}}).status, 206);
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}, {"If-Range", "W/" + tag}}).status, 200);
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}, {"If-Range", kModifiedText}}).status, 206);
  file.date(kModified + 1);
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}, {"If-Range", tag}}).status, 200);
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}, {"If-Range", kModifiedText}}).status, 200);
  // A range that cannot be satisfied is not looked at either.
  EXPECT_EQ(send(reply(), {{"Range", "bytes=99-"}, {"If-Range", tag}}).status, 200);
}

// RFC 9110 section 13.2.2: preconditions come first
TEST_F(FileReplyTest, NotModifiedGoesBeforeARange) {
  EXPECT_EQ(send(reply(), {{"Range", "bytes=0-1"}, {"If-None-Match", etag()}}).status, 304);
  EXPECT_EQ(send(reply(), {{"Range", "bytes=99-"}, {"If-None-Match", etag()}}).status, 304);
}

TEST_F(FileReplyTest, ASliceIs206) {
  const LocalReply sent = send(slice(2, 5), {{"Range", "bytes=0-0"}});
  EXPECT_EQ(sent.status, 206);
  EXPECT_EQ(field(sent, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(sent.body, "234");
  EXPECT_FALSE(sent.fields.has("Accept-Ranges"));
  EXPECT_EQ(send(slice(5, 100)).body, "56789");
}

// RFC 9110 section 15.3.7: a 206 says which part it is.
TEST_F(FileReplyTest, A206OfTheProgramsHasContentRange) {
  FileReply part = slice(2, 5);
  part.status = 206;
  EXPECT_EQ(field(send(part), "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(send(part).body, "234");
  part.fields = {{"Content-Range", "bytes 2-4/*"}};
  EXPECT_EQ(field(send(part), "Content-Range"), "bytes 2-4/*");
  FileReply whole = reply();
  whole.status = 206;
  EXPECT_EQ(field(send(whole), "Content-Range"), "bytes 0-9/10");
  part = slice(20, 30);
  part.status = 206;
  EXPECT_EQ(field(send(part), "Content-Range"), "none");
}

TEST_F(FileReplyTest, AProgramMaySayByItselfWhichPartItSends) {
  FileReply part = slice(2, 5);
  part.fields = {{"Content-Range", "bytes 102-104/200"}};
  for (const Fields& fields : {Fields(), Fields{{"Range", "bytes=0-0"}}}) {
    const LocalReply sent = send(part, fields);
    EXPECT_EQ(sent.status, 206);
    EXPECT_EQ(field(sent, "Content-Range"), "bytes 102-104/200");
    EXPECT_EQ(sent.body, "234");
  }
  const LocalReply whole =
      send(reply({{"Content-Range", "bytes 0-9/10"}}), {{"Range", "bytes=0-0"}});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "0123456789");
  EXPECT_EQ(field(whole, "Accept-Ranges"), "none");
}

TEST_F(FileReplyTest, AProgramMayGiveAType) {
  FileReply typed = reply();
  typed.type = "text/x-ten";
  EXPECT_EQ(field(send(typed), "Content-Type"), "text/x-ten");
  typed.status = 404;
  EXPECT_EQ(field(send(typed), "Content-Type"), "text/x-ten");
  typed.fields = {{"Content-Type", "text/y"}};
  EXPECT_EQ(field(send(typed), "Content-Type"), "text/y");
  FileReply untyped = reply();
  untyped.type = "";
  EXPECT_EQ(field(send(untyped), "Content-Type"), "none");
}

TEST_F(FileReplyTest, ASliceOfEverythingOrNothingIs200) {
  for (auto [begin, end, body] :
       {std::tuple<uint64_t, uint64_t, std::string_view>{0, 10, "0123456789"},
        {0, 50, "0123456789"},
        {3, 3, ""},
        {10, 20, ""},
        {5, 2, ""}}) {
    const LocalReply sent = send(slice(begin, end));
    EXPECT_EQ(sent.status, 200);
    EXPECT_EQ(sent.body, body);
    EXPECT_FALSE(sent.fields.has("Content-Range"));
  }
}

// ---- What cannot be sent

class AbsentFileTest : public ::testing::Test {
 protected:
  // What a route with that path comes to, without and with a fetch.
  void expect_fall_through(const std::string& path) {
    EXPECT_EQ(send({.path = path}).status, 404) << path;
    Table::Builder builder;
    auto application = std::make_unique<testing::FunctionApplication>();
    builder.add("/", FileReply{.path = path});
    builder.set_fetch(application->add([](Exchange& exchange) {
      exchange.reply({.body = exchange.matched ? "matched" : "fetch"});
    }));
    World world(std::move(builder).build(std::move(application)));
    EXPECT_EQ(world.request("GET", "/")->body, "fetch") << path;
  }
  static std::error_code error_of(const std::string& path) {
    std::error_code error;
    World world(TableMaker()
                    .fetch([&](Exchange& exchange) {
                      error = send_file(exchange, {.path = path});
                      EXPECT_EQ(exchange.replied(), !error);
                      if (error) exchange.reply({.status = 500});
                    })
                    .make());
    world.request("GET", "/");
    return error;
  }

  TemporaryFile file{"0123456789"};
};

TEST_F(AbsentFileTest, AMissingFile) {
  EXPECT_EQ(error_of(file.path()), std::error_code());
  EXPECT_EQ(error_of(file.folder() + "/nothing"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of(file.path() + "/below"), std::errc::not_a_directory);
  EXPECT_EQ(error_of(""), std::errc::no_such_file_or_directory);
  expect_fall_through(file.folder() + "/nothing");
  expect_fall_through(file.path() + "/below");
}

TEST_F(AbsentFileTest, ADirectory) {
  EXPECT_EQ(error_of(file.folder()), std::errc::is_a_directory);
  expect_fall_through(file.folder());
}

TEST_F(AbsentFileTest, APipeAndADeviceDoNotBlock) {
  const std::string pipe = file.folder() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(error_of(pipe), std::errc::operation_not_supported);
  expect_fall_through(pipe);
  ::unlink(pipe.c_str());
  EXPECT_EQ(error_of("/dev/zero"), std::errc::operation_not_supported);
  expect_fall_through("/dev/zero");
}

// open(2) would read a path with a NUL byte only up to it.
TEST_F(AbsentFileTest, APathWithANulByte) {
  const std::string path = file.path() + std::string(1, '\0') + ".png";
  EXPECT_EQ(error_of(path), std::errc::invalid_argument);
  expect_fall_through(path);
}

TEST_F(AbsentFileTest, OneThatWeMayNotRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ::chmod(file.path().c_str(), 0);
  EXPECT_EQ(error_of(file.path()), std::errc::permission_denied);
  expect_fall_through(file.path());
}

// A 404 would say that there is no such file.
TEST_F(AbsentFileTest, WithoutDescriptorsARouteIsAnError) {
  std::string log;
  Settings settings = testing::loopback();
  settings.log = [&](std::string_view lines) { log += lines; };
  Table::Builder builder;
  builder.add("/", FileReply{.path = file.path()});
  World world(std::move(builder).build(std::make_unique<testing::FunctionApplication>()), settings);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto reply = world.request("GET", "/");
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(reply->status, 500);
  EXPECT_NE(log.find(file.path()), log.npos) << log;
}

TEST_F(AbsentFileTest, NoDescriptorIsLeft) {
  const size_t before = bao::testing::open_descriptors();
  for (const std::string& path : {file.path(), file.folder(), std::string("/dev/null")}) {
    error_of(path);
  }
  EXPECT_EQ(bao::testing::open_descriptors(), before);
}

// A local request reads a small file; a large one is its caller's to read.
TEST_F(AbsentFileTest, ALocalRequestHandsALargeFileOver) {
  file.resize(off_t{1} << 40);
  const LocalReply whole = send({.path = file.path()});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "");
  ASSERT_TRUE(whole.file);
  EXPECT_EQ(whole.file->offset, 0u);
  EXPECT_EQ(whole.file->length, uint64_t{1} << 40);
  const LocalReply part = send({.path = file.path()}, {{"Range", "bytes=3-2000002"}});
  EXPECT_EQ(part.status, 206);
  ASSERT_TRUE(part.file);
  EXPECT_EQ(part.file->offset, 3u);
  EXPECT_EQ(read_content(*part.file), "3456789" + std::string(2000000 - 7, '\0'));
  EXPECT_FALSE(send({.path = file.path()}, {}, "HEAD").file);
  EXPECT_EQ(send({.path = file.path()}, {{"Range", "bytes=-5"}}).body, std::string(5, '\0'));
  EXPECT_FALSE(send({.path = file.path()}, {{"Range", "bytes=-5"}}).file);
}

TEST_F(AbsentFileTest, ContentThatIsNotThereAnyMoreIsNotRead) {
  file.resize(2 << 20);
  const LocalReply reply = send({.path = file.path()});
  ASSERT_TRUE(reply.file);
  file.resize(1 << 20);
  EXPECT_EQ(read_content(*reply.file), std::nullopt);
}

// Of a route by method, it is the most specific one that names the file.
TEST_F(AbsentFileTest, ARouteByMethodMayNameAFile) {
  Table::Builder builder;
  builder.add("/", {{http::Method::get, FileReply{.path = file.path()}}});
  World world(std::move(builder).build(std::make_unique<testing::FunctionApplication>()));
  EXPECT_EQ(world.request("GET", "/")->body, "0123456789");
  EXPECT_EQ(world.request("HEAD", "/")->status, 200);
  EXPECT_EQ(world.request("PUT", "/")->status, 405);
}

}  // namespace
}  // namespace bao::server
