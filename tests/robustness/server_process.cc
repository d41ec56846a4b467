#include "robustness/server_process.h"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <dirent.h>
#include <exception>
#include <malloc.h>
#include <memory>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

#include <bao/bao.h>

#include "robustness/playground.h"

namespace bao::testing {

using namespace std::chrono_literals;

namespace {

int64_t count_descriptors() {
  int64_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return -1;
  while (const dirent* entry = ::readdir(folder)) count += entry->d_name[0] != '.';
  ::closedir(folder);
  return count - 1;  // without the one that reads the folder
}

int64_t memory_in_use() {
  const auto info = ::mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

std::string tell(const Counters& counters, int64_t handlers, int64_t warnings) {
  const int64_t memory = memory_in_use();
  // The text's own memory is not counted, the order of the numbers is that of Vitals.
  std::string text;
  for (const int64_t number : {static_cast<int64_t>(counters.connections_open) - 1,
                               static_cast<int64_t>(counters.connections_total) - 1,
                               static_cast<int64_t>(counters.requests_pending) - 1,
                               static_cast<int64_t>(counters.requests_total) - 1, handlers,
                               warnings, count_descriptors(), memory}) {
    text += std::to_string(number) + " ";
  }
  return text;
}

Place choose_place(ServerProcess::Kind kind, const void* unique) {
  if (kind == ServerProcess::Kind::tcp) return {};
  const auto number = reinterpret_cast<uintptr_t>(unique);
  return {.unix_path = std::string(1, '\0') + "bao-robust-" + std::to_string(::getpid()) + "-" +
                       std::to_string(number)};
}

int run_server(const ServerProcess::Setup& setup, const Place& place, const Message& port) {
  auto handlers = std::make_shared<int64_t>(0);
  auto warnings = std::make_shared<int64_t>(0);
  Options options;
  if (place.unix_path.empty()) {
    options.port = 0;
    options.hostname = "127.0.0.1";
  } else {
    options.unix_path = place.unix_path;
  }
  options.development = false;
  options.log = [warnings](std::string_view) { ++*warnings; };
  options.routes.add("/vitals", [handlers, warnings](Request&, Server& server) {
    return Response(tell(server.counters(), *handlers, *warnings));
  });
  add_playground(options.routes, handlers);
  if (setup) setup(options);
  Server server = serve(std::move(options));
  port.send(server.port().value_or(0));
  run();
  return 0;
}

int run_guarded(const ServerProcess::Setup& setup, const Place& place, const Message& port) {
  try {
    return run_server(setup, place, port);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the server's process threw: %s\n", error.what());
    return 3;
  }
}

}  // namespace

ServerProcess::ServerProcess(const Setup& setup, Kind kind)
    : place_(choose_place(kind, this)), child_([&] { return run_guarded(setup, place_, port_); }) {
  const auto port = port_.receive();
  if (!port) throw std::runtime_error("the server did not start");
  place_.port = *port;
}

Vitals ServerProcess::vitals() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    // The idle timeout may have ended the connection since the last time.
    if (!control_.ok() || control_.readable()) control_ = Client(place_);
    const auto reply = control_.get("/vitals") ? control_.read_reply() : std::nullopt;
    if (!reply || reply->status != 200) {
      control_ = Client();
      continue;
    }
    Vitals vitals;
    const char* at = reply->body.data();
    const char* const end = at + reply->body.size();
    for (int64_t* number : {&vitals.connections_open, &vitals.connections_total,
                            &vitals.requests_pending, &vitals.requests_total, &vitals.handlers,
                            &vitals.warnings, &vitals.descriptors, &vitals.memory}) {
      at = std::from_chars(at, end, *number).ptr + 1;
    }
    return vitals;
  }
  return {};
}

Vitals ServerProcess::vitals_when(const std::function<bool(const Vitals&)>& good) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    Vitals now = vitals();
    if (good(now) || std::chrono::steady_clock::now() > deadline) return now;
    std::this_thread::sleep_for(5ms);
  }
}

Vitals ServerProcess::vitals_at_rest(const Vitals& base, int64_t came) {
  vitals_when([&](const Vitals& now) {
    return now.connections_total >= base.connections_total + came && now.connections_open == 0 &&
           now.requests_pending == 0 && now.handlers == 0 && now.descriptors <= base.descriptors;
  });
  // What ended in that turn of the loop was still in memory.
  return vitals();
}

bool ServerProcess::stop() {
  child_.signal(SIGTERM);
  return child_.ends_well(kPatience);
}

}  // namespace bao::testing
