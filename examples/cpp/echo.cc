// A WebSocket that says back whatever it is told. In a browser's console:
//
//     ws = new WebSocket("ws://localhost:3000"); ws.onmessage = e => console.log(e.data); ws.onopen
//     = () => ws.send("hi")

#include <iostream>
#include <optional>

#include <bao/bao.h>

int main(int argc, char** argv) {
  auto server = bao::serve({
      .arguments = {argc, argv},
      .fetch = [](bao::Request& req, bao::Server& server) -> std::optional<bao::Response> {
        if (server.upgrade(req)) return std::nullopt;  // it is a WebSocket from here on
        return bao::Response("This server speaks WebSocket\n").status(400);
      },
      .websocket =
          {
              .message =
                  [](bao::WebSocket& ws, bao::Message message) {
                    if (message.is_text()) {
                      ws.send(message);
                    } else {
                      ws.send_binary(message.bytes());
                    }
                  },
          },
  });
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}
