// expect: A bao error handler takes \(const std::exception&\)

#include <bao/bao.h>

int main() {
  bao::serve({.error = [](bao::Request&, const std::exception&) { return bao::Response(); }});
}
