#include "routing/router.h"

#include <array>
#include <benchmark/benchmark.h>
#include <string>
#include <utility>

namespace bao::bench {
namespace {

// The routes of an ordinary service: `resources` of them, each with five patterns.
routing::Router make_router(int64_t resources) {
  routing::Router::Builder builder;
  uint32_t route = 0;
  for (int64_t i = 0; i < resources; ++i) {
    const std::string base = "/api/resource" + std::to_string(i);
    for (const char* rest : {"", "/:id", "/:id/comments", "/:id/comments/:comment", "/files/*"}) {
      builder.add(base + rest, route++);
    }
  }
  return std::move(builder).build();
}

void match(benchmark::State& state, const char* path, bool matches) {
  const routing::Router router = make_router(state.range(0));
  routing::Match found;
  for (auto _ : state) {
    benchmark::DoNotOptimize(path);
    if (router.match(path, found) != matches) return state.SkipWithError("not the expected answer");
    benchmark::DoNotOptimize(found);
  }
}

BENCHMARK_CAPTURE(match, exact, "/api/resource1", true)->Arg(2)->Arg(200);
BENCHMARK_CAPTURE(match, parameter, "/api/resource1/42", true)->Arg(2)->Arg(200);
BENCHMARK_CAPTURE(match, two_parameters, "/api/resource1/42/comments/7", true)->Arg(2)->Arg(200);
BENCHMARK_CAPTURE(match, wildcard, "/api/resource1/files/a/b/c.png", true)->Arg(2)->Arg(200);
BENCHMARK_CAPTURE(match, nothing, "/favicon.ico", false)->Arg(2)->Arg(200);

}  // namespace
}  // namespace bao::bench
