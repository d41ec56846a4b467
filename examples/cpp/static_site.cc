// A site of files: bao-static-site [FOLDER]. Pages and styles come from the folder, compressed if
// the client takes it; what is not there gets a page of the site's own.

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <bao/bao.h>

namespace {

bao::Response not_found(const bao::Request& req, const std::string& folder) {
  if (req.method() != "GET" && req.method() != "HEAD") {
    return bao::Response::empty(405).set("Allow", "GET, HEAD");
  }
  return bao::Response(bao::file(folder + "/404.html")).status(404);
}

bao::Response without_page() {
  return bao::Response::html("<h1>Not found</h1>\n").status(404);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 && argv[1][0] != '-' ? argv[1] : ".";
  auto server = bao::serve({
      .arguments = {argc, argv},
      .routes = {{"/*", bao::directory(folder, {.precompressed = true})},
                 // What has a hash in its name never changes.
                 {"/assets/*",
                  bao::directory(
                      folder + "/assets",
                      {.precompressed = true,
                       .fields = {{"Cache-Control", "public, max-age=31536000, immutable"}}})}},
      .fetch = [folder](bao::Request& req) { return not_found(req, folder); },
      .error = [](const std::exception&) { return without_page(); },
      .compression = bao::Compression{},
  });
  std::cout << folder << " is on " << server.url() << std::endl;
  bao::run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return EXIT_FAILURE;
}
