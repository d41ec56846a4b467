#include <gtest/gtest.h>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "robustness/server_process.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Kind = ServerProcess::Kind;

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  size_t below(size_t end) { return engine_() % end; }
  template <typename T, size_t N>
  const T& one_of(const T (&all)[N]) {
    return all[below(N)];
  }

 private:
  std::mt19937 engine_;
};

constexpr const char* kPaths[] = {"/text",  "/prepared",    "/echo",   "/unread", "/later",
                                  "/wait",  "/large",       "/stream", "/throw",  "/throw-later",
                                  "/abort", "/abort-later", "/never",  "/nobody", "*"};

constexpr const char* kGarbage[] = {
    "\r\n\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01\x02\x01\x01",
};

std::string random_bytes(Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

std::string random_requests(Random& random) {
  std::string bytes;
  const size_t count = random.below(4) == 0 ? 1 + random.below(30) : 1;
  for (size_t i = 0; i < count; ++i) {
    const std::string path = random.one_of(kPaths);
    switch (random.below(5)) {
      case 0: bytes += request(path, "", random_bytes(random, 1 + random.below(5000))); break;
      case 1:
        bytes += "POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        bytes += "5\r\nhello\r\n0\r\n\r\n";
        break;
      case 2: bytes += request(path, "Connection: close\r\n"); break;
      default: bytes += request(path); break;
    }
  }
  return bytes;
}

// One connection of a client without manners.
void misbehave(const Place& place, Random& random, Client& client) {
  if (!client.ok()) client = Client(place, random.below(2) ? 8 << 10 : 0);
  switch (random.below(4)) {
    case 0: client.send(random.one_of(kGarbage)); break;
    case 1: client.send(random_bytes(random, 1 + random.below(3000))); break;
    default: break;
  }
  const std::string bytes = random_requests(random);
  // All of it, or some of it, in one piece or in two.
  const size_t end = random.below(3) == 0 ? random.below(bytes.size()) : bytes.size();
  const size_t cut = random.below(3) == 0 ? random.below(end + 1) : end;
  client.send(bytes.substr(0, cut), 2ms);
  if (cut < end) std::this_thread::sleep_for(std::chrono::microseconds(random.below(2000)));
  if (cut < end) client.send(bytes.substr(cut, end - cut), 2ms);
  switch (random.below(8)) {
    case 0: client.reset(); break;
    case 1: client.close(); break;
    case 2: client.half_close(); break;
    case 3: client.skip(1 + random.below(200'000), 2ms); break;
    case 4: std::this_thread::sleep_for(std::chrono::milliseconds(random.below(5))); break;
    case 5: client.read_end(std::chrono::milliseconds(random.below(5))); break;
    default: break;  // goes on as it is
  }
}

int misbehave_until(const Place& place, unsigned seed, Clock::time_point end) {
  Random random(seed);
  std::vector<Client> clients(30);
  while (Clock::now() < end) {
    Client& client = clients[random.below(clients.size())];
    // Waiting for what never comes would keep this process from its work.
    if (random.below(3) == 0) client.close();
    misbehave(place, random, client);
  }
  return 0;
}

// A client with manners is served all the time.
int behave_until(const Place& place, Clock::time_point end) {
  Client client(place);
  while (Clock::now() < end) {
    for (const char* path : {"/text", "/prepared", "/later"}) {
      const auto reply = client.get(path) ? client.read_reply() : std::nullopt;
      if (!reply || reply->status != 200) return 2;
    }
  }
  return 0;
}

void add_more_routes(Options& options) {
  options.idle_timeout = 500ms;
  options.head_timeout = 500ms;
  options.max_request_body_size = 1 << 20;
  options.routes.add("/throw-later", []() -> Task<Response> {
    co_await sleep(1ms);
    throw 42;
  });
  options.routes.add("/abort-later", [](Request& request, Server& server) -> Task<Response> {
    co_await sleep(1ms);
    server.abort(request);
    co_return Response("nobody reads this");
  });
  options.routes.add("/never", []() -> Task<Response> {
    co_await std::suspend_always();
    co_return Response("never");
  });
  options.error = [](const std::exception& error) { return Response(error.what()).status(500); };
}

class Chaos : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Sockets, Chaos, ::testing::Values(Kind::tcp, Kind::unix_socket),
                         [](const auto& info) { return info.param == Kind::tcp ? "Tcp" : "Unix"; });

TEST_P(Chaos, LeavesAServerThatServes) {
  ServerProcess server(add_more_routes, GetParam());
  const Vitals base = server.vitals();
  const auto end = Clock::now() + (GetParam() == Kind::tcp ? 4s : 2s);
  {
    std::vector<std::unique_ptr<Child>> clients;
    for (unsigned i = 0; i < 4; ++i) {
      clients.push_back(
          std::make_unique<Child>([&, i] { return misbehave_until(server.place(), i + 1, end); }));
    }
    Child good([&] { return behave_until(server.place(), end); });
    for (auto& client : clients) EXPECT_TRUE(client->ends_well(kPatience));
    EXPECT_TRUE(good.ends_well(kPatience)) << "a good client was not served";
  }
  // Waits for the lingering ones, too.
  const Vitals rest = server.vitals_at_rest(base, 1);
  EXPECT_GT(rest.connections_total - base.connections_total, 100);
  EXPECT_EQ(rest.connections_open, 0);
  EXPECT_EQ(rest.requests_pending, 0);
  EXPECT_EQ(rest.handlers, 0);
  EXPECT_EQ(rest.descriptors, base.descriptors);
  std::cout << rest.connections_total << " connections, " << rest.requests_total << " requests\n";
  Client client(server.place());
  ASSERT_TRUE(client.get("/text"));
  EXPECT_EQ(client.read_reply().value_or(ReceivedReply()).body, "hello");
  client.close();
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace bao::testing
