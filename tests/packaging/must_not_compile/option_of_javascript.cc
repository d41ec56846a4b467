// The names are C++'s: .idle_timeout.
// expect: (idleTimeout|no matching function|could not convert)

#include <bao/bao.h>

int main() {
  bao::serve({.idleTimeout = std::chrono::seconds(10)});
}
