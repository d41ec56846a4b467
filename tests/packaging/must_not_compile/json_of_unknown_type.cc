// Without an adapter nobody knows how a type becomes JSON.
// expect: Response::json needs to know how to write this type

#include <bao/bao.h>

struct Point {
  int x, y;
};

int main() {
  return bao::Response::json(Point{1, 2}).status();
}
