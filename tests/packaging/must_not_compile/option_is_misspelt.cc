// With the type named the compiler says which member there is not (docs/options.md).
// expect: no .*member named 'prot'

#include <bao/bao.h>

int main() {
  bao::serve(bao::Options{.prot = 3000});
}
