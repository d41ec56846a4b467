// What clients of WebSockets talk to: the same as node/test/sockets/server.js, in C++. Prints one
// line of JSON, the URLs of its servers by their modes; ends by SIGINT or SIGTERM.

#include <array>
#include <charconv>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/bao.h>

namespace {

using bao::Compressor;

constexpr std::uint64_t kMost = 4 << 20;

struct Mode {
  std::string_view name;
  bao::PerMessageDeflate deflate;
};

const std::array<Mode, 5> kModes{{
    {"plain", false},
    {"shared", true},
    {"dedicated", {Compressor::dedicated, Compressor::dedicated}},
    {"small", {Compressor::dedicated_3kb, Compressor::dedicated_4kb}},
    {"half", {Compressor::disabled, Compressor::dedicated}},
}};

// What a socket is for.
struct Use {
  bool commanded = false;
};

// The first word of a text, which it loses.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

int number(std::string_view word) {
  int result = 0;
  std::from_chars(word.data(), word.data() + word.size(), result);
  return result;
}

void obey(bao::WebSocket& socket, std::string_view command) {
  const std::string_view word = take_word(command);
  const std::string_view first = take_word(command);
  if (word == "close") return socket.close(number(first), command);
  if (word == "terminate") return socket.terminate();
  if (word == "ping") socket.ping(first);
  if (word == "send") {
    socket.send_binary(std::string(static_cast<std::size_t>(number(first)), '\7'), true);
  }
  if (word == "burst") {
    for (int i = 0; i < number(first); ++i) socket.send("message " + std::to_string(i));
  }
}

std::optional<bao::Response> answer(bao::Request& request, bao::Server& server,
                                    std::string& closed) {
  if (request.path() == "/closed") {
    return bao::Response("[" + std::exchange(closed, {}) + "]")
        .set("Content-Type", "application/json");
  }
  bao::UpgradeOptions upgrade;
  upgrade.data = Use{request.path() == "/command"};
  upgrade.protocol = "second";
  if (server.upgrade(request, std::move(upgrade))) return std::nullopt;
  return bao::Response("no WebSocket").status(400);
}

bao::Server start(const Mode& mode, std::string& closed) {
  bao::Options options;
  options.port = 0;
  options.hostname = "127.0.0.1";
  options.development = false;
  options.websocket.max_payload_length = kMost;
  options.websocket.per_message_deflate = mode.deflate;
  options.websocket.message = [](bao::WebSocket& socket, bao::Message message) {
    if (socket.data<Use>().commanded) {
      obey(socket, message.view());
    } else if (message.is_text()) {
      socket.send(message.view(), true);
    } else {
      socket.send_binary(message.bytes(), true);
    }
  };
  options.websocket.pong = [](bao::WebSocket& socket, std::string_view payload) {
    if (socket.data<Use>().commanded) socket.send("pong " + std::string(payload));
  };
  // The reasons of the tests need no escapes.
  options.websocket.close = [&closed](bao::WebSocket&, int code, std::string_view reason) {
    if (!closed.empty()) closed += ',';
    closed.append("[").append(std::to_string(code)).append(",\"").append(reason).append("\"]");
  };
  options.fetch = [&closed](bao::Request& request, bao::Server& server) {
    return answer(request, server, closed);
  };
  return bao::serve(std::move(options));
}

}  // namespace

int main() {
  std::array<std::string, kModes.size()> closed;
  std::vector<bao::Server> servers;
  std::string urls;
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    servers.push_back(start(kModes[i], closed[i]));
    urls.append(urls.empty() ? "{\"" : ",\"").append(kModes[i].name);
    urls.append("\":\"ws://127.0.0.1:")
        .append(std::to_string(*servers.back().port()))
        .append("/\"");
  }
  std::cout << urls << '}' << std::endl;
  bao::run();
}
