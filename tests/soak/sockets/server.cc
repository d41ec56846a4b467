// What tests/soak/sockets/soak.mjs soaks: rooms, on as many threads as the argument says, each with a
// server and a loop of its own. server.mjs is the same on Node. Prints one line of JSON, the ports;
// GET /state says how much memory is in use and how many sockets there are; ends by SIGINT or
// SIGTERM.
//
//     rooms THREADS [IDLE_TIMEOUT_IN_MILLISECONDS]

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <malloc.h>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <bao/bao.h>

// Sanitizers have an allocator of their own.
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

using namespace std::chrono_literals;

namespace {

// All threads count here.
std::atomic<int> open_sockets = 0;

struct Guest {
  std::string room;
  std::uint64_t messages = 0;
};

std::size_t allocated_bytes() {
  if (__sanitizer_get_current_allocated_bytes != nullptr) {
    return __sanitizer_get_current_allocated_bytes();
  }
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t whole = 0, resident = 0;
  file >> whole >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

bao::Response state() {
  return bao::Response("{\"allocated\":" + std::to_string(allocated_bytes()) +
                       ",\"resident\":" + std::to_string(resident_bytes()) +
                       ",\"sockets\":" + std::to_string(open_sockets) + "}");
}

// A handle that outlives its socket now and then: whatever is asked of it must be harmless.
bao::WebSocket kept_of_another(bao::WebSocket& socket) {
  static thread_local std::vector<bao::WebSocket> kept(16);
  static thread_local std::size_t next = 0;
  return std::exchange(kept[next++ % kept.size()], socket);
}

bao::Task<void> handle(bao::WebSocket& socket, bao::Message message) {
  auto& guest = socket.data<Guest>();
  const std::string_view text = message.view();
  ++guest.messages;
  if (!message.is_text()) {
    socket.send_binary(message.bytes(), guest.messages % 2 == 0);
  } else if (text == "leave") {
    socket.unsubscribe(guest.room);
  } else if (text == "join") {
    socket.subscribe(guest.room);
  } else if (text == "close") {
    socket.close(4000, "as you wish");
  } else if (text == "terminate") {
    socket.terminate();
  } else if (text == "wait") {
    // Its next messages wait, and it may be gone by then.
    co_await bao::sleep(3ms);
    socket.send("waited");
    bao::WebSocket other = kept_of_another(socket);
    other.send("a handle that was kept");
    other.publish(guest.room, "from a handle that was kept");
  } else {
    socket.publish(guest.room, text, guest.messages % 2 == 0);
  }
}

bao::WebSocketOptions handlers(std::chrono::milliseconds idle_timeout) {
  bao::WebSocketOptions options;
  options.idle_timeout = idle_timeout;
  options.max_payload_length = 1 << 20;
  options.backpressure_limit = 256 * 1024;
  options.per_message_deflate = {bao::Compressor::dedicated_4kb, bao::Compressor::dedicated};
  options.open = [](bao::WebSocket& socket) {
    ++open_sockets;
    const std::string& room = socket.data<Guest>().room;
    if (!room.empty()) socket.subscribe(room);
  };
  options.message = handle;
  options.drain = [](bao::WebSocket& socket) { socket.send("drained"); };
  options.close = [](bao::WebSocket& socket, int code) {
    --open_sockets;
    socket.publish(socket.data<Guest>().room, "gone by " + std::to_string(code));
  };
  return options;
}

bao::Task<std::optional<bao::Response>> enter(bao::Request& request, bao::Server& server) {
  if (request.path() == "/state") co_return state();
  // The client may be gone after that.
  if (request.path().starts_with("/later")) co_await bao::sleep(2ms);
  bao::UpgradeOptions options;
  options.data = Guest{std::string(request.path().substr(request.path().rfind('/') + 1))};
  if (server.upgrade(request, std::move(options))) co_return std::nullopt;
  co_return bao::Response("no WebSocket").status(400);
}

bao::Server start(std::chrono::milliseconds idle_timeout) {
  bao::Options options;
  options.port = 0;
  options.hostname = "127.0.0.1";
  options.development = false;
  options.fetch = enter;
  options.websocket = handlers(idle_timeout);
  options.log = [](std::string_view) {};
  return bao::serve(std::move(options));
}

// Says something to a room now and then, from outside of every socket.
void speak(bao::Server server) {
  bao::every(20ms, [server, turn = 0]() mutable {
    ++turn;
    server.publish("room" + std::to_string(turn % 4), std::string(1000, '*'), turn % 8 < 4);
  }).unref();
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::stoi(argv[1]) : 1;
  const std::chrono::milliseconds idle_timeout(argc > 2 ? std::stoi(argv[2]) : 120'000);
  std::mutex mutex;
  std::condition_variable started;
  std::vector<int> ports;
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      bao::Server server = start(idle_timeout);
      speak(server);
      {
        const std::scoped_lock lock(mutex);
        ports.push_back(*server.port());
      }
      started.notify_one();
      bao::run();
    });
  }
  std::unique_lock lock(mutex);
  started.wait(lock, [&] { return ports.size() == static_cast<std::size_t>(count); });
  std::cout << "[";
  for (int i = 0; i < count; ++i)
    std::cout << (i > 0 ? "," : "") << ports[static_cast<std::size_t>(i)];
  std::cout << "]" << std::endl;
  lock.unlock();
  for (std::thread& thread : threads) thread.join();
  std::cout << open_sockets << " sockets are left" << std::endl;
  return open_sockets == 0 ? 0 : 1;
}
