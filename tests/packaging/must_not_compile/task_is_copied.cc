// A task is awaited once, by one.
// expect: use of deleted function

#include <bao/bao.h>

bao::Task<int> number() {
  co_return 7;
}

int main() {
  auto task = number();
  auto copy = task;
}
