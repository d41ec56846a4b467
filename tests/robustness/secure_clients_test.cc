#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "robustness/server_process.h"
#include "tls/certificates.h"
#include "tls/client.h"

// What breaks servers that speak TLS: floods of half-open handshakes, faults in every flight, and
// more bytes than there is memory.
namespace bao::testing {
namespace {

using namespace std::chrono_literals;

constexpr size_t kPiece = 1 << 20;

/// A process with two servers: a plain one that tells its vitals, and one that speaks TLS.
class SecureProcess {
 public:
  static constexpr int kHandshakes = 500;

  SecureProcess() {
    EXPECT_TRUE(server.vitals().memory >= 0);
    Client client(server.place());
    if (client.get("/secure-port")) secure.port = std::stoi(client.read_reply()->body);
  }

  /// What the TLS server has seen.
  struct Handshakes {
    int64_t pending = -1, done = -1, failed = -1, open = -1;
  };
  Handshakes handshakes() {
    Client client(server.place());
    Handshakes now;
    if (!client.get("/handshakes")) return now;
    const std::string text = client.read_reply().value_or(ReceivedReply()).body;
    std::sscanf(text.c_str(), "%ld %ld %ld %ld", &now.pending, &now.done, &now.failed, &now.open);
    return now;
  }
  /// Asks until no handshake and no connection is left; gives the memory then.
  int64_t memory_at_rest(int64_t descriptors) {
    const Vitals rest = server.vitals_when([&](const Vitals& now) {
      const Handshakes there = handshakes();
      return there.pending == 0 && there.open == 0 && now.descriptors <= descriptors;
    });
    EXPECT_LE(rest.descriptors, descriptors);
    EXPECT_EQ(handshakes().pending, 0);
    EXPECT_EQ(handshakes().open, 0);
    return server.vitals().memory;
  }
  /// The most memory that the process has ever had, by the kernel's account.
  int64_t peak_kib() {
    std::ifstream status("/proc/" + std::to_string(server.child().pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6);
    }
    return -1;
  }

  ServerProcess server{[](Options& options) {
    Options secure;
    secure.port = 0;
    secure.hostname = "127.0.0.1";
    secure.development = false;
    secure.max_handshakes = kHandshakes;
    Tls entry;
    entry.key = localhost_certificate().key().pem();
    entry.cert = localhost_certificate().pem();
    secure.tls = {std::move(entry)};
    secure.log = [](std::string_view) {};
    secure.routes.add("/text", [] { return Response("hello"); });
    secure.routes.add("/stream/:pieces", [](Request& request) {
      const int pieces = std::atoi(request.param("pieces").c_str());
      return Response::stream([pieces](Writer& out) -> Task<void> {
        const std::string piece(kPiece, 'p');
        for (int i = 0; i < pieces; ++i) co_await out.write(piece);
      });
    });
    const Server started = serve(std::move(secure));
    options.routes.add("/secure-port",
                       [port = *started.port()] { return Response(std::to_string(port)); });
    options.routes.add("/handshakes", [started] {
      const Counters now = started.counters();
      return Response(
          std::to_string(now.handshakes_pending) + " " + std::to_string(now.handshakes_done) + " " +
          std::to_string(now.handshakes_failed) + " " + std::to_string(now.connections_open));
    });
  }};
  Place secure;
};

/// A client of the TLS server, with blocking calls.
class SecureSocket {
 public:
  explicit SecureSocket(const Place& place, const ClientOptions& options = {})
      : tls(options), socket(place) {}

  bool connect() {
    while (!tls.handshake()) {
      if (!tls.failure().empty() || !flush() || !receive()) return false;
    }
    return flush();
  }
  bool get(std::string_view path) {
    tls.send(request(path));
    return flush();
  }
  bool flush() { return socket.send(tls.take_wire()); }
  /// Waits for more of the wire. False at its end.
  bool receive() {
    char buffer[64 * 1024];
    pollfd wanted{socket.fd(), POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(kPatience.count())) != 1) return false;
    const ssize_t count = ::recv(socket.fd(), buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    tls.receive({buffer, static_cast<size_t>(count)});
    return true;
  }
  /// The plaintext up to and with `end`, none if the connection ended before.
  std::optional<std::string> read_until(std::string_view end) {
    std::string text;
    while (text.find(end) == text.npos) {
      if (!receive()) return std::nullopt;
      text += tls.take();
    }
    return text;
  }

  MemoryClient tls;
  Client socket;
};

bool allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < count) return false;
  limit.rlim_cur = std::max(limit.rlim_cur, count);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

std::string hello() {
  MemoryClient client;
  client.handshake();
  return client.take_wire();
}

// Each goes on to another point of its handshake, and stays there.
TEST(SecureClients, AFloodOfHalfOpenHandshakesLeavesServiceAndMemoryIntact) {
  const bool many = allow_descriptors(4500);
  const size_t count = many ? 2000 : 200;
  SecureProcess process;
  SecureSocket(process.secure).connect();  // what is made once, is made
  const Vitals base = process.server.vitals();
  const int64_t before = process.memory_at_rest(base.descriptors);
  const std::string whole = hello();
  std::vector<Client> flood;
  for (size_t i = 0; i < count; ++i) {
    Client& client = flood.emplace_back(process.secure);
    ASSERT_TRUE(client.ok()) << i;
    if (i % 4 == 1) client.send("\x16\x03\x01");
    if (i % 4 == 2) client.send(std::string_view(whole).substr(0, whole.size() / 2));
    if (i % 4 == 3) client.send(whole);
    if (i % 100 != 99) continue;
    SecureSocket good(process.secure);
    ASSERT_TRUE(good.connect()) << "behind " << i;
    ASSERT_TRUE(good.get("/text"));
    ASSERT_TRUE(good.read_until("hello"));
  }
  const int64_t full = process.server.vitals().memory;
  EXPECT_LE(process.handshakes().pending, SecureProcess::kHandshakes);
  if constexpr (!kSanitized) {
    std::cout << "KiB during the flood: " << (full - before) / 1024 << '\n';
    EXPECT_LT(full - before, 16 << 20) << "at most 32 KiB for each that may be under way";
  }
  flood.clear();
  const int64_t rest = process.memory_at_rest(base.descriptors);
  if constexpr (!kSanitized) {
    EXPECT_LT(rest - before, 64 << 10);
  }
  EXPECT_TRUE(process.server.stop());
}

/// What a client does instead of its next flight, or in the middle of it.
enum class Fault { cut, garbage, reset };

// Sends `flight` as the fault wants it, and is gone.
void spoil(Client& client, const std::string& flight, Fault fault) {
  switch (fault) {
    case Fault::cut: client.send(std::string_view(flight).substr(0, flight.size() / 2)); break;
    case Fault::garbage: {
      std::string damaged = flight;
      for (size_t i = damaged.size() / 3; i < damaged.size(); i += 7) damaged[i] ^= 0x55;
      client.send(damaged);
      break;
    }
    case Fault::reset: client.reset(); return;
  }
  client.half_close();
  client.read_end();
}

// The flights of a client: its hello, its end of the handshake, its request, its close_notify.
void spoil_flight(const Place& place, int version, int flight, Fault fault) {
  SecureSocket client(place, {.max_version = version});
  if (flight == 0) {
    client.tls.handshake();
  } else if (flight == 1) {
    client.tls.handshake();
    ASSERT_TRUE(client.flush() && client.receive());
    client.tls.handshake();
  } else {
    ASSERT_TRUE(client.connect());
    client.tls.send(request("/text"));
    if (flight == 3) {
      ASSERT_TRUE(client.flush());
      client.tls.finish();
    }
  }
  spoil(client.socket, client.tls.take_wire(), fault);
}

TEST(SecureClients, FaultsInEveryFlightLeaveNothingBehind) {
  SecureProcess process;
  const auto round = [&] {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      for (int flight = 0; flight < 4; ++flight) {
        for (const Fault fault : {Fault::cut, Fault::garbage, Fault::reset}) {
          ASSERT_NO_FATAL_FAILURE(spoil_flight(process.secure, version, flight, fault))
              << version << ' ' << flight << ' ' << static_cast<int>(fault);
        }
      }
    }
  };
  const Vitals base = process.server.vitals();
  round();
  const int64_t before = process.memory_at_rest(base.descriptors);
  for (int i = 0; i < repetitions(30); ++i) round();
  const int64_t rest = process.memory_at_rest(base.descriptors);
  if constexpr (!kSanitized) {
    std::cout << "bytes left behind: " << rest - before << '\n';
    EXPECT_LT(rest - before, 16 << 10);
  }
  EXPECT_TRUE(process.server.stop());
}

// BAO_TEST_MEGABYTES=1024 makes it a gigabyte.
TEST(SecureClients, AReplyLargerThanMemoryCostsABoundedAmount) {
  const char* wanted = std::getenv("BAO_TEST_MEGABYTES");
  const uint64_t pieces = wanted != nullptr ? std::strtoull(wanted, nullptr, 10)
                                            : static_cast<uint64_t>(repetitions(64));
  SecureProcess process;
  SecureSocket client(process.secure);
  ASSERT_TRUE(client.connect());
  ASSERT_TRUE(client.get("/stream/4") && client.read_until("\r\n0\r\n\r\n"));
  const int64_t before = process.peak_kib();
  ASSERT_TRUE(client.get("/stream/" + std::to_string(pieces)));
  uint64_t received = 0;
  std::string last;
  while (!last.ends_with("\r\n0\r\n\r\n")) {
    ASSERT_TRUE(client.receive());
    const std::string text = client.tls.take();
    received += text.size();
    last = (last + text)
               .substr(last.size() + text.size() - std::min<size_t>(16, last.size() + text.size()));
  }
  EXPECT_GT(received, pieces * kPiece);
  std::cout << "VmHWM before: " << before << " KiB, after " << pieces
            << " MiB: " << process.peak_kib() << " KiB\n";
  if constexpr (!kSanitized) {
    EXPECT_LT(process.peak_kib() - before, 4096);
  }
  EXPECT_TRUE(process.server.stop());
}

}  // namespace
}  // namespace bao::testing
