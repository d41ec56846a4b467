// The mixed application of tests/soak/mixed/soak.mjs, in C++:
//
//     test_soak_mixed FILE              one process
//     test_soak_mixed FILE cluster      two processes, one of which crashes when it is asked to
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <malloc.h>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

#include <bao/bao.h>

using namespace std::chrono_literals;

namespace {

/// FNV-1a, which the client computes as well.
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const unsigned char byte : bytes) value_ = (value_ ^ byte) * 16777619u;
    length_ += bytes.size();
  }
  std::string text() const { return std::to_string(length_) + " " + std::to_string(value_); }

 private:
  std::uint32_t value_ = 2166136261u;
  std::uint64_t length_ = 0;
};

bao::Task<bao::Response> upload(bao::Request& req) {
  Hash hash;
  bao::Body body = req.body();
  while (auto piece = co_await body.next()) hash.add(*piece);
  co_return hash.text();
}

bao::Task<bao::Response> form(bao::Request& req) {
  bao::Form fields = co_await req.form();
  Hash hash;
  const bao::FormEntry* file = fields.file("file");
  if (file != nullptr) hash.add(file->content());
  co_return fields.get("name").value_or("") + " " + hash.text();
}

bao::Response events(bao::Request& req) {
  const int count = std::atoi(req.query("count").value_or("0").c_str());
  return bao::event_stream([count](bao::EventStream& out) -> bao::Task<> {
    for (int i = 0; i < count; ++i) {
      co_await out.send(std::to_string(i));
      if (i % 8 == 0) co_await bao::sleep(1ms);
    }
  });
}

bao::Response pieces(bao::Request& req) {
  const int count = std::atoi(req.query("count").value_or("0").c_str());
  return bao::Response::stream([count](bao::Writer& out) -> bao::Task<> {
    for (int i = 0; i < count; ++i) {
      const std::string piece(1000, static_cast<char>('a' + i % 26));
      co_await out.write(piece);
    }
  });
}

std::string file_path;

bao::Task<bao::Response> slow(int version) {
  co_await bao::sleep(20ms);
  co_return std::to_string(version);
}

bao::Routes routes(int version) {
  return {
      {"/prepared", bao::Response("prepared and sent\n")},
      {"/hello/:name", [](bao::Request& req) { return "hello " + req.param("name"); }},
      {"/echo", bao::methods{.post = [](bao::Request& req) -> bao::Task<bao::Response> {
         co_return co_await req.text();
       }}},
      {"/file", bao::file(file_path)},
      {"/upload", bao::methods{.post = upload}},
      {"/form", bao::methods{.post = form}},
      {"/events", events},
      {"/pieces", pieces},
      {"/version", [version] { return std::to_string(version); }},
      {"/slow", [version](bao::Request&) { return slow(version); }},
      {"/reload",
       [version](bao::Request&, bao::Server& server) {
         server.reload({.routes = routes(version + 1)});
         return std::to_string(version + 1);
       }},
      {"/socket",
       [](bao::Request& req, bao::Server& server) -> std::optional<bao::Response> {
         if (server.upgrade(req)) return std::nullopt;
         return bao::Response("a WebSocket, please").status(400);
       }},
      {"/memory", [] { return std::to_string(::mallinfo2().uordblks + ::mallinfo2().hblkhd); }},
      {"/pid", [] { return std::to_string(getpid()); }},
      {"/crash",
       [] {
         std::raise(SIGKILL);
         return "never";
       }},
  };
}

bao::Server start() {
  return bao::serve({
      .port = 0,
      .hostname = "127.0.0.1",
      .routes = routes(1),
      .websocket = {
          .open = [](bao::WebSocket& ws) { ws.subscribe("all"); },
          .message =
              [](bao::WebSocket& ws, const bao::Message& message) {
                const std::string_view text = message.view();
                if (text.starts_with("all ")) ws.publish("all", text);
                if (message.is_text())
                  ws.send(text, true);
                else
                  ws.send_binary(text);
              },
          .per_message_deflate = true,
      },
      .development = false,
  });
}

}  // namespace

int main(int argc, char** argv) {
  file_path = argv[1];
  const auto announce = [](const bao::Server& server) {
    std::cout << server.url() << ' ' << getpid() << std::endl;
  };
  if (argc > 2) {
    return bao::cluster({.processes = 2, .restart_delay = 10ms, .max_restart_delay = 50ms},
                        [&](bao::ClusterChild child) {
                          const auto server = start();
                          if (child.number == 0 && child.restarts == 0) announce(server);
                        });
  }
  announce(start());
  bao::run();
}
