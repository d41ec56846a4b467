// Plays scenes between connections in memory, their clients, their handlers and the clock. The
// input is the script: what is sent and how it is cut, when time passes, when a client stops, what
// a handler does. Whatever happens, nothing may leak, counters must be exact, and what a client got
// must be whole replies, unless it saw a reset.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/tokens.h"
#include "http1/connection_world.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using http::Exchange;
using Client = ConnectionWorld::Client;

void require(bool condition) {
  if (!condition) std::abort();
}

// The script, from its front.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}
  bool done() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::string_view bytes(std::size_t size) {
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  std::string_view rest_;
};

constexpr std::array<std::string_view, 12> kRequests = {
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    "GET http://h/y?z HTTP/1.1\r\nHost: h\r\n\r\n",
    "\r\n",
};
constexpr std::array<std::string_view, 6> kBodies = {
    "hello", "5\r\nhello\r\n", "0\r\n\r\n", "0\r\nA: b\r\n\r\n", "1;a=\"b\"\r\nx\r\n", "\r\n"};
constexpr std::array<int, 7> kStatuses = {200, 204, 205, 206, 304, 404, 500};

// Takes some pieces of a body and leaves others.
class PieceReader final : public http::BodyReader {
 public:
  explicit PieceReader(std::function<void(Exchange&)> react) : react_(std::move(react)) {}
  void on_body(Exchange& exchange) override { react_(exchange); }

 private:
  std::function<void(Exchange&)> react_;
};

class Play {
 public:
  explicit Play(Script script) : script_(script) {
    http1::ConnectionSettings& settings = world_.workspace.settings;
    settings.head = {.max_bytes = 400, .max_fields = 8};
    settings.max_body_bytes = 1000;
    settings.max_discarded_bytes = 300;
    settings.output_high_water = 2000;
    settings.idle_timeout = 10s;
    settings.head_timeout = 7s;
    settings.linger_timeout = 2s;
    world_.handler = [this](Exchange& exchange) { on_request(exchange); };
  }

  void run() {
    world_.connect();
    for (int scenes = 0; !script_.done() && scenes < 400; ++scenes) {
      scene();
      world_.run();
      check();
    }
    end();
  }

 private:
  void on_request(Exchange& exchange) {
    const std::uint8_t what = script_.byte();
    if (what % 4 != 0 || observed(exchange) != nullptr) act(exchange, what / 4);
    if (what % 4 != 1) keep(exchange);
  }

  RecordingObserver* observed(Exchange& exchange) {
    if (script_.byte() % 2 == 0) return nullptr;
    observers_.push_back(std::make_unique<RecordingObserver>());
    RecordingObserver* observer = observers_.back().get();
    // Scripts end, so what a handler does in answer to an event does too.
    auto react = [this](Exchange& told) {
      if (const std::uint8_t what = script_.byte(); what != 0) act(told, what);
    };
    observer->body = observer->gone = observer->drained = react;
    exchange.set_observer(observer);
    return observer;
  }

  void keep(Exchange& exchange) { kept_.emplace_back(&exchange); }

  // Anything that a handler may do with an exchange, at any time.
  void act(Exchange& exchange, std::uint8_t what) {
    http::Reference<Exchange> held(&exchange);
    switch (what % 14) {
      case 0:
      case 1: reply(exchange, false); break;
      case 2: reply(exchange, true); break;
      case 3: exchange.write(std::string(script_.byte() * 20u, 'c')); break;
      case 4: exchange.finish(script_.byte() % 2 == 0 ? nullptr : &trailers_); break;
      case 5: exchange.collect_body(); break;
      case 6:
        if (exchange.abort()) require(exchange.stream() == nullptr);
        break;
      case 7:
        if (exchange.stream() != nullptr) {
          exchange.stream()->set_idle_timeout(std::chrono::seconds(script_.byte() % 30));
        }
        break;
      case 8: exchange.body_limit = script_.byte() * 5u; break;
      case 9:
        std::erase_if(kept_, [&](const auto& kept) { return kept.get() == &exchange; });
        break;
      case 10: act_on_connection(script_.byte()); break;
      case 11: read_pieces(exchange); break;
      case 12:
        if (script_.byte() % 4 == 0) {
          exchange.drop_body();
        } else {
          exchange.take_body_piece();
        }
        break;
      default:
        // Another exchange's turn, in the middle of this one's.
        if (!kept_.empty()) {
          const std::uint8_t next = script_.byte();
          act(*kept_[next % kept_.size()], script_.byte());
        }
        break;
    }
  }

  void read_pieces(Exchange& exchange) {
    exchange.body_window = 1 + script_.byte();
    readers_.push_back(std::make_unique<PieceReader>([this](Exchange& told) {
      if (const std::uint8_t what = script_.byte(); what != 0) act(told, what);
    }));
    exchange.stream_body(*readers_.back());
  }

  void reply(Exchange& exchange, bool streamed) {
    const bool head = exchange.head.method_id == http::Method::head;
    const std::uint8_t how = script_.byte();
    http::Reply reply;
    reply.status = kStatuses[how % kStatuses.size()];
    reply.fields = head ? &head_fields_ : nullptr;
    reply.close = how >= 200;
    reply.drops_body = how % 5 == 0;
    std::string body(script_.byte() * 150u, 'b');
    if (streamed) {
      reply.streamed = true;
      if (how % 2 == 0) reply.length = script_.byte() * 20u;
    } else {
      reply.body = body;
      if (how % 3 == 0) reply.body_text = &body;
    }
    exchange.reply(reply);
  }

  void act_on_connection(std::uint8_t which) {
    http1::Connection* connection = world_.clients[which % world_.clients.size()]->connection.get();
    if (connection == nullptr) return;
    if (script_.byte() % 3 == 0) {
      connection->cut(http::Failure::stopped);
    } else {
      connection->close_when_done();
    }
  }

  // One step of the script.
  void scene() {
    const std::uint8_t what = script_.byte();
    Client& client = *world_.clients[script_.byte() % world_.clients.size()];
    Wire& wire = client.wire;
    switch (what % 16) {
      case 0:
      case 1:
      case 2: send(client, kRequests[script_.byte() % kRequests.size()]); break;
      case 3: send(client, kBodies[script_.byte() % kBodies.size()]); break;
      case 4: send(client, script_.bytes(script_.byte())); break;
      case 5: send(client, std::string(script_.byte() * 4u, 'z')); break;
      case 6: wire.peer_finished = true; break;
      case 7:
        if (script_.byte() % 4 == 0) wire.peer_reset = true;
        break;
      case 8: world_.pass(std::chrono::milliseconds(script_.byte() * 100)); break;
      case 9: wire.throttle(script_.byte() * 10u); break;
      case 10: wire.room = wire.refill = SIZE_MAX; break;
      case 11: wire.read_size = 1 + script_.byte(); break;
      case 12:
        if (world_.clients.size() < 4) world_.connect();
        break;
      case 13:
        if (script_.byte() % 8 == 0) act_on_connection(script_.byte());
        break;
      default:
        if (!kept_.empty()) {
          const std::uint8_t which = script_.byte();
          act(*kept_[which % kept_.size()], script_.byte());
        }
        break;
    }
  }

  static void send(Client& client, std::string_view bytes) {
    if (!client.wire.peer_finished) client.send(bytes);
  }

  // What holds after every scene.
  void check() {
    std::size_t open = 0;
    for (const auto& client : world_.clients) {
      open += client->connection != nullptr ? 1 : 0;
      require((client->connection == nullptr) == client->wire.closed);
      if (client->connection != nullptr && client->connection->idle()) check_replies(*client, true);
    }
    const http1::Counters& counters = world_.workspace.counters;
    require(counters.connections_open == open);
    require(counters.requests_pending <= open);
    for (const auto& kept : kept_) require(!kept->open() || kept->stream() != nullptr);
  }

  void end() {
    for (auto& client : world_.clients) {
      // A client that goes without a word cannot tell what it would have got.
      const bool was_open = !client->wire.closed;
      client->wire.peer_reset = true;
      world_.run();
      check_replies(*client, !was_open && !client->wire.reset);
    }
    kept_.clear();
    require(world_.pool.in_use() == 0);
    require(world_.workspace.counters.connections_open == 0);
    require(world_.workspace.counters.requests_pending == 0);
    require(world_.timers.empty());
    std::size_t sent = 0;
    for (const auto& client : world_.clients) sent += client->wire.outbound.size();
    require(sent == world_.workspace.counters.bytes_out);
  }

  // Reads what was sent as a client would. `whole`: the last reply must not be cut short.
  static void check_replies(const Client& client, bool whole) {
    // A client that has gone may have been owed anything.
    whole = whole && !client.wire.peer_reset;
    std::string_view rest = client.wire.outbound;
    while (!rest.empty()) {
      const std::size_t end = rest.find("\r\n\r\n");
      if (end == rest.npos) return require(!whole);
      const std::string_view head = rest.substr(0, end + 2);
      rest.remove_prefix(end + 4);
      require(head.starts_with("HTTP/1.1 "));
      const std::string_view status = head.substr(9, 3);
      if (status == "100") continue;
      require(head.find("\r\nDate: ") != head.npos);
      const bool last = head.find("\r\nConnection: close\r\n") != head.npos;
      const bool chunked = head.find("\r\nTransfer-Encoding: chunked\r\n") != head.npos;
      const auto length = length_in(head);
      require(!(chunked && length));
      // A handler marks its replies to HEAD; those of the server itself are the last and have no
      // body.
      const bool to_head = head.find("\r\nX-Head: 1\r\n") != head.npos;
      if (to_head || status == "204" || status == "304") {
        require(status != "204" || !length);
      } else if (chunked) {
        if (!skip_chunks(rest)) return require(!whole);
      } else if (length) {
        if (last && rest.empty() && head.find("text/plain") != head.npos) return;
        if (rest.size() < *length) return require(!whole);
        rest.remove_prefix(static_cast<std::size_t>(*length));
      } else {
        require(last);  // the end of the connection is the end of the content
        return;
      }
      if (last) require(rest.empty());
    }
  }

  static std::optional<std::uint64_t> length_in(std::string_view head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const std::size_t at = head.find(kName);
    if (at == head.npos) return std::nullopt;
    require(head.find(kName, at + 1) == head.npos);
    std::uint64_t length = 0;
    const char* from = head.data() + at + kName.size();
    const auto read = std::from_chars(from, head.data() + head.size(), length);
    require(read.ec == std::errc() && *read.ptr == '\r');
    return length;
  }

  // False if the content is cut short.
  static bool skip_chunks(std::string_view& rest) {
    for (;;) {
      std::uint64_t size = 0;
      const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), size, 16);
      if (read.ptr == rest.data() + rest.size()) return false;
      require(read.ec == std::errc());
      rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
      if (rest.size() < 2) return false;
      require(rest.starts_with("\r\n"));
      rest.remove_prefix(2);
      if (size == 0) break;
      if (rest.size() < size + 2) return false;
      require(rest.substr(static_cast<std::size_t>(size), 2) == "\r\n");
      rest.remove_prefix(static_cast<std::size_t>(size) + 2);
    }
    for (;;) {
      const std::size_t end = rest.find("\r\n");
      if (end == rest.npos) return false;
      rest.remove_prefix(end + 2);
      if (end == 0) return true;
    }
  }

  Script script_;
  Fields head_fields_{{"X-Head", "1"}};
  Fields trailers_{{"X-Trailer", "1"}};
  std::vector<std::unique_ptr<RecordingObserver>> observers_;
  std::vector<std::unique_ptr<PieceReader>> readers_;
  ConnectionWorld world_;
  std::vector<http::Reference<Exchange>> kept_;
};

}  // namespace
}  // namespace bao::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2000) return 0;
  bao::testing::Play(bao::testing::Script(data, size)).run();
  return 0;
}
