// expect: A bao handler returns a bao::Response

#include <bao/bao.h>

bao::Task<int> answer(bao::Request&) {
  co_return 42;
}

int main() {
  bao::serve({.fetch = answer});
}
