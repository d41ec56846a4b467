// A chat: everybody who opens the page hears what the others write. A topic carries the messages;
// who is there is told to those who come.

#include <iostream>
#include <optional>
#include <string>

#include <bao/bao.h>

#include "chat_page.h"

constexpr const char* kTopic = "chat";

struct Visitor {
  std::string name;
};

// The names are shown by the page as text, never as HTML, so nothing needs to be escaped here.
std::optional<bao::Response> join(bao::Request& req, bao::Server& server) {
  std::string name = req.query("name").value_or("somebody");
  if (name.size() > 40) return bao::Response("That name is too long\n").status(400);
  bao::UpgradeOptions options;
  options.data = Visitor{std::move(name)};
  if (server.upgrade(req, std::move(options))) return std::nullopt;
  return bao::Response("This is for WebSockets\n").status(400);
}

void announce(bao::Server& server, const std::string& what) {
  server.publish(kTopic, what + " (" + std::to_string(server.subscriber_count(kTopic)) + " here)");
}

int main(int argc, char** argv) {
  std::optional<bao::Server> running;  // for the handlers, which come with the options
  running = bao::serve({
      .arguments = {argc, argv},
      .routes =
          {
              {"/", bao::Response::html(std::string(kChatPage))},
              {"/chat", join},
          },
      .websocket = {
          .open =
              [&](bao::WebSocket& ws) {
                ws.subscribe(kTopic);
                announce(*running, ws.data<Visitor>().name + " has come");
              },
          .message =
              [&](bao::WebSocket& ws, std::string_view text) {
                running->publish(kTopic, ws.data<Visitor>().name + ": " + std::string(text));
              },
          .close =
              [&](bao::WebSocket& ws) {
                announce(*running, ws.data<Visitor>().name + " has gone");
              },
          .max_payload_length = 4096,  // nobody writes more at a time
          .per_message_deflate = true,
      },
  });
  std::cout << "listening on " << running->url() << std::endl;
  bao::run();
}
