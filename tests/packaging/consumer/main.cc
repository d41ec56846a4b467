#include <iostream>

#include <bao/bao.h>

int main() {
  auto server = bao::serve({
      .port = 0,
      .hostname = "127.0.0.1",
      .fetch = [](bao::Request&) { return bao::Response("Hello from a consumer"); },
  });
  std::cout << server.url() << std::endl;
  bao::run();
}
