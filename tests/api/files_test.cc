#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"
#include "net/temporary_file.h"

// Files as replies, over sockets.
namespace bao::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::time_t kModified = 784111777;

std::string request(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n";
}

// What this process holds in memory, in bytes.
size_t resident_memory() {
  std::ifstream statm("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// Reads and drops what has come; how much that was.
size_t drop_some(const RawClient& client) {
  static char buffer[64 * 1024];
  const ssize_t count = ::recv(client.fd(), buffer, sizeof buffer, MSG_DONTWAIT);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

// Turns until the server can send no more to clients that do not read.
void turn_until_blocked(const Server& server) {
  std::uint64_t before = 0;
  for (int still = 0; still < 5;) {
    Loop::current().turn(5ms);
    const std::uint64_t now = server.counters().bytes_out;
    still = now == before ? still + 1 : 0;
    before = now;
  }
}

TEST(FilesTest, AHandlerMayReturnAFileInManyWays) {
  TemporaryFile file("content", "a.css");
  const std::string path = file.path();
  Options options;
  options.routes.add("/file", [path] { return bao::file(path); });
  options.routes.add("/response", [path] { return Response(bao::file(path)); });
  options.routes.add("/optional", [path] { return std::optional(bao::file(path)); });
  options.routes.add("/task", [path]() -> Task<File> { co_return bao::file(path); });
  options.routes.add("/later", [path]() -> Task<Response> {
    co_await sleep(1ms);
    co_return bao::file(path);
  });
  options.routes.add("/route", bao::file(path));
  options.routes.add("/route-response", Response(bao::file(path)));
  options.routes.add("/methods", methods{.get = bao::file(path)});
  Served served(std::move(options));
  RawClient client = served.connect();
  for (std::string_view at : {"/file", "/response", "/optional", "/task", "/later", "/route",
                              "/route-response", "/methods"}) {
    const RawReply reply = client.get(at);
    EXPECT_EQ(reply.status, 200) << at;
    EXPECT_EQ(reply.body, "content") << at;
    EXPECT_EQ(reply.field("Content-Type"), "text/css;charset=utf-8") << at;
    EXPECT_TRUE(reply.has("ETag") && reply.has("Last-Modified")) << at;
    EXPECT_EQ(reply.field("Accept-Ranges"), "bytes") << at;
    EXPECT_EQ(client.exchange(request(at, "Range: bytes=-4\r\n")).body, "tent") << at;
  }
}

TEST(FilesTest, ALvalueMayStandOnARoute) {
  TemporaryFile file("content");
  const File value = bao::file(file.path());
  File other = value;
  Served served({.routes = {{"/a", value}, {"/b", other}, {"/c", methods{.get = value}}}});
  for (std::string_view path : {"/a", "/b", "/c"}) EXPECT_EQ(served.get(path).body, "content");
}

TEST(FilesTest, StatusAndFieldsAreTheProgramsOwn) {
  TemporaryFile file("content", "a.css");
  Served served({.routes = {
                     {"/", Response(bao::file(file.path()))
                               .set("Content-Type", "text/x-mine")
                               .set("Cache-Control", "no-cache")},
                     {"/missing", Response(bao::file(file.path())).status(404)},
                     {"/text", Response(bao::file(file.path())).body("no file")},
                 }});
  RawReply reply = served.get("/");
  EXPECT_EQ(reply.field("Content-Type"), "text/x-mine");
  EXPECT_EQ(reply.field("Cache-Control"), "no-cache");
  EXPECT_EQ(reply.body, "content");
  reply = served.get("/missing");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "content");
  EXPECT_EQ(served.get("/text").body, "no file");
}

TEST(FilesTest, AFileValueKnowsItsPathAndType) {
  const File file = bao::file("/srv/a.html");
  EXPECT_EQ(file.path(), "/srv/a.html");
  EXPECT_EQ(file.type(), "text/html;charset=utf-8");
  EXPECT_EQ(bao::file("/srv/a").type(), "application/octet-stream");
  EXPECT_EQ(Response(file).file()->path(), "/srv/a.html");
  EXPECT_EQ(Response("text").file(), nullptr);
}

TEST(FilesTest, ASliceOfASliceIsPartOfBoth) {
  const File part = bao::file("x").slice(10, 20);
  EXPECT_EQ(part.begin(), 10u);
  EXPECT_EQ(part.end(), 20u);
  EXPECT_EQ(part.slice(2, 5).begin(), 12u);
  EXPECT_EQ(part.slice(2, 5).end(), 15u);
  EXPECT_EQ(part.slice(2).end(), 20u);
  EXPECT_EQ(part.slice(2, 100).end(), 20u);
  EXPECT_EQ(part.slice(50, 100).begin(), 20u);
  EXPECT_EQ(bao::file("x").slice(UINT64_MAX - 1).slice(5).begin(), UINT64_MAX);
  EXPECT_EQ(bao::file("x").slice(5).end(), UINT64_MAX);
}

TEST(FilesTest, ASliceIsSentWithItsRange) {
  TemporaryFile file(some_bytes(100'000));
  Served served({.fetch = [path = file.path()] { return bao::file(path).slice(1'000, 51'000); }});
  const RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 206);
  EXPECT_EQ(reply.field("Content-Range"), "bytes 1000-50999/100000");
  EXPECT_TRUE(reply.body == some_bytes(100'000).substr(1'000, 50'000));
}

class FileSizesTest : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Sockets, FileSizesTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Unix" : "Tcp"; });

TEST_P(FileSizesTest, FilesOfAllSizesArriveWhole) {
  TemporaryFile file;
  TemporaryFile socket("", "socket");
  socket.remove();
  Options options;
  if (GetParam()) options.unix_path = socket.path();
  options.fetch = [path = file.path()] { return bao::file(path); };
  Served served(std::move(options));
  RawClient client = served.connect();
  for (size_t size : {0u, 1u, 16'383u, 16'384u, 16'385u, 1u << 20, (1u << 20) + 1, 10'000'000u}) {
    const std::string bytes = some_bytes(size);
    file.write(bytes);
    const RawReply reply = client.get("/");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("Content-Length"), std::to_string(size));
    EXPECT_TRUE(reply.body == bytes) << size;
    const RawReply head = client.exchange("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(head.field("Content-Length"), std::to_string(size));
  }
  file.resize(100 << 20);
  const RawReply reply = client.get("/");
  EXPECT_EQ(reply.body.size(), 100u << 20);
  EXPECT_TRUE(reply.body.starts_with(some_bytes(10'000'000)));
  EXPECT_EQ(reply.body.find_first_not_of('\0', 10'000'000), std::string::npos);
  EXPECT_EQ(client.get("/").status, 200) << "the connection goes on";
}

TEST(FilesTest, ConditionsAndRangesOverAConnectionThatGoesOn) {
  const std::string bytes = some_bytes(3'000'000);
  TemporaryFile file(bytes);
  file.date(kModified);
  Served served({.routes = {{"/", bao::file(file.path())}}});
  RawClient client = served.connect();
  const std::string etag = client.get("/").field("ETag").value_or("");
  EXPECT_EQ(client.exchange(request("/", "If-None-Match: " + etag + "\r\n")).status, 304);
  EXPECT_EQ(client.exchange(request("/", "If-Match: \"x\"\r\n")).status, 412);
  RawReply reply = client.exchange(request("/", "Range: bytes=9000000-\r\n"));
  EXPECT_EQ(reply.status, 416);
  EXPECT_EQ(reply.field("Content-Range"), "bytes */3000000");
  reply = client.exchange(request("/", "Range: bytes=1000000-\r\nIf-Range: " + etag + "\r\n"));
  EXPECT_EQ(reply.status, 206);
  EXPECT_EQ(reply.field("Content-Range"), "bytes 1000000-2999999/3000000");
  EXPECT_TRUE(reply.body == bytes.substr(1'000'000));
  EXPECT_EQ(client.exchange(request("/", "Range: bytes=-1\r\n")).body, bytes.substr(2'999'999));
  EXPECT_EQ(client.get("/").body.size(), bytes.size());
}

TEST(FilesTest, APipelineOfFilesIsAnsweredInOrder) {
  TemporaryFile large(some_bytes(2'000'000));
  TemporaryFile small("small");
  Served served({.routes = {{"/large", bao::file(large.path())},
                            {"/small", [path = small.path()] { return bao::file(path); }},
                            {"/text", Response("text")}}});
  RawClient client = served.connect();
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += request("/large") + request("/small") + request("/text");
  client.send(requests);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(client.read_reply().body == some_bytes(2'000'000)) << i;
    EXPECT_EQ(client.read_reply().body, "small") << i;
    EXPECT_EQ(client.read_reply().body, "text") << i;
  }
}

TEST(FilesTest, AMissingFileOnARouteFallsThrough) {
  TemporaryFile file("content");
  file.remove();
  Served without({.routes = {{"/", bao::file(file.path())}}});
  EXPECT_EQ(without.get("/").status, 404);
  Served with({.routes = {{"/", bao::file(file.path())}}, .fetch = [] { return "fetch"; }});
  EXPECT_EQ(with.get("/").body, "fetch");
  file.write("back");
  EXPECT_EQ(with.get("/").body, "back");
  EXPECT_EQ(with.log, "");
}

TEST(FilesTest, AMissingFileInAHandlerIsAnError) {
  TemporaryFile file;
  const std::string missing = file.folder() + "/missing.txt";
  Options options;
  options.routes.add("/now", [missing] { return bao::file(missing); });
  options.routes.add("/later", [missing]() -> Task<Response> {
    co_await sleep(1ms);
    co_return bao::file(missing);
  });
  options.routes.add("/folder", [path = file.folder()] { return bao::file(path); });
  options.routes.add("/device", [] { return bao::file("/dev/zero"); });
  Options handled = options;
  Served plain(std::move(options));
  for (std::string_view path : {"/now", "/later", "/folder", "/device"}) {
    EXPECT_EQ(plain.get(path).status, 500) << path;
  }
  EXPECT_NE(plain.log.find(missing), plain.log.npos) << plain.log;

  handled.error = [](const std::exception& error) {
    const auto* system = dynamic_cast<const std::system_error*>(&error);
    if (system == nullptr) return Response(error.what());
    return Response(std::to_string(system->code().value()) + " " + system->what()).status(404);
  };
  Served served(std::move(handled));
  for (std::string_view path : {"/now", "/later"}) {
    const RawReply reply = served.get(path);
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.body,
              "2 The file \"" + missing + "\" cannot be sent: " + "No such file or directory");
  }
}

TEST(FilesTest, AnErrorHandlerMayFailAtAFileToo) {
  Served served({.fetch = []() -> Response { throw std::runtime_error("first"); },
                 .error = [](const std::exception&) { return bao::file("/missing-too"); }});
  EXPECT_EQ(served.get("/").status, 500);
  EXPECT_NE(served.log.find("/missing-too"), served.log.npos) << served.log;
}

TEST(FilesTest, AFileMayBeTheAnswerToAnError) {
  TemporaryFile file("sorry", "500.html");
  Served served(
      {.fetch = []() -> Response { throw std::runtime_error("no"); },
       .error = [path = file.path()](
                    const std::exception&) { return Response(bao::file(path)).status(500); }});
  const RawReply reply = served.get("/");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "sorry");
  EXPECT_EQ(reply.field("Content-Type"), "text/html;charset=utf-8");
}

TEST(FilesTest, FetchWithoutASocketGetsTheContent) {
  TemporaryFile file("content", "a.txt");
  Served served({.routes = {{"/", bao::file(file.path())}}});
  std::optional<Response> reply;
  spawn([](Server server, std::optional<Response>& into) -> Task<> {
    into = co_await server.fetch("/");
  }(served.server, reply));
  ASSERT_TRUE(turn_until([&] { return reply.has_value(); }));
  EXPECT_EQ(reply->body(), "content");
  EXPECT_EQ(reply->fields().get("Content-Type"), "text/plain;charset=utf-8");
}

TEST(FilesTest, FetchWithoutASocketKeepsUpTo128MiB) {
  TemporaryFile file("begin");
  Served served({.routes = {{"/", bao::file(file.path())}}});
  std::string got;
  auto ask = [](Server server, std::string& into) -> Task<> {
    try {
      const Response reply = co_await server.fetch("/");
      into = reply.body();
    } catch (const std::runtime_error& error) {
      into = error.what();
    }
  };
  file.resize(3 << 20);
  spawn(ask(served.server, got));
  ASSERT_TRUE(turn_until([&] { return !got.empty(); }));
  EXPECT_EQ(got, "begin" + std::string((3 << 20) - 5, '\0'));
  got.clear();
  file.resize(off_t{129} << 20);
  spawn(ask(served.server, got));
  ASSERT_TRUE(turn_until([&] { return !got.empty(); }));
  EXPECT_EQ(got, "Server::fetch: the reply is a file of 135266304 bytes, and 128 MiB can be kept");
}

// ---- Slow readers, and files that change while they are sent

TEST(FilesTest, ASlowReaderCostsNoMemory) {
  constexpr off_t kHuge = off_t{4} << 30;
  TemporaryFile file;
  file.resize(kHuge);
  Served served({.routes = {{"/", bao::file(file.path())}}});
  served.get("/nothing");
  const size_t before = resident_memory();
  size_t highest = before;
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(served.connect());
    clients.back().send(request("/") + request("/"));
  }
  for (int round = 0; round < 20; ++round) {
    turn_until_blocked(served.server);
    for (RawClient& client : clients) drop_some(client);
    highest = std::max(highest, resident_memory());
  }
  // One of them reads quickly for a while.
  for (size_t got = 0; got < (200u << 20);) {
    Loop::current().turn(5ms);
    for (size_t more; (more = drop_some(clients[0])) > 0;) got += more;
    highest = std::max(highest, resident_memory());
  }
  EXPECT_LT(highest - before, 32u << 20);
}

TEST(FilesTest, ClientsThatGoAwayLeaveNoDescriptor) {
  TemporaryFile file;
  file.resize(64 << 20);
  Served served({.routes = {{"/route", bao::file(file.path())}},
                 .fetch = [path = file.path()] { return bao::file(path); }});
  served.get("/nothing-sent").body.clear();
  turn_until([&] { return served.server.counters().connections_open == 0; });
  const size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    RawClient client = served.connect();
    client.send(request(i % 2 == 0 ? "/route" : "/handler"));
    ASSERT_TRUE(client.wait_for("\r\n\r\n"));
    if (i % 3 == 0) client.finish_writing();
    if (i % 4 < 2) {
      client.reset();
    } else {
      client.close();
    }
    ASSERT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  }
  Loop::current().turn();
  EXPECT_EQ(open_descriptors(), before);
}

// A client that has the first bytes of a large file and reads on later.
class ChangingFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client.send(request("/"));
    turn_until_blocked(served.server);
    ASSERT_LT(served.server.counters().bytes_out, kSize);
  }

  static constexpr size_t kSize = 40'000'000;
  const std::string bytes = some_bytes(kSize);
  TemporaryFile file{bytes};
  Served served{{.routes = {{"/", bao::file(file.path())}, {"/next", Response("next")}}}};
  RawClient client = served.connect();
};

TEST_F(ChangingFileTest, OneThatIsCutEndsInAReset) {
  const size_t descriptors = open_descriptors();
  file.resize(1'000);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_LT(client.received().size(), kSize);
  ASSERT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  Loop::current().turn();
  EXPECT_EQ(open_descriptors(), descriptors - 2) << "the file and the connection";
  EXPECT_EQ(served.get("/next").body, "next");
}

TEST_F(ChangingFileTest, OneThatGrowsIsCutAtTheAnnouncedLength) {
  file.resize(50'000'000);
  EXPECT_TRUE(client.read_reply().body == bytes);
  EXPECT_EQ(client.get("/next").body, "next");
  EXPECT_EQ(client.exchange("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n").field("Content-Length"),
            "50000000");
}

TEST_F(ChangingFileTest, OneThatIsRemovedIsSentToItsEnd) {
  file.remove();
  EXPECT_TRUE(client.read_reply().body == bytes);
  EXPECT_EQ(client.get("/").status, 404);
}

TEST_F(ChangingFileTest, OneThatIsReplacedIsSentAsItWas) {
  TemporaryFile other("other");
  ASSERT_EQ(std::rename(other.path().c_str(), file.path().c_str()), 0);
  EXPECT_TRUE(client.read_reply().body == bytes);
  EXPECT_EQ(client.get("/").body, "other");
}

TEST_F(ChangingFileTest, AStopLetsItBeSentToItsEnd) {
  Stopping stopping = served.server.stop();
  EXPECT_TRUE(client.read_reply().body == bytes);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
}

TEST_F(ChangingFileTest, AForcedStopIsAReset) {
  Stopping stopping = served.server.stop(true);
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

TEST(FilesTest, AClientThatReadsNothingIsResetInTime) {
  TemporaryFile file;
  file.resize(100 << 20);
  Served served({.routes = {{"/", bao::file(file.path())}}, .idle_timeout = 200ms});
  RawClient client = served.connect();
  client.send(request("/"));
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_total == 1; }));
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
}

// While one client takes all that it can get, another one is not kept waiting.
TEST(FilesTest, AFastReaderLeavesOthersTheirTurn) {
  TemporaryFile file;
  file.resize(off_t{4} << 30);
  Served served({.routes = {{"/", bao::file(file.path())}, {"/text", Response("text")}}});
  RawClient fast = served.connect();
  fast.send(request("/"));
  turn_until_blocked(served.server);
  RawClient other = served.connect();
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t before = served.server.counters().bytes_out;
    other.send(request("/text"));
    RawReply reply;
    // Each turn of the loop sends at most a mebibyte of the file.
    while (other.received().find("text") == std::string::npos) {
      while (drop_some(fast) > 0) {
      }
      Loop::current().turn(5ms);
      ASSERT_LT(served.server.counters().bytes_out - before, 64u << 20);
    }
    other.read_reply();
  }
}

}  // namespace
}  // namespace bao::testing
