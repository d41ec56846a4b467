// What the tests with real clients talk to. `server` listens on a free port of all interfaces,
// `server --unix PATH` on a unix socket, `server --abstract NAME` on an abstract one, `server --tls
// FOLDER` speaks TLS by FOLDER/key.pem and cert.pem, and wants clients that ca.pem has signed if
// that is there. Prints its URL; ends by SIGINT or SIGTERM.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
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

bao::Response tell_tls(bao::Request& req) {
  const auto tls = req.tls();
  if (!tls) return bao::Response("none");
  return bao::Response(tls->protocol + " " + tls->server_name + " " +
                       (tls->certificate ? tls->certificate->subject : "nobody"));
}

// A page that says what a browser may do here, by its own origin's HTTP and WebSocket.
constexpr const char* kPage =
    R"(<!doctype html><title>secure</title><p id="said"></p><script type="module">
const tell = (text) => { document.getElementById("said").innerText += text + "; "; };
tell(`secure context: ${isSecureContext}`);
tell(await (await fetch("/tls")).text());
const big = await (await fetch("/large")).text();
tell(`${big.length} bytes`);
const socket = new WebSocket(`wss://${location.host}/socket`);
socket.onopen = () => socket.send("hello by wss");
socket.onmessage = ({ data }) => tell(`echo: ${data}`);
socket.onerror = () => tell("the socket failed");
</script>)";

std::optional<bao::Response> open_socket(bao::Request& req, bao::Server& server) {
  if (server.upgrade(req)) return std::nullopt;
  return bao::Response("no WebSocket").status(400);
}

bao::Tls read_entry(const std::string& folder) {
  bao::Tls entry;
  entry.key = bao::file(folder + "/key.pem");
  entry.cert = bao::file(folder + "/cert.pem");
  entry.request_cert = std::filesystem::exists(folder + "/ca.pem");
  if (entry.request_cert) entry.ca = bao::file(folder + "/ca.pem");
  return entry;
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
  if (how == "--tls") options.tls = {read_entry(std::string(where))};
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
      {"/tls", tell_tls},
      {"/page", bao::Response::html(kPage)},
      {"/socket", open_socket},
      {"/resumed",
       [](bao::Request&, bao::Server& server) {
         return bao::Response(std::to_string(server.counters().handshakes_resumed));
       }},
  };
  options.websocket.message = [](bao::WebSocket& ws, bao::Message message) { ws.send(message); };
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
