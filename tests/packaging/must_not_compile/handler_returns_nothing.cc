// expect: A bao handler returns a bao::Response

#include <bao/bao.h>

int main() {
  bao::serve({.fetch = [](bao::Request&) {}});
}
