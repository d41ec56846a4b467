#include <fcntl.h>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>

#include "http1/connection_fixture.h"
#include "net/temporary_file.h"

// Files as replies, over a transport in memory.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using bao::testing::ConnectionTest;
using bao::testing::open_descriptors;
using bao::testing::reply_with;
using bao::testing::some_bytes;
using bao::testing::TemporaryFile;

constexpr size_t kTurn = 1 << 20;

class ConnectionFileTest : public ConnectionTest {
 protected:
  static void send_part(Exchange& exchange, const TemporaryFile& file, uint64_t offset,
                        uint64_t length, int status = 200) {
    http::FileContent content{file.open(), offset, length};
    exchange.reply({.status = status, .file = &content});
  }
  // Every request gets `length` bytes of the file.
  void serve(const TemporaryFile& file, uint64_t length) {
    world.handler = [&file, length](Exchange& exchange) { send_part(exchange, file, 0, length); };
  }
};

TEST_F(ConnectionFileTest, ASmallFileLeavesInOneWriteWithItsHead) {
  for (size_t size : {0, 1, 1000, 16 * 1024 - 1, 16 * 1024}) {
    const std::string bytes = some_bytes(size);
    TemporaryFile file(bytes);
    serve(file, size);
    Client& client = world.connect();
    world.send(client, get("/"));
    EXPECT_EQ(client.wire.writes.size(), 1u) << size;
    EXPECT_EQ(output(client), ok(bytes));
    world.send(client, get("/"));
    EXPECT_EQ(output(client), ok(bytes)) << "the connection goes on";
  }
}

TEST_F(ConnectionFileTest, ALargeFileFollowsItsHead) {
  for (size_t size :
       {size_t{16 * 1024 + 1}, size_t{100'000}, kTurn - 1, kTurn, kTurn + 1, 3 * kTurn + 17}) {
    const std::string bytes = some_bytes(size);
    TemporaryFile file(bytes);
    serve(file, size);
    Client& client = world.connect();
    world.send(client, get("/"));
    EXPECT_TRUE(output(client) == ok(bytes)) << size;
    world.send(client, get("/"));
    EXPECT_TRUE(output(client) == ok(bytes)) << "the connection goes on: " << size;
  }
}

TEST_F(ConnectionFileTest, APartIsThatPart) {
  const std::string bytes = some_bytes(100'000);
  TemporaryFile file(bytes);
  for (auto [offset, length] : {std::pair(0, 10), {99'990, 10}, {500, 50'000}, {99'999, 0}}) {
    world.handler = [&, offset = offset, length = length](Exchange& exchange) {
      send_part(exchange, file, static_cast<uint64_t>(offset), static_cast<uint64_t>(length));
    };
    Client& client = world.connect();
    world.send(client, get("/"));
    EXPECT_TRUE(output(client) ==
                ok(bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length))));
  }
}

// RFC 9110 section 9.3.2
TEST_F(ConnectionFileTest, HeadGetsTheLengthAndNoContent) {
  for (size_t size : {10, 100'000}) {
    TemporaryFile file(some_bytes(size));
    serve(file, size);
    Client& client = world.connect();
    world.send(client, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(output(client),
              "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    EXPECT_FALSE(client.wire.closed);
  }
}

// RFC 9110 sections 15.3.5, 15.3.6, 15.4.5
TEST_F(ConnectionFileTest, AStatusWithoutContentSendsNone) {
  TemporaryFile file(some_bytes(100'000));
  for (int status : {204, 205, 304}) {
    world.handler = [&](Exchange& exchange) { send_part(exchange, file, 0, 100'000, status); };
    Client& client = world.connect();
    world.send(client, get("/"));
    const std::string text = output(client);
    EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
    EXPECT_FALSE(client.wire.closed);
  }
}

TEST_F(ConnectionFileTest, RepliesOfAPipelineKeepTheirOrder) {
  const std::string large = some_bytes(700'000);
  const std::string small = some_bytes(5'000);
  TemporaryFile large_file(large);
  TemporaryFile small_file(small);
  world.handler = [&](Exchange& exchange) {
    if (exchange.head.path() == "/large") return send_part(exchange, large_file, 0, large.size());
    if (exchange.head.path() == "/small") return send_part(exchange, small_file, 0, small.size());
    reply_with(exchange, "text");
  };
  std::string requests;
  std::string replies;
  for (int i = 0; i < 5; ++i) {
    for (std::string_view path : {"/small", "/text", "/large", "/small", "/large", "/text"}) {
      requests += get(path);
      replies += ok(path == "/large" ? large : path == "/small" ? small : "text");
    }
  }
  for (size_t room : {SIZE_MAX, size_t{100'000}, size_t{3'000}}) {
    Client& client = world.connect();
    if (room != SIZE_MAX) client.wire.throttle(room);
    world.send(client, requests);
    EXPECT_TRUE(output(client) == replies) << room;
  }
}

// Others on the loop must not wait for a peer that takes everything at once.
TEST_F(ConnectionFileTest, AtMostAMebibyteLeavesInATurn) {
  const std::string bytes = some_bytes(5 * kTurn);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  Client& client = world.connect();
  client.send(get("/"));
  size_t before = 0;
  for (int turns = 0; turns < 5; ++turns) {
    ASSERT_TRUE(world.turn());
    EXPECT_LE(client.wire.outbound.size() - before, kTurn + 1000);
    before = client.wire.outbound.size();
  }
  EXPECT_TRUE(output(client) == ok(bytes));
}

TEST_F(ConnectionFileTest, SoItIsWithAPipelineOfFiles) {
  const std::string bytes = some_bytes(kTurn / 4);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  Client& client = world.connect();
  for (int i = 0; i < 20; ++i) client.send(get("/"));
  size_t before = 0;
  while (world.turn()) {
    EXPECT_LE(client.wire.outbound.size() - before, kTurn + 10'000);
    before = client.wire.outbound.size();
  }
  std::string replies;
  for (int i = 0; i < 20; ++i) replies += ok(bytes);
  EXPECT_TRUE(output(client) == replies);
}

TEST_F(ConnectionFileTest, NothingIsBegunBehindAFileThatWaits) {
  TemporaryFile file(some_bytes(2'000'000));
  serve(file, 2'000'000);
  Client& client = world.connect();
  client.wire.room = 10'000;
  client.wire.refill = 0;
  const size_t before = open_descriptors();
  world.send(client, get("/") + get("/"));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_EQ(open_descriptors(), before + 1);
  EXPECT_FALSE(client.wire.read_wanted);
  client.wire.refill = 100'000;
  world.run();
  EXPECT_EQ(world.requests.size(), 2u);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ConnectionFileTest, AFileThatShrinksEndsInAReset) {
  TemporaryFile file(some_bytes(500'000));
  serve(file, 500'000);
  Client& client = world.connect();
  client.wire.throttle(50'000);
  client.send(get("/"));
  world.turn();
  world.turn();
  file.resize(200'000);
  const size_t before = open_descriptors();
  world.run();
  EXPECT_TRUE(client.wire.closed);
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(open_descriptors(), before - 1);
  EXPECT_LT(client.take().size(), 250'000u);
}

TEST_F(ConnectionFileTest, ASmallFileThatIsShorterThanAnnouncedIsAReset) {
  TemporaryFile file(some_bytes(500));
  serve(file, 501);
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(client.take(), "");
}

TEST_F(ConnectionFileTest, ALargeFileThatIsShorterThanAnnouncedIsAReset) {
  TemporaryFile file(some_bytes(100'000));
  serve(file, 100'001);
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_TRUE(client.wire.reset);
}

// RFC 9112 section 6.3: more than was announced would be taken for the next reply.
TEST_F(ConnectionFileTest, AFileThatGrowsIsCutAtItsAnnouncedLength) {
  const std::string bytes = some_bytes(500'000);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  Client& client = world.connect();
  client.wire.throttle(50'000);
  client.send(get("/") + get("/"));
  world.turn();
  file.resize(5'000'000);
  world.run();
  EXPECT_TRUE(output(client) == ok(bytes) + ok(bytes));
  EXPECT_FALSE(client.wire.closed);
}

TEST_F(ConnectionFileTest, APeerThatTakesNothingIsResetInTime) {
  TemporaryFile file(some_bytes(500'000));
  serve(file, 500'000);
  Client& client = world.connect();
  client.wire.room = 10'000;
  client.wire.refill = 0;
  const size_t before = open_descriptors();
  world.send(client, get("/"));
  world.pass(9'900ms);
  EXPECT_FALSE(client.wire.closed);
  world.pass(200ms);
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(open_descriptors(), before) << "the file is closed";
}

TEST_F(ConnectionFileTest, ProgressIsActivity) {
  const std::string bytes = some_bytes(500'000);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  Client& client = world.connect();
  client.wire.room = 10'000;
  client.wire.refill = 0;
  world.send(client, get("/"));
  for (int i = 0; i < 49; ++i) {
    world.pass(9'000ms);
    ASSERT_FALSE(client.wire.closed) << i;
    client.wire.room = 10'000;
    world.run();
  }
  client.wire.room = SIZE_MAX;
  world.run();
  EXPECT_TRUE(output(client) == ok(bytes));
}

TEST_F(ConnectionFileTest, AResetClosesTheFile) {
  TemporaryFile file(some_bytes(500'000));
  serve(file, 500'000);
  const size_t before = open_descriptors();
  Client& client = world.connect();
  client.wire.throttle(1'000);
  client.send(get("/"));
  world.turn();
  EXPECT_EQ(open_descriptors(), before + 1);
  client.wire.peer_reset = true;
  world.run();
  EXPECT_TRUE(client.wire.closed);
  EXPECT_EQ(open_descriptors(), before);
}

// RFC 9112 section 9.6
TEST_F(ConnectionFileTest, TheLastReplyIsSentToItsEnd) {
  const std::string bytes = some_bytes(400'000);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  for (std::string_view fields : {"Connection: close\r\n", ""}) {
    Client& client = world.connect();
    client.wire.throttle(10'000);
    client.send(get("/", fields));
    world.turn();
    if (fields.empty()) client.connection->close_when_done();
    world.run();
    EXPECT_TRUE(output(client) == (fields.empty() ? ok(bytes) : last_ok(bytes)));
    EXPECT_TRUE(client.wire.finished || client.wire.closed);
    EXPECT_FALSE(client.wire.reset);
    client.wire.peer_finished = true;
    world.run();
  }
}

TEST_F(ConnectionFileTest, AHalfClosedPeerGetsAllOfIt) {
  const std::string bytes = some_bytes(400'000);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  Client& client = world.connect();
  client.wire.throttle(10'000);
  client.send(get("/"));
  client.wire.peer_finished = true;
  world.run();
  EXPECT_TRUE(output(client) == ok(bytes));
  EXPECT_TRUE(client.wire.closed);
  EXPECT_FALSE(client.wire.reset);
}

TEST_F(ConnectionFileTest, AForcedStopIsAReset) {
  TemporaryFile file(some_bytes(400'000));
  serve(file, 400'000);
  const size_t before = open_descriptors();
  Client& client = world.connect();
  client.wire.throttle(10'000);
  client.send(get("/"));
  world.turn();
  client.connection->cut(http::Failure::stopped);
  EXPECT_TRUE(client.wire.reset);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ConnectionFileTest, ALateReplyMayBeAFile) {
  const std::string bytes = some_bytes(300'000);
  TemporaryFile file(bytes);
  reply_later();
  Client& client = world.connect();
  world.send(client, get("/") + get("/"));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(world.kept.size(), 1u);
    http::Reference<Exchange> exchange = std::move(world.kept.front());
    world.kept.clear();
    send_part(*exchange, file, 0, bytes.size());
    world.run();
  }
  EXPECT_TRUE(output(client) == ok(bytes) + ok(bytes));
}

TEST_F(ConnectionFileTest, ABodyThatNobodyReadIsThrownAway) {
  const std::string bytes = some_bytes(300'000);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  Client& client = world.connect();
  world.send(client, post("/", std::string(10'000, 'b')) + get("/"));
  EXPECT_TRUE(output(client) == ok(bytes) + ok(bytes));
}

// RFC 9112 section 6.3
TEST_F(ConnectionFileTest, Http10GetsTheSame) {
  const std::string bytes = some_bytes(300'000);
  TemporaryFile file(bytes);
  serve(file, bytes.size());
  Client& client = world.connect();
  world.send(client, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(output(client) == last_ok(bytes));
  EXPECT_TRUE(client.wire.closed);
}

TEST_F(ConnectionFileTest, BytesAreCounted) {
  TemporaryFile file(some_bytes(3'000'000));
  serve(file, 3'000'000);
  Client& client = world.connect();
  world.send(client, get("/"));
  EXPECT_EQ(world.workspace.counters.bytes_out, client.wire.outbound.size());
}

}  // namespace
}  // namespace bao::http1
