// A status alone is no reply: bao::Response::empty(status) is one.
// expect: A bao handler returns a bao::Response

#include <bao/bao.h>

int main() {
  bao::serve({.fetch = [](bao::Request&) { return 404; }});
}
