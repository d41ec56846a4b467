// No pointer to text is no text.
// expect: (could not convert|no matching function|cannot convert|A bao handler takes)

#include <bao/bao.h>

int main() {
  bao::serve({.routes = {{"/hello", nullptr}}});
}
