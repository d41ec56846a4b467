// Bao's server for `./dev bench websocket`: messages come back to their client, compressed if it
// offers that, or go to everybody in the room.

#include <iostream>
#include <optional>
#include <string_view>
#include <utility>

#include <bao/bao.h>

using namespace std::chrono_literals;

namespace {

// What a socket is for.
struct Use {
  bool room = false;
  bool compress = false;
};

}  // namespace

int main() {
  bao::Options options;
  options.port = 0;
  options.hostname = "127.0.0.1";
  options.development = false;
  options.idle_timeout = 60s;
  options.fetch = [](bao::Request& request, bao::Server& server) -> std::optional<bao::Response> {
    bao::UpgradeOptions upgrade;
    const std::string_view path = request.path();
    upgrade.data = Use{path.starts_with("/room"), path.ends_with("-compressed")};
    if (server.upgrade(request, std::move(upgrade))) return std::nullopt;
    return bao::Response("no WebSocket");
  };
  std::optional<bao::Server> running;  // for the handlers, which come with the options
  options.websocket.per_message_deflate = true;
  options.websocket.open = [](bao::WebSocket& socket) {
    if (socket.data<Use>().room) socket.subscribe("room");
  };
  options.websocket.message = [&running](bao::WebSocket& socket, bao::Message message) {
    const Use& use = socket.data<Use>();
    if (use.room) {
      running->publish("room", message.view(), use.compress);
    } else {
      socket.send(message.view(), use.compress);
    }
  };
  running = bao::serve(std::move(options));
  std::cout << "listening on " << *running->port() << std::endl;
  bao::run();
}
