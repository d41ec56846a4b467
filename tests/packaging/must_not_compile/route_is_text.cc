// A text on a route might be meant as a file's name: it has to be said.
// expect: (could not convert|no matching function|cannot convert|A bao handler takes)

#include <string>

#include <bao/bao.h>

int main() {
  bao::serve({.routes = {{"/hello", std::string("hello")}}});
}
