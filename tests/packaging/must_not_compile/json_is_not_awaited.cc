// The body stays where it is until it is awaited.
// flags: -Werror=unused-result
// expect: co_await it

#include <bao/bao.h>

bao::Task<bao::Response> read(bao::Request& req) {
  req.json<int>();
  co_return "read";
}

int main() {}
