// A reverse proxy: everything goes to another server and comes back as it arrives, uploads and
// downloads of any size included.
//
//     bao-proxy http://localhost:8080 --port=3000
//     bao-proxy http://app /run/app.socket --port=3000

#include <iostream>
#include <string>

#include <bao/bao.h>

int main(int argc, char** argv) {
  const std::string origin = argc > 1 ? argv[1] : "http://localhost:8080";
  const std::string socket = argc > 2 && argv[2][0] == '/' ? argv[2] : "";
  auto server = bao::serve({
      .arguments = {argc, argv},
      .fetch =
          [&](bao::Request& req) {
            std::string url = origin + std::string(req.path());
            if (!req.query_string().empty()) url.append("?").append(req.query_string());
            return bao::fetch(bao::FetchRequest(url).forward(req).unix_path(socket));
          },
      .max_request_body_size = 100ull << 30,
  });
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}
