// One process for each processor, all on the same port. One that crashes is started again, and its
// neighbours go on as if nothing had happened.
//
//     for i in 1 2 3 4; do curl http://localhost:3000/; done
//     curl http://localhost:3000/crash

#include <cstdlib>
#include <iostream>
#include <string>

#include <bao/bao.h>

bao::Response crash() {
  std::abort();
}

// Runs in each of the processes, which share nothing but the port.
void serve(bao::ClusterChild child, bao::Arguments arguments) {
  auto server = bao::serve({
      .arguments = arguments,
      .routes = {{"/", [child] { return "child " + std::to_string(child.number) + "\n"; }},
                 {"/crash", crash}},
      .development = false,
  });
  if (child.restarts > 0) {
    std::cout << "child " << child.number << " is back" << std::endl;
  } else if (child.number == 0) {
    std::cout << "listening on " << server.url() << std::endl;
  }
}

int main(int argc, char** argv) {
  const int code =
      bao::cluster({}, [&](bao::ClusterChild child) { serve(child, bao::Arguments(argc, argv)); });
  std::cout << "all have ended" << std::endl;
  return code;
}
