#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "http1/connection_fixture.h"
#include "http1/cuts.h"

// The same bytes must come to the same replies, however they are cut on their way in, however
// slowly the replies can leave, and however late the handler is.
namespace bao::http1 {
namespace {

using testing::reply_with;
using Random = std::mt19937;

class ConnectionSplitsTest : public testing::ConnectionTest {
 protected:
  ConnectionSplitsTest() {
    world.workspace.settings.max_body_bytes = 5'000;
    world.workspace.settings.max_discarded_bytes = 3'000;
    world.workspace.settings.output_high_water = 20'000;
    world.workspace.settings.head = {.max_bytes = 600, .max_fields = 20};
    observer.body = [](Exchange& exchange) {
      if (exchange.body_state() == Exchange::BodyState::complete) {
        reply_with(exchange, "got " + exchange.body());
      }
    };
    world.handler = [this](Exchange& exchange) { handle(exchange); };
  }

  // The path says what the handler does.
  void handle(Exchange& exchange) {
    const std::string_view path = exchange.head.path();
    if (path == "/late" || path == "/late-collect") {
      world.kept.emplace_back(&exchange);
    } else if (path == "/collect") {
      world.kept.emplace_back(&exchange);
      exchange.set_observer(&observer);
      exchange.collect_body();
    } else if (path == "/large") {
      reply_with(exchange, std::string(40'000, 'L'));
    } else if (path == "/stream") {
      exchange.reply({.streamed = true});
      for (int i = 0; i < 3; ++i) exchange.write(std::string(1 + i * 7, 's'));
      exchange.finish(nullptr);
    } else {
      reply_with(exchange,
                 std::string(exchange.head.method()) + " " + std::string(exchange.head.target()));
    }
  }

  void answer_late_ones() {
    for (auto& exchange : std::exchange(world.kept, {})) {
      if (exchange->head.path() == "/late") {
        reply_with(*exchange, "late");
      } else if (exchange->head.path() == "/late-collect" &&
                 exchange->body_state() == Exchange::BodyState::unread) {
        exchange->set_observer(&observer);
        world.kept.push_back(exchange);
        exchange->collect_body();
      } else if (exchange->open()) {
        world.kept.push_back(exchange);
      }
    }
  }

  static std::string random_chunks(Random& random, size_t most) {
    std::string chunks;
    for (unsigned count = random() % 5; count > 0; --count) {
      const size_t size = 1 + random() % most;
      char hex[20];
      std::snprintf(hex, sizeof hex, random() % 2 ? "%zx" : "0%zX", size);
      chunks += hex;
      if (random() % 3 == 0) chunks += ";a=\"\\\";\"";
      chunks += "\r\n" + std::string(size, '0') + "\r\n";
    }
    chunks += "0\r\n";
    if (random() % 3 == 0) chunks += "Content-Length: 3\r\nX:\r\n";
    return chunks + "\r\n";
  }

  static std::string random_request(Random& random) {
    static constexpr std::string_view kPaths[] = {"/now",   "/late",   "/collect", "/late-collect",
                                                  "/large", "/stream", "/a?b"};
    const std::string_view path = kPaths[random() % std::size(kPaths)];
    switch (random() % 16) {
      case 0: return "\r\n" + get(path);
      case 1: return "HEAD " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
      case 2: return "GET " + std::string(path) + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
      case 3:
      case 4:
      case 5: return post(path, std::string(random() % 2000, 'b'));
      case 6:
      case 7:
      case 8: return chunked_post(path, random_chunks(random, 500));
      case 9: return get(path, "X: " + std::string(random() % 300, 'x') + "\r\n");
      default: return get(path);
    }
  }

  // How a stream of requests may end: well, or in one of the many ways of being refused.
  static std::string random_end(Random& random) {
    switch (random() % 12) {
      case 0: return "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get("/never");
      case 1: return "nonsense\r\n" + get("/never");
      case 2: return get("/" + std::string(700, 'a')) + get("/never");
      case 3: return get("/", "X: " + std::string(700, 'a') + "\r\n") + get("/never");
      case 4: return post("/collect", std::string(5'001, 'b')) + get("/never");
      case 5: return post("/now", std::string(4'000, 'b')) + get("/never");
      case 6: return chunked_post("/collect", "5\r\nhelloX\r\n") + get("/never");
      case 7: return chunked_post("/now", "x\r\n") + get("/never");
      case 8: return "GET / HTTP/1.1\r\n\r\n" + get("/never");
      case 9: return "GET /cut off HTT";
      default: return "";
    }
  }

  struct Outcome {
    std::string bytes;
    std::vector<std::string> requests;
    bool operator==(const Outcome&) const = default;
  };

  Outcome feed(const std::string& text, const testing::Cuts& cuts, Random random, bool slow) {
    world.requests.clear();
    Client& client = world.connect();
    if (slow) client.wire.throttle(1 + random() % 5'000);
    if (slow) client.wire.read_size = 1 + random() % 3'000;
    size_t from = 0;
    for (size_t end : cuts) {
      world.send(client, std::string_view(text).substr(from, end - from));
      from = end;
      if (!slow || random() % 2 == 0) answer_late_ones();
      world.run();
    }
    while (!world.kept.empty()) {
      const size_t before = world.kept.size();
      const std::string seen = client.wire.outbound;
      answer_late_ones();
      world.run();
      if (world.kept.size() == before && client.wire.outbound == seen) break;
    }
    client.wire.peer_finished = true;
    world.run();
    EXPECT_TRUE(client.wire.closed);
    EXPECT_FALSE(client.wire.reset);
    Outcome outcome{output(client), world.requests};
    world.kept.clear();
    world.clients.pop_back();
    --world.workspace.counters.connections_total;
    return outcome;
  }
};

// Where a body begins that is malformed at once; npos if there is none. The handler of such a
// request is not called if it sees both in one piece.
size_t malformed_body(const std::string& text) {
  const size_t collected = text.rfind("\r\n\r\n5\r\nhelloX\r\n");
  const size_t unread = text.rfind("\r\n\r\nx\r\n");
  const size_t found = std::min(collected, unread);
  return found == text.npos ? found : found + 4;
}

TEST_F(ConnectionSplitsTest, RepliesDoNotDependOnHowTheBytesCome) {
  for (uint32_t seed = 1; seed <= 150; ++seed) {
    Random random(seed);
    std::string text;
    for (unsigned count = random() % 8; count > 0; --count) text += random_request(random);
    text += random_end(random);
    const Outcome expected = feed(text, testing::whole(text.size()), random, false);
    Outcome body_later = expected;
    if (const size_t at = malformed_body(text); at != text.npos) {
      body_later = feed(text, {at, text.size()}, random, false);
    }
    for (const testing::Cuts& cuts : testing::all_ways(text.size())) {
      for (bool slow : {false, true}) {
        const Outcome outcome = feed(text, cuts, random, slow);
        ASSERT_TRUE(outcome == expected || outcome == body_later)
            << "seed " << seed << ", " << cuts.size() << " pieces, slow " << slow << "\n"
            << ::testing::PrintToString(text.substr(0, 3000)) << "\n--- expected\n"
            << ::testing::PrintToString(expected.bytes.substr(0, 3000)) << "\n--- came\n"
            << ::testing::PrintToString(outcome.bytes.substr(0, 3000));
      }
    }
  }
}

}  // namespace
}  // namespace bao::http1
