// One server for each processor, all on the same port: each thread is a world of its own, with its
// own loop, handlers and memory, and the kernel spreads the connections.
//
//     for i in 1 2 3 4; do curl http://localhost:3000/; done

#include <atomic>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <bao/bao.h>

// Whatever the threads share must be safe to share.
std::atomic<std::uint64_t> total = 0;

bao::Routes routes(unsigned thread) {
  return {
      {"/",
       // `here` belongs to this thread's handler alone, so it needs no lock.
       [thread, here = std::uint64_t{0}]() mutable {
         return "thread " + std::to_string(thread) + " answers its request " +
                std::to_string(++here) + ", " + std::to_string(++total) + " in all\n";
       }},
  };
}

int main(int argc, char** argv) {
  // The first one may be told to take any free port; the others then take the same.
  auto server = bao::serve({.reuse_port = true, .arguments = {argc, argv}, .routes = routes(0)});
  std::vector<std::thread> others;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) {
    others.emplace_back([i, port = server.port()] {
      bao::serve({.port = port, .reuse_port = true, .routes = routes(i)});
      bao::run();  // this thread's loop
    });
  }
  std::cout << "listening on " << server.url() << " with " << others.size() + 1 << " threads"
            << std::endl;
  bao::run();  // SIGINT and SIGTERM stop the servers of all loops that run
  for (std::thread& thread : others) thread.join();
  std::cout << total << " requests" << std::endl;
}
