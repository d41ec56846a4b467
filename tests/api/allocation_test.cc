#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>

#include <bao/bao.h>

#include "api/served.h"
#include "api/socket_client.h"

// Prepared replies and handlers that answer at once allocate nothing for a request, once the server
// is warm. This program counts what its threads ask of the heap: by operator new and, but for
// builds with sanitizers, which have a malloc of their own, by malloc.

namespace {

thread_local long allocations = 0;
thread_local bool counting = false;

void count() {
  if (counting) ++allocations;
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Not inline: g++ 12 would see free() of what new gave, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  count();
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#else
// glibc's own, under the names that it keeps for those who replace malloc.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);

void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
  count();
  return __libc_realloc(memory, size);
}
}
#endif

namespace bao {
namespace {

using testing::RawClient;
using testing::ServedElsewhere;

constexpr int kRequests = 10'000;
constexpr int kWarmUp = 100;

/// Sends `request` and reads its reply of `size` bytes, again and again, without a heap of its own.
void drive(int socket, std::string_view request, size_t size, int times, int at_once = 1) {
  char buffer[64 * 1024];
  for (int i = 0; i < times; i += at_once) {
    for (int j = 0; j < at_once; ++j) {
      ASSERT_EQ(::send(socket, request.data(), request.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(request.size()));
    }
    for (size_t left = size * static_cast<size_t>(at_once); left > 0;) {
      ssize_t got = ::recv(socket, buffer, std::min(left, sizeof buffer), 0);
      ASSERT_GT(got, 0);
      left -= static_cast<size_t>(got);
    }
  }
}

class Allocations : public ::testing::Test {
 protected:
  /// How many allocations the server's thread makes for 10,000 requests when it is warm.
  static long of(Options options, const std::string& request, int at_once = 1) {
    options.port = 0;
    options.hostname = "127.0.0.1";
    options.development = false;
    ServedElsewhere served([&] { return serve(options); });
    RawClient client = served.connect();
    client.send(request);
    testing::RawReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 200) << reply.head;
    const size_t size = reply.head.size() + 2 + reply.body.size();
    drive(client.fd(), request, size, kWarmUp, at_once);
    served.on_loop_and_wait([](Server&) {
      allocations = 0;
      counting = true;
    });
    drive(client.fd(), request, size, kRequests, at_once);
    long result = -1;
    // The posted work itself is made on this thread, and not yet destroyed when it looks.
    served.on_loop_and_wait([&](Server&) {
      counting = false;
      result = allocations;
    });
    return result;
  }
};

const std::string kGet =
    "GET /users/7?page=2 HTTP/1.1\r\nHost: localhost:3000\r\nUser-Agent: a browser\r\n"
    "Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n";

TEST_F(Allocations, AreSeen) {
  Options options{.fetch = [] { return Response(std::string(100, 'x')); }};
  EXPECT_GE(of(options, kGet), kRequests);
}

TEST_F(Allocations, NoneForAPreparedReply) {
  EXPECT_EQ(of({.routes = {{"/users/:id", Response("hello, world")}}}, kGet), 0);
}

TEST_F(Allocations, NoneForAPreparedReplyThatIsPipelined) {
  EXPECT_EQ(of({.routes = {{"/users/:id", Response("hello, world")}}}, kGet, 16), 0);
}

TEST_F(Allocations, NoneForAHandlerWithAShortBody) {
  EXPECT_EQ(of({.fetch = [] { return Response("short"); }}, kGet), 0);
}

TEST_F(Allocations, NoneForAHandlerThatSetsAFieldAndReadsItsRequest) {
  auto handler = [](Request& req) {
    return Response(req.param("id"))
        .set("X-Page", req.query_string())
        .set("X-Agent", *req.field("user-agent"));
  };
  EXPECT_EQ(of({.routes = {{"/users/:id", handler}}}, kGet), 0);
}

TEST_F(Allocations, NoneForAHandlerByMethodThatTakesTheServer) {
  auto handler = [](Request& req, Server&) { return Response(req.method()).status(200); };
  EXPECT_EQ(of({.routes = {{"/users/:id", methods{.get = handler}}}}, kGet), 0);
}

TEST_F(Allocations, NoneForAnOptionalResponse) {
  EXPECT_EQ(of({.fetch = []() -> std::optional<Response> { return Response("short"); }}, kGet), 0);
}

TEST_F(Allocations, NoneForAHandlerThatReadsAShortBody) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
  EXPECT_EQ(of({.fetch = [](Request& req) { return Response(req.text().get()); }}, post), 0);
}

TEST_F(Allocations, NoneForALargeSharedBody) {
  EXPECT_EQ(of({.routes = {{"/users/:id", Response(std::string(20'000, 'x'))}}}, kGet), 0);
}

// A message that is echoed costs nothing of the heap; publishing may cost its turn a few bytes of
// bookkeeping, however many subscribers there are.
long of_messages(WebSocketOptions web_socket, size_t reply_size) {
  Options options;
  options.port = 0;
  options.hostname = "127.0.0.1";
  options.development = false;
  options.websocket = std::move(web_socket);
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    if (server.upgrade(req)) return std::nullopt;
    return Response().status(400);
  };
  ServedElsewhere served([&] { return serve(options); });
  RawClient client = served.connect();
  EXPECT_EQ(client.exchange(testing::SocketClient::request("/")).status, 101);
  const std::string message = testing::SocketClient::frame(testing::kText, std::string(20, 'x'));
  drive(client.fd(), message, reply_size, kWarmUp);
  served.on_loop_and_wait([](Server&) {
    allocations = 0;
    counting = true;
  });
  drive(client.fd(), message, reply_size, kRequests);
  long result = -1;
  served.on_loop_and_wait([&](Server&) {
    counting = false;
    result = allocations;
  });
  return result;
}

TEST_F(Allocations, NoneForAMessageThatIsEchoed) {
  WebSocketOptions options;
  options.message = [](WebSocket& ws, Message message) { ws.send(message); };
  EXPECT_EQ(of_messages(std::move(options), 22), 0);
}

TEST_F(Allocations, FewForATurnThatPublishes) {
  WebSocketOptions options;
  options.open = [](WebSocket& ws) { ws.subscribe("t"); };
  options.message = [](WebSocket& ws, std::string_view text) {
    for (int i = 0; i < 10; ++i) ws.publish("t", text);
  };
  options.publish_to_self = true;
  EXPECT_LE(of_messages(std::move(options), 220), 4 * kRequests);
}

}  // namespace
}  // namespace bao
