// Designated initializers follow the order of the declaration.
// expect: designator order

#include <bao/bao.h>

int main() {
  bao::serve({.fetch = [] { return bao::Response(); }, .port = 3000});
}
