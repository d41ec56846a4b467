// Plays scenes between WebSocket connections in memory, their clients, their handlers and the
// clock. The input is the script: what is sent and how it is cut, when time passes, what a handler
// does. Whatever happens, nothing may leak, counters must be exact, handlers must be told in order,
// and what a client got must be whole frames of a server, with nothing behind a Close frame.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "websocket/frame_writer.h"
#include "websocket/socket_world.h"

namespace bao::testing {
namespace {

using Client = SocketWorld::Client;
using websocket::Connection;
using websocket::Opcode;
using Mode = websocket::DeflateSettings::Mode;

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

class Play {
 public:
  explicit Play(Script script) : script_(script) {
    websocket::ConnectionSettings& settings = world_.workspace.settings;
    settings.max_payload = 2'000;
    settings.backpressure_limit = 3'000;
    settings.idle_timeout = std::chrono::seconds(20);
    const std::uint8_t choice = script_.byte();
    settings.close_on_backpressure_limit = choice % 2 == 1;
    settings.send_pings = choice % 4 < 2;
  }

  void run() {
    connect();
    for (int scenes = 0; !script_.done() && scenes < 400; ++scenes) {
      scene();
      check();
    }
    end();
  }

 private:
  void connect() {
    const std::uint8_t choice = script_.byte();
    websocket::DeflateAgreement deflate;
    deflate.enabled = choice % 2 == 1;
    deflate.compress = static_cast<Mode>(choice / 2 % 3);
    if (!deflate.enabled) deflate.compress = Mode::disabled;
    deflate.compress_window_bits = static_cast<std::uint8_t>(9 + choice % 7);
    deflate.decompress = choice / 8 % 2 == 1 ? Mode::dedicated : Mode::shared;
    Client& client = world_.connect(deflate, "");
    client.on_text_or_binary = [this](Client& told, const websocket::Message& message) {
      require(!message.text || websocket::is_utf8(message.payload));
      require(message.payload.size() <= world_.workspace.settings.max_payload);
      if (const std::uint8_t what = script_.byte(); what % 4 != 0) act(told, what, message.payload);
      if (message.storage != nullptr && script_.byte() % 2 == 1) {
        const std::string taken = std::move(*message.storage);
      }
    };
    client.on_other = [this](Client& told) {
      if (const std::uint8_t what = script_.byte(); what % 4 == 1) act(told, what, "event");
    };
  }

  // Anything that a program may do with a connection, at any time.
  void act(Client& client, std::uint8_t what, std::string_view payload) {
    if (client.connection == nullptr) return;
    Connection& connection = *client.connection;
    const bool open = connection.open();
    const std::string text(payload);
    switch (what / 4 % 20) {
      case 0:
      case 1: sent(open, connection.send(text, Opcode::binary, what % 2 == 1)); break;
      case 2:
        sent(open,
             connection.send(std::string(script_.byte() * 60u, 's'), Opcode::text, what % 2 == 1));
        break;
      case 3: sent(open, connection.ping(text.substr(0, 125))); break;
      case 4: sent(open, connection.pong(text.substr(0, 126))); break;
      case 5: connection.close(static_cast<std::uint16_t>(script_.byte() * 20), text); break;
      case 6:
        if (script_.byte() % 4 == 0) connection.terminate();
        break;
      case 7:
        if (script_.byte() % 4 == 0) connection.close_now(1001, "");
        break;
      case 8: connection.pause(); break;
      case 9: connection.resume(); break;
      case 10: connection.hold(); break;
      case 11: connection.release(); break;
      case 12: {
        connection.cork();
        const std::uint8_t inner = script_.byte();
        act(client, inner % 48, payload);  // no cork inside: scripts end, but stacks do sooner
        connection.uncork();
        break;
      }
      case 13: {
        std::string frames;
        websocket::append_frame(frames, Opcode::text, "formatted", false);
        sent(open, connection.send_formatted(frames));
        break;
      }
      default:
        // Another connection's turn, in the middle of this one's.
        act(*world_.clients[script_.byte() % world_.clients.size()], script_.byte() % 48, "other");
        break;
    }
  }

  static void sent(bool open, websocket::SendResult result) {
    require(open || result == websocket::SendResult::dropped);
  }

  // One step of the script.
  void scene() {
    const std::uint8_t what = script_.byte();
    Client& client = *world_.clients[script_.byte() % world_.clients.size()];
    Wire& wire = client.wire;
    switch (what % 20) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4: send_frame(client); break;
      case 5: send(client, script_.bytes(script_.byte())); break;
      case 6:
        send(client,
             close_frame(static_cast<std::uint16_t>(script_.byte() * 20), script_.bytes(3)));
        break;
      case 7:
        if (script_.byte() % 4 == 0) wire.peer_finished = true;
        break;
      case 8:
        if (script_.byte() % 8 == 0) wire.peer_reset = true;
        break;
      case 9: world_.pass(std::chrono::milliseconds(script_.byte() * 100)); break;
      case 10: wire.throttle(script_.byte() * 10u); break;
      case 11: wire.room = wire.refill = SIZE_MAX; break;
      case 12: wire.read_size = 1 + script_.byte(); break;
      case 13:
        if (world_.clients.size() < 4) connect();
        break;
      case 14: world_.end_turn(); break;
      case 15: world_.turn(); break;
      case 16: act(client, script_.byte(), "program"); break;
      default: world_.run(); break;
    }
  }

  void send_frame(Client& client) {
    const std::uint8_t head = script_.byte();
    constexpr std::array<std::uint8_t, 8> kOpcodes{1, 2, 0, 9, 10, 1, 2, 0};
    const std::uint8_t length = script_.byte();
    const std::string payload =
        length < 200 ? std::string(script_.bytes(length % 100)) : std::string(length * 12u, 'p');
    send(client, frame({.opcode = kOpcodes[head % 8],
                        .payload = payload,
                        .fin = head / 8 % 4 != 0,
                        .rsv = static_cast<std::uint8_t>(head / 32 % 2 == 1 ? 4 : 0)}));
  }

  static void send(Client& client, std::string_view bytes) {
    if (!client.wire.peer_finished) client.send(bytes);
  }

  // What holds after every scene.
  void check() {
    std::size_t open = 0;
    for (const auto& client : world_.clients) {
      open += !client->gone;
      require(client->gone == client->wire.closed);
      if (client->connection != nullptr) require(client->connection->buffered_amount() <= 40'000);
    }
    require(world_.workspace.counters.open == open);
  }

  void end() {
    for (auto& client : world_.clients) {
      client->on_text_or_binary = nullptr;
      client->on_other = nullptr;
      client->wire.peer_reset = true;
    }
    world_.run();
    std::size_t sent = 0;
    for (const auto& client : world_.clients) {
      sent += client->wire.outbound.size();
      require(client->gone);
      check_told(client->told);
      check_frames(*client);
    }
    require(sent == world_.workspace.counters.bytes_out);
    require(world_.workspace.counters.open == 0);
    require(world_.timers.empty());
    require(!world_.pending);
    require(world_.workspace.memory.capacity() <= 64 * 1024);
  }

  // One close, behind everything else, and then the end.
  static void check_told(const Told& told) {
    require(told.size() >= 2 && told.back() == "gone");
    for (std::size_t i = 0; i < told.size(); ++i) {
      require(told[i].starts_with("close ") == (i == told.size() - 2));
    }
  }

  static void check_frames(Client& client) {
    const std::vector<ServerFrame> frames = take_frames(client.wire.outbound);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const unsigned opcode = frames[i].first & 0x0f;
      require((frames[i].first & 0xb0) == 0x80);  // whole, RSV2 and RSV3 clear
      require(opcode == 1 || opcode == 2 || (opcode >= 8 && opcode <= 10));
      require(opcode < 8 || (frames[i].payload.size() <= 125 && (frames[i].first & 0x40) == 0));
      require((opcode == 8) == (i == frames.size() - 1) || opcode != 8);
    }
  }

  Script script_;
  SocketWorld world_;
};

}  // namespace
}  // namespace bao::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2000) return 0;
  bao::testing::Play(bao::testing::Script(data, size)).run();
  return 0;
}
