// Nothing runs until it is awaited.
// flags: -Werror=unused-result
// expect: co_await it

#include <bao/bao.h>

bao::Task<bao::Response> work() {
  bao::blocking([] { return 7; });
  co_return "done";
}

int main() {}
