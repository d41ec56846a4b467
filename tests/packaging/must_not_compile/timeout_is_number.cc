// 10 of what? Durations have a unit.
// expect: (could not convert|conversion|no matching function|cannot convert)

#include <bao/bao.h>

int main() {
  bao::serve({.idle_timeout = 10});
}
