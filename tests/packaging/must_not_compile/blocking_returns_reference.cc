// The other thread's result has to be a value.
// expect: what bao::blocking runs must return a value or nothing

#include <bao/bao.h>

bao::Task<int> read(int& number) {
  co_return co_await bao::blocking([&]() -> int& { return number; });
}

int main() {}
