#include "http1/reply_writer.h"

#include <benchmark/benchmark.h>

#include <bao/fields.h>

namespace bao::bench {
namespace {

void write_head(benchmark::State& state, int status, int fields) {
  Fields own;
  for (int i = 0; i < fields; ++i)
    own.append("X-Field-" + std::to_string(i), "a value of some length");
  const http::Reply reply{.status = status,
                          .fields = &own,
                          .content_type = "text/plain;charset=utf-8",
                          .body = "Hello, world!"};
  http1::DateLine date;
  http1::OutputBuffer out;
  for (auto _ : state) {
    http1::write_reply_head(out, reply, {}, date.at(0));
    benchmark::DoNotOptimize(out.view());
    out.clear();
  }
}

BENCHMARK_CAPTURE(write_head, plain, 200, 0);
BENCHMARK_CAPTURE(write_head, with_four_fields, 200, 4);
BENCHMARK_CAPTURE(write_head, not_found, 404, 0);

}  // namespace
}  // namespace bao::bench
