// expect: use of deleted function

#include <bao/bao.h>

bao::Response keep(bao::Request& req) {
  bao::Request copy = req;
  return bao::Response(copy.path());
}

int main() {}
