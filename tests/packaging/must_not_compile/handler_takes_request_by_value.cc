// A request belongs to its connection: a handler refers to it.
// expect: take the request by reference

#include <bao/bao.h>

int main() {
  bao::serve({.fetch = [](bao::Request req) { return bao::Response(req.path()); }});
}
