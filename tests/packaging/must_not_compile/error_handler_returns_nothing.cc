// expect: A bao error handler returns a bao::Response

#include <bao/bao.h>

int main() {
  bao::serve({.error = [](const std::exception&) {}});
}
