// expect: needs to know how to read this type

#include <bao/bao.h>

struct Point {
  int x, y;
};

bao::Task<bao::Response> read(bao::Request& req) {
  Point point = co_await req.json<Point>();
  co_return bao::Response::empty(point.x);
}

int main() {}
