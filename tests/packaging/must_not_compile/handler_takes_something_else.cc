// One mistake, one message.
// expect: A bao handler takes \(bao::Request&\), \(bao::Request&, bao::Server&\) or nothing
// never: A bao handler returns

#include <bao/bao.h>

int main() {
  bao::serve({.routes = {{"/users/:id",
                          [](int id) { return bao::Response(id == 7 ? "seven" : "another"); }}}});
}
