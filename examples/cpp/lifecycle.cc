// A server's life: new handlers while it runs, counters, and a graceful end.
//
//     curl http://localhost:3000/                  (again and again: the generation changes)
//     curl http://localhost:3000/slow &            (now stop the program: the answer still comes)
//     curl -X POST http://localhost:3000/stop

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

#include <bao/bao.h>

using namespace std::chrono_literals;

bao::Task<bao::Response> slow() {
  std::cout << "a slow request begins" << std::endl;
  co_await bao::sleep(1s);
  co_return bao::Response("done after all\n");
}

// Idle connections close at once, the others when their request is answered; nobody is cut off.
bao::Response stop(bao::Request&, bao::Server& server) {
  std::cout << "stopping with " << server.pending_requests() << " requests under way" << std::endl;
  server.stop();  // a coroutine may wait for the end: co_await server.stop()
  return bao::Response("good bye\n");
}

// The handlers of one generation. Requests that began with an older one end with it.
bao::Routes routes(int generation) {
  return {
      {"/", [generation] { return "generation " + std::to_string(generation) + "\n"; }},
      {"/slow", slow},
      {"/stop", bao::methods{.post = stop}},
  };
}

int main(int argc, char** argv) {
  auto server = bao::serve({.arguments = {argc, argv}, .routes = routes(1)});
  std::cout << "listening on " << server.url() << std::endl;

  // Because a file has changed, say. Connections live on; the next request sees the new handlers.
  auto reload = bao::every(
      1s, [&, generation = 1]() mutable { server.reload({.routes = routes(++generation)}); });

  auto report = bao::every(1s, [&, seen = std::uint64_t{0}]() mutable {
    bao::Counters counters = server.counters();
    if (counters.requests_total == seen) return;
    seen = counters.requests_total;
    std::cout << counters.requests_total << " requests on " << counters.connections_total
              << " connections, " << counters.bytes_out << " bytes out" << std::endl;
  });

  // A timer keeps `run` going unless told otherwise. Here the server alone shall.
  reload.unref();
  report.unref();

  // Until the server has stopped. SIGINT and SIGTERM stop it as `stop` does; another one, a moment
  // later, cuts what is still under way.
  bao::run();

  std::cout << "stopped after " << server.counters().replies_by_class[2] << " good replies"
            << std::endl;
}
