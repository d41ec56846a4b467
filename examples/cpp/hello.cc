// The smallest server: every request gets the same answer.
//
//     bao-hello --port=4000        curl http://localhost:4000/

#include <iostream>

#include <bao/bao.h>

int main(int argc, char** argv) {
  auto server = bao::serve({
      .arguments = {argc, argv},  // --port=N; else the environment's PORT, else 3000
      .fetch = [] { return bao::Response("Hello from Bao\n"); },
  });
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();  // until SIGINT or SIGTERM
}
