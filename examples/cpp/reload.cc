// What is read once and served from memory, read again at SIGHUP: the pages of a folder, each a
// prepared response, and the certificate beside them. No connection is dropped, and if something is
// wrong with the new files the old ones stay.
//
//     mkdir site; echo '<h1>Hello</h1>' >site/index.html
//     openssl req -x509 -nodes -subj /CN=localhost -keyout site/key.pem -out site/cert.pem
//     bao-reload site &
//     curl --cacert site/cert.pem https://localhost:3000/
//     echo '<h1>Hello again</h1>' >site/index.html; kill -HUP %1

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <bao/bao.h>

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return text;
}

// site/about.html is /about, site/index.html is /.
bao::Routes pages(const fs::path& folder) {
  bao::Routes routes;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".html") continue;
    const std::string name = entry.path().stem();
    routes.add(name == "index" ? "/" : "/" + name, bao::Response::html(read(entry.path())));
  }
  return routes;
}

std::vector<bao::Tls> certificate(const fs::path& folder) {
  bao::Tls entry;
  entry.key = bao::file(folder / "key.pem");
  entry.cert = bao::file(folder / "cert.pem");
  return {entry};
}

void reload(bao::Server& server, const fs::path& folder) {
  try {
    bao::ReloadOptions options;
    options.routes = pages(folder);
    options.tls = certificate(folder);
    server.reload(std::move(options));
    std::cout << "reloaded" << std::endl;
  } catch (const std::exception& error) {
    std::cout << "all stays as it was: " << error.what() << std::endl;
  }
}

// Waits for SIGHUP on a thread of its own, for as long as the program runs.
void on_hangup(const sigset_t& signals, bao::Loop& loop, const std::function<void()>& act) {
  std::thread([&loop, signals, act] {
    for (int signal = 0; sigwait(&signals, &signal) == 0;) loop.post(act);
  }).detach();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: bao-reload FOLDER\n";
    return 1;
  }
  const fs::path folder = argv[1];
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  sigprocmask(SIG_BLOCK, &hangup, nullptr);  // in all threads that begin from now on
  try {
    auto server = bao::serve({
        .arguments = {argc, argv},
        .tls = certificate(folder),
        .routes = pages(folder),
    });
    on_hangup(hangup, bao::Loop::current(), [server, folder]() mutable { reload(server, folder); });
    std::cout << "listening on " << server.url() << std::endl;
    bao::run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
