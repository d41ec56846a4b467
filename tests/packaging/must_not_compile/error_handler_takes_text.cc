// One mistake, one message.
// expect: A bao error handler takes \(const std::exception&\)
// never: no type named

#include <string>

#include <bao/bao.h>

int main() {
  bao::serve({.error = [](std::string what) { return bao::Response(what); }});
}
