#include <gtest/gtest.h>
#include <iostream>
#include <malloc.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "robustness/playground.h"
#include "robustness/server_process.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;

Options quiet_options() {
  Options options;
  options.port = 0;
  options.hostname = "127.0.0.1";
  options.log = [](std::string_view) {};
  add_playground(options.routes, std::make_shared<int64_t>(0));
  return options;
}

// A server that lives for one request, on a loop that lives for many servers.
void run_briefly() {
  Server server = serve(quiet_options());
  std::thread client([place = Place{.port = server.port().value_or(0)}] {
    Client client(place);
    client.get("/later");
    client.read_reply();
    client.half_close();
    client.read_end();
  });
  const Timer watch = every(1ms, [&] {
    if (server.counters().replies_by_class[2] > 0) server.stop();
  });
  Timer(watch).unref();
  run();
  Timer(watch).cancel();
  client.join();
}

int64_t memory_in_use() {
  const auto info = ::mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

TEST(Churn, ServersThatComeAndGoLeaveNothingBehind) {
  Message growth;
  Child child([&] {
    for (int i = 0; i < 20; ++i) run_briefly();
    const int64_t base = memory_in_use();
    for (int i = 0; i < repetitions(200); ++i) run_briefly();
    growth.send(static_cast<int>(memory_in_use() - base));
    return 0;
  });
  const auto bytes = growth.receive();
  ASSERT_TRUE(bytes);
  if constexpr (!kSanitized) {
    std::cout << "bytes left behind: " << *bytes << '\n';
    EXPECT_LT(*bytes, 8 << 10);
  }
  EXPECT_TRUE(child.ends_well(kPatience));
}

// Routes that replace themselves by new ones of the same kind.
ReloadOptions reloadable() {
  ReloadOptions options;
  add_playground(options.routes, std::make_shared<int64_t>(0));
  options.routes.add("/memory", [] { return Response(std::to_string(memory_in_use())); });
  options.routes.add("/reload", [](Request&, Server& server) {
    server.reload(reloadable());
    return Response("reloaded");
  });
  return options;
}

// A table that is replaced stays for as long as the requests that began with it, and no longer.
TEST(Churn, ReloadsUnderLoadLeaveNothingBehind) {
  ServerProcess server([](Options& options) { options.routes = reloadable().routes; });
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server.place());
  const auto reload_often = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Client& client = clients[static_cast<size_t>(i) % clients.size()];
      for (const char* path : {"/later", "/reload", "/text"}) client.get(path);
      if (i % 4 == 0) {
        client.reset();
        client = Client(server.place());
        continue;
      }
      for (const char* body : {"later", "reloaded", "hello"}) {
        ASSERT_EQ(client.read_reply().value_or(ReceivedReply()).body, body);
      }
    }
  };
  const auto memory = [&] {
    // Requests of clients that have gone may still run.
    std::this_thread::sleep_for(20ms);
    Client client(server.place());
    EXPECT_TRUE(client.get("/memory"));
    const std::string told = client.read_reply().value_or(ReceivedReply()).body;
    return told.empty() ? 0 : std::stoll(told);
  };
  ASSERT_NO_FATAL_FAILURE(reload_often(100));
  const int64_t base = memory();
  ASSERT_NO_FATAL_FAILURE(reload_often(repetitions(500)));
  if constexpr (!kSanitized) {
    const int64_t left = memory() - base;
    std::cout << "bytes left behind: " << left << '\n';
    EXPECT_LT(left, 8 << 10);
  }
  clients.clear();
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace bao::testing
