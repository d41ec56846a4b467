// What a server does all day, rehearsed: the run of this program, with a library that was compiled
// with BAO_RECORD_PROFILE, leaves the profile that BAO_PROFILE gives to the compiler. The shares of
// the requests are a guess at those of real servers; what matters is which branches are common and
// which are rare.
//
//   bao-rehearsal [ROUNDS]
//
// It talks to itself over loopback and ends after some seconds.

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <bao/bao.h>

#include "connect.h"
#include "talk.h"

using namespace std::chrono_literals;

namespace {

constexpr const char* kText = "Hello, world!";

constexpr std::string_view kPlainFields = "Host: 127.0.0.1:3000\r\n\r\n";

constexpr std::string_view kClientFields =
    "Host: api.example.com\r\n"
    "User-Agent: curl/8.5.0\r\n"
    "Accept: application/json\r\n"
    "Authorization: Bearer 5f4dcc3b5aa765d61d8327deb882cf99\r\n\r\n";

constexpr std::string_view kBrowserFields =
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Referer: https://www.example.com/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark\r\n\r\n";

// -- The server

bao::Task<bao::Response> greet_later(bao::Request&) {
  co_await bao::sleep(0ms);
  co_return bao::Response(kText);
}

bao::Task<bao::Response> take_text(bao::Request& request) {
  const std::string text = co_await request.text();
  co_return bao::Response(std::to_string(text.size()));
}

bao::Response answer_with_fields(bao::Request& request) {
  bao::Response response(std::string(request.field("user-agent").value_or("nobody")));
  response.set("Cache-Control", "no-store");
  response.set("X-Request-Id", "0af7651916cd43dd8448eb211c80319c");
  return response;
}

bao::Options make_options() {
  bao::Options options;
  options.port = 0;
  options.hostname = "127.0.0.1";
  options.routes = {
      {"/prepared", bao::Response(kText)},
      {"/", [] { return bao::Response(kText); }},
      {"/json", [] { return bao::Response::json_text(R"({"message":"Hello, world!"})"); }},
      {"/users/:id", [](bao::Request& request) { return bao::Response(request.param("id")); }},
      {"/users/:id/posts/:post",
       [](bao::Request& request) { return bao::Response(request.param("post")); }},
      {"/assets/*", [] { return bao::Response(std::string(20000, 'x')); }},
      {"/fields", answer_with_fields},
      {"/later", greet_later},
      {"/text", bao::methods{.post = take_text}},
  };
  options.fetch = [](bao::Request& request, bao::Server& server) -> std::optional<bao::Response> {
    if (request.path() == "/talk" && server.upgrade(request)) return std::nullopt;
    return bao::Response(request.query("q").value_or("nothing"));
  };
  options.websocket = make_sockets();
  options.development = false;
  return options;
}

// -- Its client

/// One connection of the client, which asks, waits for the replies, and asks again.
class Visitor {
 public:
  explicit Visitor(uint16_t port) : fd_(connect_to(port)) {}
  ~Visitor() { ::close(fd_); }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  /// Sends `count` requests at once.
  void ask(std::string_view request, int count = 1) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += request;
    send_all(fd_, bytes);
    awaited_ += count;
  }

  /// Reads all replies that were asked for; each has a Content-Length.
  void receive() {
    char buffer[65536];
    while (awaited_ > 0) {
      const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
      if (got <= 0) throw std::runtime_error("the server has gone");
      bytes_.append(buffer, static_cast<size_t>(got));
      for (size_t size; awaited_ > 0 && (size = reply_size()) != 0; --awaited_)
        bytes_.erase(0, size);
    }
  }

 private:
  // The size of the first reply; 0 if it is not whole.
  size_t reply_size() const {
    const size_t head = bytes_.find("\r\n\r\n");
    const size_t length = bytes_.find("Content-Length: ");
    if (head == bytes_.npos || length > head) return 0;
    const size_t size = head + 4 + std::strtoul(bytes_.c_str() + length + 16, nullptr, 10);
    return size <= bytes_.size() ? size : 0;
  }

  int fd_;
  int awaited_ = 0;
  std::string bytes_;
};

std::string get(std::string_view path, std::string_view fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\n" + std::string(fields);
}

std::string post(std::string_view path, size_t size) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(size) +
         "\r\n" + std::string(kClientFields) + std::string(size, 'a');
}

std::vector<std::string> make_requests() {
  std::vector<std::string> requests;
  for (std::string_view fields : {kPlainFields, kPlainFields, kClientFields, kBrowserFields}) {
    for (std::string_view path :
         {"/prepared", "/prepared", "/", "/", "/json", "/users/42", "/users/7/posts/12", "/fields",
          "/later", "/search?q=a%20cup", "/assets/app.js"}) {
      requests.push_back(get(path, fields));
    }
  }
  requests.push_back(post("/text", 100));
  requests.push_back(post("/text", 3000));
  return requests;
}

void visit(uint16_t port, int rounds) {
  constexpr int kVisitors = 16;
  const std::vector<std::string> requests = make_requests();
  std::list<Visitor> staying;
  for (int i = 0; i < kVisitors; ++i) staying.emplace_back(port);
  for (int round = 0; round < rounds; ++round) {
    for (const std::string& request : requests) {
      // Several connections are ready in each turn of the loop.
      for (Visitor& visitor : staying) visitor.ask(request);
      for (Visitor& visitor : staying) visitor.receive();
    }
    if (round % 8 != 0) continue;
    Visitor passing(port);
    for (const std::string& request : requests) passing.ask(request, 16);
    passing.receive();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 400;
  bao::Server server = bao::serve(make_options());
  bao::Loop& loop = bao::Loop::current();
  int status = 0;
  std::thread client([&, port = *server.port()] {
    try {
      visit(port, rounds);
      talk(port, rounds);
    } catch (const std::exception& error) {
      std::cerr << "bao-rehearsal: " << error.what() << '\n';
      status = 1;
    }
    loop.post([&] { server.stop(); });
  });
  bao::run();
  client.join();
  return status;
}
