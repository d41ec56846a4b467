// What the tests with real clients talk to. `server` listens on a free port of all interfaces,
// `server --unix PATH` on a unix socket, `server --abstract NAME` on an abstract one. Prints its
// URL; ends by SIGINT or SIGTERM.

#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include <bao/bao.h>

using namespace std::chrono_literals;

namespace {

int cancelled = 0;
std::string ranges;

bao::Response recording(bao::Request& req) {
  ranges.append(req.field("range").value_or("none")).append("\n");
  return bao::file("recording.wav");
}

bao::Task<bao::Response> upload(bao::Request& req) {
  bao::Form form = co_await req.form();
  std::string text;
  for (const bao::FormEntry& entry : form.entries()) {
    text.append(entry.name());
    if (entry.is_file()) {
      text.append(": ").append(*entry.filename()).append(", ").append(entry.type());
      text.append(", ").append(std::to_string(entry.size())).append(" bytes\n");
      entry.save("uploaded");
    } else {
      text.append("=").append(entry.content()).append("\n");
    }
  }
  co_return text;
}

bao::Task<bao::Response> echo(bao::Request& req) {
  std::string type(req.field("Content-Type").value_or("application/octet-stream"));
  co_return bao::Response::bytes(co_await req.text()).set("Content-Type", type);
}

bao::Response describe(bao::Request& req) {
  std::string text;
  text.append(req.method()).append(" ").append(req.path());
  if (!req.query_string().empty()) text.append("?").append(req.query_string());
  for (auto [name, value] : req.fields()) text.append("\n").append(name).append(": ").append(value);
  return text + "\n";
}

/// Waits for as long as the client does.
bao::Task<bao::Response> patient(bao::Request& req) {
  while (!req.stop_token().stop_requested()) co_await bao::sleep(1ms);
  ++cancelled;
  co_return "for nobody";
}

bao::Task<bao::Response> slow(bao::Request& req) {
  co_await bao::sleep(30ms);
  co_return bao::Response(req.query_string());
}

bao::Response stream() {
  return bao::Response::stream([](bao::Writer& out) -> bao::Task<> {
    for (int i = 0; i < 5; ++i) {
      co_await out.write("piece " + std::to_string(i) + "\n");
      co_await bao::sleep(2ms);
    }
    out.set_trailer("X-Pieces", "5");
  });
}

bao::Options options(std::string_view how, std::string_view where) {
  bao::Options options;
  if (how == "--unix") {
    options.unix_path = where;
  } else if (how == "--abstract") {
    options.unix_path.assign(1, '\0').append(where);
  } else {
    options.port = 0;
  }
  options.routes = {
      {"/hello", bao::Response("hello, world")},
      {"/file", bao::file("two-megabytes")},
      {"/files/*", bao::directory(".")},
      {"/attachment",
       bao::Response(bao::file("two-megabytes"))
           .set("Content-Disposition", "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.bin")},
      {"/recording", recording},
      {"/ranges", [] { return bao::Response(ranges); }},
      {"/upload", upload},
      {"/large", bao::Response(std::string(3'000'000, 'x'))},
      {"/echo", echo},
      {"/describe", describe},
      {"/path/*", [](bao::Request& req) { return bao::Response(req.path()); }},
      {"/slow", slow},
      {"/patient", patient},
      {"/cancelled", [] { return bao::Response(std::to_string(cancelled)); }},
      {"/stream", stream},
      {"/redirect", [] { return bao::Response::redirect("/hello"); }},
      {"/refuse", [] { return bao::Response("no").status(403); }},
      {"/none", bao::Response::empty(204)},
      {"/cookies",
       [] { return bao::Response().append("Set-Cookie", "a=1").append("Set-Cookie", "b=2"); }},
      {"/bye", bao::Response("bye").set("Connection", "close")},
      {"/get-only", bao::methods{.get = describe}},
      {"/throw", [](bao::Request&) -> bao::Response { throw std::runtime_error("a secret"); }},
      {"/address",
       [](bao::Request& req) {
         return bao::Response(req.address() ? req.address()->address : std::string("none"));
       }},
      {"/connections",
       [](bao::Request&, bao::Server& server) {
         return bao::Response(std::to_string(server.counters().connections_total));
       }},
  };
  options.development = false;
  options.max_request_body_size = 8 << 20;
  options.log = [](std::string_view) {};
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  auto server = bao::serve(options(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : ""));
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}
