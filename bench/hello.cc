// Bao's server for the benchmarks: one route for each kind of answer.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <malloc.h>
#include <string>

#include <bao/bao.h>

using namespace std::chrono_literals;

namespace {

constexpr const char* kText = "Hello, world!";

bao::Response greet() {
  return bao::Response(kText);
}

bao::Response greet_in_json() {
  return bao::Response::json_text(R"({"message":"Hello, world!"})");
}

bao::Response echo_id(bao::Request& request) {
  return bao::Response(request.param("id"));
}

bao::Task<bao::Response> greet_later(bao::Request&) {
  co_await bao::sleep(0ms);
  co_return bao::Response(kText);
}

/// The bytes that the program has allocated and not freed, exactly, for bench/memory.
bao::Response count_heap() {
  const struct mallinfo2 heap = ::mallinfo2();
  return bao::Response(std::to_string(heap.uordblks + heap.hblkhd));
}

}  // namespace

int main() {
  bao::Options options;
  options.port = 0;
  options.hostname = "127.0.0.1";
  options.routes = {
      {"/prepared", bao::Response(kText)},
      {"/", greet},
      {"/json", greet_in_json},
      {"/users/:id", echo_id},
      {"/suspend", greet_later},
      {"/heap", count_heap},
  };
  if (const char* files = std::getenv("BAO_BENCH_FILES")) {
    for (const char* name : {"4k", "1m"}) {
      options.routes.add(std::string("/files/") + name, bao::file(std::string(files) + "/" + name));
    }
  }
  if (const char* folder = std::getenv("BAO_BENCH_TLS")) {
    bao::Tls entry;
    entry.key = bao::file(std::string(folder) + "/key.pem");
    entry.cert = bao::file(std::string(folder) + "/cert.pem");
    entry.low_memory_mode = std::getenv("BAO_BENCH_LOW_MEMORY") != nullptr;
    options.tls = {std::move(entry)};
  }
  options.development = false;
  options.idle_timeout = 60s;
  const bao::Server server = bao::serve(std::move(options));
  std::cout << "listening on " << *server.port() << std::endl;
  bao::run();
}
