#include <benchmark/benchmark.h>

#include "heads.h"
#include "http1/request_parser.h"
#include "http1/request_rules.h"

namespace bao::bench {
namespace {

void parse(benchmark::State& state, std::string_view bytes) {
  http::RequestHead head;
  http1::RequestParser parser;
  const http1::HeadLimits limits;
  for (auto _ : state) {
    if (parser.parse(bytes, limits, head) != http1::ParseStatus::complete ||
        http1::apply_request_rules(head)) {
      return state.SkipWithError("the head was refused");
    }
    benchmark::DoNotOptimize(head);
    parser.reset();
    head.clear();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes.size()) * state.iterations());
}

BENCHMARK_CAPTURE(parse, plain_head, kPlainHead);
BENCHMARK_CAPTURE(parse, browser_head, kBrowserHead);

}  // namespace
}  // namespace bao::bench
