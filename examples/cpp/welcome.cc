// What `./dev serve` runs: a page that shows what Bao does, while it does it.

#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <bao/bao.h>

#include "welcome_page.h"  // made of welcome.html when this is built

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// The counters of a server as JSON. With nlohmann's library <bao/json.h> would write it, but this
// program needs nothing beside Bao.
bao::Response counters(bao::Server& server, Clock::time_point started) {
  const bao::Counters now = server.counters();
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started);
  std::string json = "{";
  auto add = [&](const std::string& name, std::uint64_t value) {
    if (json.size() > 1) json += ',';
    json += '"' + name + "\":" + std::to_string(value);
  };
  add("uptime_seconds", static_cast<std::uint64_t>(uptime.count()));
  add("connections_open", now.connections_open);
  add("connections_total", now.connections_total);
  add("requests_pending", now.requests_pending);
  add("requests_total", now.requests_total);
  add("bytes_in", now.bytes_in);
  add("bytes_out", now.bytes_out);
  for (std::size_t digit = 2; digit < now.replies_by_class.size(); ++digit) {
    add("replies_" + std::to_string(digit) + "xx", now.replies_by_class[digit]);
  }
  return bao::Response::json_text(json + "}").set("Cache-Control", "no-store");
}

bao::Response hello(bao::Request& req) {
  return bao::Response("Hello, " + req.param("name") + "!\n");
}

bao::Task<bao::Response> slow() {
  co_await bao::sleep(2s);  // the server goes on with everybody else
  co_return bao::Response("That took two seconds, and held up nobody.\n");
}

// Something goes wrong here, so that there is an error to look at.
double price_of(const std::string& filling) {
  static const std::map<std::string, double> prices = {{"pork", 1.8}, {"mushroom", 1.6}};
  return prices.at(filling);
}

bao::Response order() {
  try {
    return bao::Response("A custard bun costs " + std::to_string(price_of("custard")) + "\n");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("Cannot price the order"));
  }
}

// Bao leaves what it does not know to the program, which here wants nothing else: a slip of the pen
// shall not start a server on another port than was meant.
void refuse_unknown(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--port") {
      ++i;  // its value
    } else if (!argument.starts_with("--port=")) {
      throw std::invalid_argument("The argument " + std::string(argument) +
                                  " means nothing here: --port=N is all that this program takes");
    }
  }
}

int main(int argc, char** argv) {
  try {
    refuse_unknown(argc, argv);
    const auto started = Clock::now();
    auto server = bao::serve({
        .arguments = {argc, argv},
        .routes =
            {
                {"/", bao::Response::html(std::string(kWelcomePage))},
                {"/api/counters",
                 [started](bao::Request&, bao::Server& server) {
                   return counters(server, started);
                 }},
                {"/hello/:name", hello},
                {"/slow", slow},
                {"/error", order},
            },
        .fetch =
            [](bao::Request& req) {
              return bao::Response("There is nothing at " + std::string(req.path()) + "\n")
                  .status(404);
            },
    });
    std::cout << "listening on " << server.url() << std::endl;
    bao::run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
