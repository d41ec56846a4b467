// HTTPS. Make a certificate for your own machine, then serve with it:
//
//     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
//     bao-https key.pem cert.pem
//     curl --cacert cert.pem https://localhost:3000/
//
// With a third file, of authorities, clients are asked for a certificate of theirs. SIGHUP reads
// the files again, for new connections: what an ACME client's hook should send.

#include <csignal>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include <bao/bao.h>

namespace {

bao::Response answer(bao::Request& req) {
  const auto tls = req.tls();
  std::string who = "you";
  if (tls->certificate) who = tls->certificate->subject + (tls->authorized ? "" : ", who says so");
  return bao::Response("Hello to " + who + " by " + tls->protocol + "\n");
}

bao::Tls read_files(char** files, int count) {
  bao::Tls entry;
  entry.key = bao::file(files[0]);
  entry.cert = bao::file(files[1]);
  if (count > 2) {
    entry.ca = bao::file(files[2]);
    entry.request_cert = true;
    entry.reject_unauthorized = false;
  }
  return entry;
}

// Waits for SIGHUP on a thread of its own, for as long as the program runs.
void on_hangup(const sigset_t& signals, bao::Loop& loop, const std::function<void()>& renew) {
  std::thread([&loop, signals, renew] {
    for (int signal = 0; sigwait(&signals, &signal) == 0;) loop.post(renew);
  }).detach();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: bao-https KEY CERTIFICATE [AUTHORITIES]\n";
    return 1;
  }
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  sigprocmask(SIG_BLOCK, &hangup, nullptr);
  const auto read = [=] { return read_files(argv + 1, argc - 1); };
  try {
    bao::Options options;
    options.tls = {read()};
    options.fetch = answer;
    auto server = bao::serve(std::move(options));
    on_hangup(hangup, bao::Loop::current(), [server, read]() mutable {
      try {
        bao::ReloadOptions renewed;
        renewed.fetch = answer;
        renewed.tls = {read()};
        server.reload(std::move(renewed));
        std::cout << "renewed" << std::endl;
      } catch (const bao::OptionError& error) {
        std::cerr << "the old certificate stays: " << error.what() << '\n';
      }
    });
    std::cout << "listening on " << server.url() << std::endl;
    bao::run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
