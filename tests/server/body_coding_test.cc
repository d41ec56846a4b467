#include "server/body_coding.h"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "content_coding/encoder.h"
#include "server/server_world.h"

namespace bao::server {
namespace {

using testing::TableMaker;
using testing::World;

std::string gzip(std::string_view content) {
  return content_coding::encode(http::Coding::gzip, content_coding::Effort::each_time, content);
}

Settings decoding(uint64_t limit = 1 << 20) {
  Settings settings = testing::loopback();
  settings.decode_request_bodies = true;
  settings.max_request_body_size = limit;
  return settings;
}

/// Answers with the body, or why there is none.
void echo(Exchange& exchange) {
  exchange.collect_body();
  if (exchange.body_state() == http::Exchange::BodyState::failed) return;
  const std::string body = std::move(exchange.body());
  exchange.reply({.body = body});
}

LocalReply post(const Fields& fields, std::string body, Settings settings = decoding()) {
  World world(TableMaker().route("/", echo).make(), std::move(settings));
  return world.request("POST", "/", fields, std::move(body)).value();
}

// RFC 9110 section 8.4
TEST(BodyCoding, BodiesAreDecoded) {
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, gzip("hello")).body, "hello");
  EXPECT_EQ(post({{"content-encoding", "X-GZIP"}}, gzip("hello")).body, "hello");
  EXPECT_EQ(post({{"Content-Encoding", "identity, gzip"}}, gzip("hello")).body, "hello");
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, "").body, "");
  EXPECT_EQ(post({}, "plain").body, "plain");
  EXPECT_EQ(post({{"Content-Encoding", "identity"}}, "plain").body, "plain");
}

TEST(BodyCoding, IsOffUnlessAskedFor) {
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, gzip("a"), testing::loopback()).body, gzip("a"));
  EXPECT_EQ(post({{"Content-Encoding", "exi"}}, "a", testing::loopback()).body, "a");
}

// RFC 9110 sections 12.5.3, 15.5.16
TEST(BodyCoding, AnUnknownCodingIs415WithWhatIsUnderstood) {
  for (std::string_view coding : {"br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "x y"}) {
    const LocalReply reply = post({{"Content-Encoding", coding}}, "body");
    EXPECT_EQ(reply.status, 415) << coding;
    EXPECT_EQ(reply.fields.get("Accept-Encoding"), "gzip, deflate");
  }
}

TEST(BodyCoding, AMalformedBodyIs400) {
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, "no gzip").status, 400);
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, gzip("hello").substr(0, 15)).status, 400);
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, gzip("hello") + "more").status, 400);
}

// RFC 9110 section 15.5.14
TEST(BodyCoding, ABombIs413) {
  const std::string bomb = gzip(std::string(5'000'000, 'a'));
  ASSERT_LT(bomb.size(), 10'000U);
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, bomb).status, 413);
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, bomb, decoding(5'000'000)).status, 200);
  EXPECT_EQ(post({{"Content-Encoding", "gzip"}}, bomb, decoding(4'999'999)).status, 413);
}

/// Takes pieces until there are none.
class Pieces final : public http::BodyReader {
 public:
  explicit Pieces(Exchange& exchange) : exchange_(&exchange) {}
  void on_body(http::Exchange&) override { take(); }
  void take() {
    while (!exchange_->body().empty()) {
      largest = std::max(largest, exchange_->body().size());
      content += exchange_->take_body_piece();
    }
    if (exchange_->body_state() == http::Exchange::BodyState::complete &&
        !std::exchange(over, true)) {
      exchange_->reply({.body = content});
    }
  }
  std::string content;
  size_t largest = 0;
  bool over = false;

 private:
  http::Reference<Exchange> exchange_;
};

TEST(BodyCoding, PiecesAreNoLargerThanTheWindow) {
  std::unique_ptr<Pieces> pieces;
  World world(TableMaker()
                  .route("/",
                         [&](Exchange& exchange) {
                           pieces = std::make_unique<Pieces>(exchange);
                           exchange.stream_body(*pieces);
                           pieces->take();
                         })
                  .make(),
              decoding(10 << 20));
  const std::string content(5'000'000, 'a');
  const LocalReply reply =
      world.request("POST", "/", {{"Content-Encoding", "gzip"}}, gzip(content)).value();
  EXPECT_EQ(reply.body, content);
  EXPECT_LE(pieces->largest, http::Exchange::kBodyWindow);
  pieces = nullptr;
}

TEST(BodyCoding, AHandlerMayAskByItself) {
  World world(TableMaker()
                  .route("/",
                         [](Exchange& exchange) {
                           if (decode_body(exchange, 10)) echo(exchange);
                         })
                  .make());
  const Fields gzipped{{"Content-Encoding", "gzip"}};
  EXPECT_EQ(world.request("POST", "/", gzipped, gzip("0123456789"))->body, "0123456789");
  EXPECT_EQ(world.request("POST", "/", gzipped, gzip("0123456789a"))->status, 413);
  EXPECT_EQ(world.request("POST", "/", {{"Content-Encoding", "br"}}, "a")->status, 415);
  EXPECT_EQ(world.request("POST", "/", {}, "longer than ten bytes")->body, "longer than ten bytes");
}

}  // namespace
}  // namespace bao::server
