#include "robustness/playground.h"

#include <stdexcept>
#include <string>

#include <bao/bao.h>

#include "robustness/server_process.h"

namespace bao::testing {

using namespace std::chrono_literals;

namespace {

using Count = std::shared_ptr<int64_t>;

/// Counts a handler while it runs.
class AtWork {
 public:
  explicit AtWork(const Count& count) : count_(count) { ++*count_; }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;
  ~AtWork() { --*count_; }

 private:
  Count count_;
};

Task<Response> echo(Count count, Request& request) {
  const AtWork at_work(count);
  std::string body = co_await request.text();
  co_return Response(std::move(body));
}

Task<Response> answer_later(Count count) {
  const AtWork at_work(count);
  co_await sleep(2ms);
  co_return Response("later");
}

Task<Response> wait_for_the_end(Count count, Request& request) {
  const AtWork at_work(count);
  const std::stop_token token = request.stop_token();
  while (!token.stop_requested()) co_await sleep(5ms);
  co_return Response("nobody reads this");
}

Task<void> produce(Count count, Writer& out) {
  const AtWork at_work(count);
  const std::string piece(64 << 10, 'p');
  for (size_t sent = 0; sent < kLargeBody; sent += piece.size()) co_await out.write(piece);
}

Response fail() {
  throw std::runtime_error("a handler's own failure");
}

Response abort_request(Request& request, Server& server) {
  server.abort(request);
  return Response("nobody reads this");
}

}  // namespace

void add_playground(Routes& routes, const Count& handlers) {
  routes.add("/text", [] { return Response("hello"); });
  routes.add("/prepared", Response("hello"));
  routes.add("/echo", [handlers](Request& request) { return echo(handlers, request); });
  routes.add("/unread", [] { return Response("hello"); });
  routes.add("/later", [handlers] { return answer_later(handlers); });
  routes.add("/wait", [handlers](Request& request) { return wait_for_the_end(handlers, request); });
  routes.add("/large", [] { return Response(std::string(kLargeBody, 'l')); });
  routes.add("/stream", [handlers] {
    return Response::stream([handlers](Writer& out) { return produce(handlers, out); });
  });
  routes.add("/throw", fail);
  routes.add("/abort", abort_request);
}

}  // namespace bao::testing
