#include "server/compression.h"

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "content_coding/decoded.h"
#include "http/validators.h"
#include "net/temporary_file.h"
#include "net/temporary_folder.h"
#include "server/server_world.h"

namespace bao::server {
namespace {

using bao::testing::decoded;
using http::Coding;
using testing::Function;
using testing::TableMaker;
using testing::World;

std::string field(const LocalReply& reply, std::string_view name) {
  return std::string(reply.fields.get(name).value_or("none"));
}

std::string text(size_t size = 5000) {
  std::string content;
  for (int i = 0; content.size() < size; ++i) content += "line " + std::to_string(i) + "\n";
  content.resize(size);
  return content;
}

Settings compressing(CompressionSettings compression = {}) {
  Settings settings = testing::loopback();
  settings.compression = std::move(compression);
  return settings;
}

/// What a handler's reply becomes.
LocalReply send(const Fields& request, Function function, std::string_view method = "GET",
                CompressionSettings compression = {}) {
  World world(TableMaker().route("/", std::move(function)).make(), compressing(compression));
  std::optional<LocalReply> got;
  LocalRequest::start(*world.server, method, "/", request, "",
                      [&](LocalReply reply) { got = std::move(reply); });
  EXPECT_TRUE(world.turn_until([&] { return got.has_value(); }));
  return std::move(got).value_or(LocalReply());
}

LocalReply send_text(std::string_view accepted, Fields fields = {}, std::string body = text(),
                     int status = 200, std::string_view method = "GET") {
  return send(
      {{"Accept-Encoding", accepted}},
      [=](Exchange& exchange) {
        exchange.reply(
            {.status = status, .fields = &fields, .content_type = "text/plain", .body = body});
      },
      method);
}

// RFC 9110 sections 8.4, 12.5.3, 12.5.5
TEST(Compression, TheClientsCodingIsSent) {
  for (const Coding coding : {Coding::gzip, Coding::brotli, Coding::zstd}) {
    const LocalReply reply = send_text(http::coding_name(coding));
    EXPECT_EQ(field(reply, "Content-Encoding"), http::coding_name(coding));
    EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
    EXPECT_EQ(field(reply, "Content-Type"), "text/plain");
    EXPECT_EQ(decoded(coding, reply.body), text());
    EXPECT_LT(reply.body.size(), text().size() / 2);
  }
}

TEST(Compression, OfSeveralTheServersFirstIsSent) {
  EXPECT_EQ(field(send_text("gzip, deflate, br, zstd"), "Content-Encoding"), "zstd");
  EXPECT_EQ(field(send_text("gzip, br"), "Content-Encoding"), "br");
  EXPECT_EQ(field(send_text("gzip, br;q=0.5"), "Content-Encoding"), "gzip");
  const Function function = [](Exchange& exchange) {
    exchange.reply({.content_type = "text/plain", .body = text()});
  };
  EXPECT_EQ(field(send({{"Accept-Encoding", "gzip, br, zstd"}}, function, "GET",
                       {.codings = {"gzip", "br"}}),
                  "Content-Encoding"),
            "gzip");
  EXPECT_EQ(field(send({{"Accept-Encoding", "zstd"}}, function, "GET", {.codings = {"gzip"}}),
                  "Content-Encoding"),
            "none");
}

// RFC 9110 section 12.5.5: caches must know, also with the reply that has none
TEST(Compression, WithoutACodingVarySaysThatThereIsOne) {
  for (std::string_view accepted : {"", "identity", "gzip;q=0", "deflate"}) {
    const LocalReply reply = send_text(accepted);
    EXPECT_EQ(reply.body, text());
    EXPECT_EQ(field(reply, "Content-Encoding"), "none");
    EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding") << accepted;
  }
}

TEST(Compression, VaryKeepsWhatTheProgramSays) {
  EXPECT_EQ(field(send_text("gzip", {{"Vary", "Origin"}}), "Vary"), "Origin, Accept-Encoding");
  EXPECT_EQ(field(send_text("", {{"Vary", "Origin"}}), "Vary"), "Origin, Accept-Encoding");
  EXPECT_EQ(field(send_text("gzip", {{"Vary", "accept-encoding"}}), "Vary"), "accept-encoding");
  EXPECT_EQ(field(send_text("gzip", {{"Vary", "*"}}), "Vary"), "*");
}

void expect_untouched(const LocalReply& reply, const std::string& body) {
  EXPECT_EQ(reply.body, body);
  EXPECT_EQ(field(reply, "Vary"), "none");
}

TEST(Compression, SmallBodiesAreSentAsTheyAre) {
  expect_untouched(send_text("gzip", {}, text(1023)), text(1023));
  EXPECT_EQ(field(send_text("gzip", {}, text(1024)), "Content-Encoding"), "gzip");
  expect_untouched(send_text("gzip", {}, ""), "");
  const Function function = [](Exchange& exchange) {
    exchange.reply({.content_type = "text/plain", .body = text(100)});
  };
  EXPECT_EQ(field(send({{"Accept-Encoding", "gzip"}}, function, "GET", {.min_size = 100}),
                  "Content-Encoding"),
            "gzip");
}

TEST(Compression, TypesThatAreCompressedAreSentAsTheyAre) {
  for (const char* type : {"image/png", "application/zip", "application/octet-stream"}) {
    expect_untouched(send_text("gzip", {{"Content-Type", type}}), text());
  }
  expect_untouched(send({{"Accept-Encoding", "gzip"}},
                        [](Exchange& exchange) { exchange.reply({.body = text()}); }),
                   text());
}

TEST(Compression, ContentWithACodingIsSentAsItIs) {
  expect_untouched(send_text("gzip", {{"Content-Encoding", "br"}}), text());
  expect_untouched(send_text("gzip", {{"content-encoding", "identity"}}), text());
}

// RFC 9111 section 5.2.2.6
TEST(Compression, NoTransformIsHeeded) {
  expect_untouched(send_text("gzip", {{"Cache-Control", "public, No-Transform"}}), text());
  EXPECT_EQ(field(send_text("gzip", {{"Cache-Control", "public"}}), "Content-Encoding"), "gzip");
}

// RFC 9530: the digest would be wrong
TEST(Compression, ContentWithADigestIsSentAsItIs) {
  for (const char* name : {"Content-Digest", "Repr-Digest", "Digest", "Content-MD5"}) {
    expect_untouched(send_text("gzip", {{name, "x"}}), text());
  }
}

TEST(Compression, PartsAreSentAsTheyAre) {
  expect_untouched(send_text("gzip", {{"Content-Range", "bytes 0-4999/9000"}}, text(), 206),
                   text());
}

TEST(Compression, ErrorsAreCompressedToo) {
  const LocalReply reply = send_text("gzip", {}, text(), 404);
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(decoded(Coding::gzip, reply.body), text());
}

TEST(Compression, WhatDoesNotBecomeSmallerIsSentAsItIs) {
  std::string noise;
  uint32_t state = 1;
  for (int i = 0; i < 3000; ++i)
    noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const LocalReply reply = send_text("gzip", {{"ETag", "\"x\""}}, noise);
  EXPECT_EQ(reply.body, noise);
  EXPECT_EQ(field(reply, "Content-Encoding"), "none");
  EXPECT_EQ(field(reply, "ETag"), "\"x\"");
  EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
}

// RFC 9110 section 8.8.1: other bytes cannot have the same strong validator
TEST(Compression, TheETagBecomesWeak) {
  EXPECT_EQ(field(send_text("gzip", {{"ETag", "\"x\""}}), "ETag"), "W/\"x\"");
  EXPECT_EQ(field(send_text("gzip", {{"ETag", "W/\"x\""}}), "ETag"), "W/\"x\"");
  EXPECT_EQ(field(send_text("", {{"ETag", "\"x\""}}), "ETag"), "\"x\"");
}

TEST(Compression, RangesAreNotOfferedOfWhatHasACoding) {
  EXPECT_EQ(field(send_text("gzip", {{"Accept-Ranges", "bytes"}}), "Accept-Ranges"), "none");
}

// RFC 9110 section 13.1.2: the program knows nothing of this tag
TEST(Compression, IfNoneMatchIsHeededForTheTagThatWasSent) {
  const Function function = [](Exchange& exchange) {
    const Fields fields{{"ETag", "\"x\""}, {"Cache-Control", "no-cache"}};
    exchange.reply({.fields = &fields, .content_type = "text/plain", .body = text()});
  };
  for (std::string_view method : {"GET", "HEAD"}) {
    const LocalReply reply =
        send({{"Accept-Encoding", "gzip"}, {"If-None-Match", "W/\"x\""}}, function, method);
    EXPECT_EQ(reply.status, 304);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(field(reply, "ETag"), "W/\"x\"");
    EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
    EXPECT_EQ(field(reply, "Cache-Control"), "no-cache");
    EXPECT_EQ(field(reply, "Content-Encoding"), "none");
  }
  EXPECT_EQ(send({{"Accept-Encoding", "gzip"}, {"If-None-Match", "\"y\""}}, function).status, 200);
  EXPECT_EQ(send({{"If-None-Match", "W/\"x\""}}, function).status, 200) << "not ours to answer";
  EXPECT_EQ(
      send({{"Accept-Encoding", "gzip"}, {"If-None-Match", "\"x\""}}, function, "POST").status,
      200);
}

// RFC 9110 section 9.3.2
TEST(Compression, HeadIsAsGet) {
  for (const size_t size : {size_t{5000}, size_t{200'000}}) {
    const LocalReply get = send_text("gzip", {{"ETag", "\"x\""}}, text(size));
    const LocalReply head = send_text("gzip", {{"ETag", "\"x\""}}, text(size), 200, "HEAD");
    EXPECT_EQ(head.fields.lines(), get.fields.lines());
    EXPECT_EQ(head.body, "");
  }
}

// RFC 9110 section 8.6: a length that is not that of GET must not be sent
TEST(Compression, ALengthThatTheProgramTellsOfHeadIsDropped) {
  const LocalReply reply = send_text("gzip", {{"Content-Length", "5000"}}, "", 200, "HEAD");
  EXPECT_EQ(field(reply, "Content-Encoding"), "gzip");
  EXPECT_EQ(field(reply, "Content-Length"), "none");
  EXPECT_EQ(field(send_text("", {{"Content-Length", "5000"}}, "", 200, "HEAD"), "Content-Length"),
            "5000");
}

TEST(Compression, LargeBodiesAreSentInPieces) {
  for (const size_t size : {size_t{64 * 1024}, size_t{64 * 1024 + 1}, size_t{3'000'000}}) {
    const LocalReply reply = send_text("zstd", {}, text(size));
    EXPECT_EQ(field(reply, "Content-Encoding"), "zstd");
    EXPECT_EQ(decoded(Coding::zstd, reply.body), text(size));
  }
}

// ---- Streams

/// Writes those pieces, with what the codec has had so far after each.
Function stream(std::vector<std::string> pieces, std::optional<uint64_t> length = std::nullopt) {
  return [=](Exchange& exchange) {
    const Fields fields{{"ETag", "\"x\""}};
    exchange.reply({.fields = &fields,
                    .content_type = "text/event-stream",
                    .streamed = true,
                    .length = length});
    for (const std::string& piece : pieces) exchange.write(piece);
    exchange.finish(nullptr);
  };
}

TEST(Compression, StreamsAreCoded) {
  for (const Coding coding : {Coding::gzip, Coding::brotli, Coding::zstd}) {
    const LocalReply reply =
        send({{"Accept-Encoding", http::coding_name(coding)}}, stream({"one ", "two ", "three"}));
    EXPECT_EQ(field(reply, "Content-Encoding"), http::coding_name(coding));
    EXPECT_EQ(field(reply, "ETag"), "W/\"x\"");
    bool whole = false;
    EXPECT_EQ(decoded(coding, reply.body, &whole), "one two three");
    EXPECT_TRUE(whole);
  }
  EXPECT_EQ(send({}, stream({"one ", "two"})).body, "one two");
}

TEST(Compression, AnEmptyStreamIsWhole) {
  bool whole = false;
  EXPECT_EQ(decoded(Coding::gzip, send({{"Accept-Encoding", "gzip"}}, stream({})).body, &whole),
            "");
  EXPECT_TRUE(whole);
}

TEST(Compression, AStreamIsNotAnsweredWith304) {
  EXPECT_EQ(send({{"Accept-Encoding", "gzip"}, {"If-None-Match", "*"}}, stream({"a"})).status, 200);
}

TEST(Compression, TheDeclaredLengthOfAStreamIsWatched) {
  const Fields gzip{{"Accept-Encoding", "gzip"}};
  const LocalReply reply = send(gzip, stream({text(2000), text(1000)}, 3000));
  EXPECT_EQ(decoded(Coding::gzip, reply.body), text(2000) + text(1000));
  EXPECT_EQ(send(gzip, stream({text(2000)}, 3000)).status, 0) << "too little";
  EXPECT_EQ(send(gzip, stream({text(3001)}, 3000)).status, 0) << "too much";
}

TEST(Compression, AStreamOfAShortLengthIsSentAsItIs) {
  const LocalReply reply = send({{"Accept-Encoding", "gzip"}}, stream({"abc"}, 3));
  EXPECT_EQ(reply.body, "abc");
  EXPECT_EQ(field(reply, "Vary"), "none");
}

// ---- Prepared replies

class CompressedPreparedReply : public ::testing::Test {
 protected:
  std::unique_ptr<World> world_of(Fields fields = {}, std::string body = text(), int status = 200) {
    return std::make_unique<World>(
        TableMaker()
            .prepared("/", PreparedReply(status, std::move(fields), "text/plain", std::move(body)))
            .make(),
        compressing());
  }
  static LocalReply get(World& world, const Fields& fields, std::string_view method = "GET") {
    return world.request(method, "/", fields).value();
  }
};

TEST_F(CompressedPreparedReply, HasEachCoding) {
  auto world = world_of();
  for (const Coding coding : {Coding::gzip, Coding::brotli, Coding::zstd}) {
    const LocalReply reply = get(*world, {{"Accept-Encoding", http::coding_name(coding)}});
    EXPECT_EQ(field(reply, "Content-Encoding"), http::coding_name(coding));
    EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
    EXPECT_EQ(decoded(coding, reply.body), text());
  }
  const LocalReply plain = get(*world, {});
  EXPECT_EQ(plain.body, text());
  EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding");
  EXPECT_EQ(field(plain, "Content-Encoding"), "none");
}

TEST_F(CompressedPreparedReply, TheSmallestIsSentIfTheClientTakesAll) {
  auto world = world_of();
  const size_t best = get(*world, {{"Accept-Encoding", "gzip, br, zstd"}}).body.size();
  for (std::string_view coding : {"gzip", "br", "zstd"}) {
    EXPECT_LE(best, get(*world, {{"Accept-Encoding", coding}}).body.size());
  }
}

TEST_F(CompressedPreparedReply, IsConditional) {
  auto world = world_of();
  const std::string strong = field(get(*world, {}), "ETag");
  const std::string weak = field(get(*world, {{"Accept-Encoding", "gzip"}}), "ETag");
  EXPECT_EQ(weak, "W/" + strong);
  for (const std::string& tag : {strong, weak}) {
    const LocalReply reply = get(*world, {{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}});
    EXPECT_EQ(reply.status, 304);
    EXPECT_EQ(field(reply, "ETag"), weak);
    EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
    EXPECT_EQ(field(reply, "Content-Encoding"), "none");
  }
  EXPECT_EQ(field(get(*world, {{"If-None-Match", weak}}), "ETag"), strong);
}

TEST_F(CompressedPreparedReply, HeadIsAsGet) {
  auto world = world_of();
  const Fields gzip{{"Accept-Encoding", "gzip"}};
  EXPECT_EQ(get(*world, gzip, "HEAD").fields.lines(), get(*world, gzip).fields.lines());
}

TEST_F(CompressedPreparedReply, WhatIsNotNegotiableStaysAsItIs) {
  const Fields gzip{{"Accept-Encoding", "gzip"}};
  expect_untouched(get(*world_of({}, text(1000)), gzip), text(1000));
  expect_untouched(get(*world_of({{"Content-Type", "image/png"}}), gzip), text());
  expect_untouched(get(*world_of({{"Cache-Control", "no-transform"}}), gzip), text());
  expect_untouched(get(*world_of({{"Content-Encoding", "br"}}), gzip), text());
  EXPECT_EQ(field(get(*world_of({}, text(), 404), gzip), "Content-Encoding"), "gzip");
}

TEST_F(CompressedPreparedReply, IsCompressedAfterAReloadToo) {
  auto world = world_of();
  world->server->reload(
      TableMaker().prepared("/", PreparedReply(200, {}, "text/css", text(9000))).make());
  const LocalReply reply = get(*world, {{"Accept-Encoding", "br"}});
  EXPECT_EQ(decoded(Coding::brotli, reply.body), text(9000));
}

// ---- Files

class CompressedFile : public ::testing::Test {
 protected:
  LocalReply get(const Fields& fields, std::string_view method = "GET") {
    Table::Builder builder;
    builder.add("/", FileReply{.path = file.path()});
    World world(std::move(builder).build(std::make_unique<testing::FunctionApplication>()),
                compressing());
    std::optional<LocalReply> got;
    LocalRequest::start(*world.server, method, "/", fields, "",
                        [&](LocalReply reply) { got = std::move(reply); });
    EXPECT_TRUE(world.turn_until([&] { return got.has_value(); }));
    return std::move(got).value_or(LocalReply());
  }
  void SetUp() override { file.date(784111777); }

  bao::testing::TemporaryFile file{text(), "a.js"};
};

TEST_F(CompressedFile, IsCompressedAsItIsSent) {
  for (const size_t size : {size_t{5000}, size_t{500'000}}) {
    file.write(text(size));
    const LocalReply reply = get({{"Accept-Encoding", "br"}});
    EXPECT_EQ(field(reply, "Content-Encoding"), "br");
    EXPECT_EQ(field(reply, "Content-Type"), "text/javascript;charset=utf-8");
    EXPECT_EQ(field(reply, "Accept-Ranges"), "none");
    EXPECT_TRUE(field(reply, "ETag").starts_with("W/"));
    EXPECT_EQ(decoded(Coding::brotli, reply.body), text(size));
  }
}

TEST_F(CompressedFile, IsConditional) {
  const LocalReply whole = get({{"Accept-Encoding", "br"}});
  const LocalReply reply =
      get({{"Accept-Encoding", "br"}, {"If-None-Match", field(whole, "ETag")}});
  EXPECT_EQ(reply.status, 304);
  EXPECT_EQ(field(reply, "ETag"), field(whole, "ETag"));
  EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
  EXPECT_EQ(get({{"If-None-Match", field(whole, "ETag")}}).status, 304);
}

// RFC 9110 section 14.2: a part is of the file
TEST_F(CompressedFile, ARangeHasNoCoding) {
  const LocalReply part = get({{"Accept-Encoding", "br"}, {"Range", "bytes=0-3"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "line");
  EXPECT_EQ(field(part, "Content-Encoding"), "none");
  EXPECT_EQ(field(part, "Vary"), "Accept-Encoding");
}

// RFC 9110 section 13.1.5: the date is that of every coding of the file
TEST_F(CompressedFile, APartOfAnotherCodingIsNotCompleted) {
  const Fields resumes{{"Accept-Encoding", "br"},
                       {"Range", "bytes=100-"},
                       {"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  EXPECT_EQ(get(resumes).status, 200);
  const Fields plain{{"Range", "bytes=100-"}, {"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  EXPECT_EQ(get(plain).status, 206);
}

TEST_F(CompressedFile, APrecompressedSiblingGoesBefore) {
  bao::testing::TemporaryFolder folder;
  folder.write("x.js", text());
  folder.write("x.js.gz", "GZ");
  TableMaker maker;
  maker.methods("/*",
                {{http::Method::get, DirectoryReply(folder.path(), {.precompressed = true})}});
  World world(maker.make(), compressing());
  EXPECT_EQ(world.request("GET", "/x.js", {{"Accept-Encoding", "gzip"}})->body, "GZ");
  const LocalReply reply = world.request("GET", "/x.js", {{"Accept-Encoding", "br"}}).value();
  EXPECT_EQ(decoded(Coding::brotli, reply.body), text());
  EXPECT_EQ(field(reply, "Vary"), "Accept-Encoding");
}

// ---- Off

TEST(Compression, IsOffUnlessAskedFor) {
  World world(TableMaker()
                  .route("/",
                         [](Exchange& exchange) {
                           exchange.reply({.content_type = "text/plain", .body = text()});
                         })
                  .prepared("/p", PreparedReply(200, {}, "text/plain", text()))
                  .make());
  for (std::string_view target : {"/", "/p"}) {
    expect_untouched(world.request("GET", target, {{"Accept-Encoding", "gzip"}}).value(), text());
  }
}

}  // namespace
}  // namespace bao::server
