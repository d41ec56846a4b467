// A sleep that nobody awaits takes no time.
// flags: -Werror=unused-result
// expect: co_await it

#include <bao/bao.h>

bao::Task<bao::Response> nap() {
  bao::sleep(std::chrono::seconds(1));
  co_return "slept";
}

int main() {}
