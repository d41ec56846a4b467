// A server on a unix socket, for clients on the same machine: a proxy in front, say.
//
//     bao-unix-socket /tmp/bao.sock
//     curl --unix-socket /tmp/bao.sock http://localhost/

#include <iostream>
#include <string>

#include <bao/bao.h>

int main(int argc, char** argv) {
  try {
    auto server = bao::serve({
        // The file of a server that died is replaced; that of a living one is an error. It goes
        // when the server stops. The rights on its folder say who may connect.
        .unix_path = argc > 1 ? argv[1] : "bao.sock",
        .fetch =
            [](bao::Request& req) {
              // A client on a unix socket has no address.
              std::string from = req.address() ? req.address()->address : "this machine";
              return bao::Response("Hello to " + from + "\n");
            },
    });
    std::cout << "listening on " << server.url() << std::endl;
    bao::run();
  } catch (const bao::ListenError& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
