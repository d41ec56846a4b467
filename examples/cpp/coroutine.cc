// Handlers that wait without blocking: timers, work on other threads, clients that go away.
//
//     curl http://localhost:3000/sleep?ms=500
//     curl http://localhost:3000/resolve/localhost
//     curl http://localhost:3000/clock          (and press Ctrl-C before it has ended)
//     curl http://localhost:3000/ticks

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <netdb.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>

#include <bao/bao.h>

using namespace std::chrono_literals;

// Blocks until the name server has answered, so it must not run on the loop's thread.
std::string resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int status = getaddrinfo(host.c_str(), nullptr, &hints, &found); status != 0) {
    throw std::runtime_error("Cannot resolve " + host + ": " + gai_strerror(status));
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  char text[NI_MAXHOST];
  getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

bao::Task<bao::Response> sleep_for_client(bao::Request& req) {
  int ms = std::atoi(req.query("ms").value_or("100").c_str());
  if (ms < 0 || ms > 5000) co_return bao::Response("ms is 0 to 5000\n").status(400);
  // Nothing is held meanwhile but this coroutine: the thread serves others.
  co_await bao::sleep(std::chrono::milliseconds(ms));
  co_return bao::Response("slept " + std::to_string(ms) + " ms\n");
}

bao::Task<bao::Response> resolve_for_client(bao::Request& req) {
  std::string host = req.param("host");
  // The lambda runs on another thread, the rest of the coroutine on the loop's. What it throws
  // comes out of the await. A closure that owns something goes into a variable before the await:
  // g++ 12 destroys it twice otherwise (docs/getting-started.md).
  auto lookup = [host] { return resolve(host); };
  std::string address = co_await bao::blocking(lookup);
  co_return bao::Response(host + " is " + address + "\n");
}

// Works for a while, but not for a client that has gone.
bao::Task<bao::Response> work_in_steps(bao::Request& req) {
  auto stop = req.stop_token();
  for (int step = 0; step < 20; ++step) {
    co_await bao::sleep(50ms);
    if (stop.stop_requested()) {
      std::cout << "the client left at step " << step << std::endl;
      co_return bao::Response();  // goes nowhere
    }
  }
  co_return bao::Response("20 steps\n");
}

bao::Task<void> warm_up(bool& warm) {
  co_await bao::sleep(20ms);
  warm = true;
}

int main(int argc, char** argv) {
  int ticks = 0;
  bool warm = false;
  auto server = bao::serve({
      .arguments = {argc, argv},
      .routes =
          {
              {"/sleep", sleep_for_client},
              {"/resolve/:host", resolve_for_client},
              {"/clock", work_in_steps},
              {"/ticks",
               [&] { return "tick " + std::to_string(ticks) + (warm ? ", warm\n" : ", cold\n"); }},
          },
  });
  // A callback on the loop's thread, so it may touch what the handlers touch.
  bao::every(10ms, [&] { ++ticks; });
  // A task that nobody waits for.
  bao::spawn(warm_up(warm));

  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}
