// Only a real `false` lets requests fall through, not a number that converts to it.
// expect: (could not convert|no matching function|cannot convert)

#include <bao/bao.h>

int main() {
  bao::serve({.routes = {{"/hello", 0}}});
}
