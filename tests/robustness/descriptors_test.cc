#include <cstdio>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "robustness/server_process.h"

namespace bao::testing {
namespace {

using namespace std::chrono_literals;
using Kind = ServerProcess::Kind;

class Descriptors : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Sockets, Descriptors, ::testing::Values(Kind::tcp, Kind::unix_socket),
                         [](const auto& info) { return info.param == Kind::tcp ? "Tcp" : "Unix"; });

constexpr rlim_t kDescriptors = 64;
constexpr int kTooMany = 150;

TEST_P(Descriptors, RunningOutOfThemNeitherSpinsNorStopsTheServer) {
  ServerProcess server(
      [](Options& options) {
        options.routes.add("/", [] { return Response("served"); });
        const rlimit limit{kDescriptors, kDescriptors};
        ::setrlimit(RLIMIT_NOFILE, &limit);
      },
      GetParam());
  const Vitals base = server.vitals();
  ASSERT_EQ(base.connections_open, 0);

  // All of them connect, because the kernel does that; those that the server cannot take wait in
  // its queue.
  std::vector<Client> clients;
  for (int i = 0; i < kTooMany; ++i) {
    ASSERT_TRUE(clients.emplace_back(server.place()).get("/"));
  }
  // The process cannot even look at its own folder of descriptors now.
  const Vitals full = server.vitals_when([](const Vitals& now) { return now.warnings > 0; });
  EXPECT_EQ(full.warnings, 1);
  EXPECT_GT(full.connections_open, 40);
  EXPECT_LT(full.connections_open, static_cast<int64_t>(kDescriptors));

  const auto before = server.child().cpu_time();
  std::this_thread::sleep_for(1s);  // what is measured is that nothing happens
  EXPECT_LT(server.child().cpu_time() - before, kSanitized ? 500ms : 150ms);

  // Those that it has are served, a second time, too.
  for (size_t i = 0; i < 20; ++i) {
    ASSERT_EQ(clients[i].read_reply().value_or(ReceivedReply()).body, "served") << i;
    ASSERT_TRUE(clients[i].get("/"));
    ASSERT_EQ(clients[i].read_reply().value_or(ReceivedReply()).body, "served") << i;
  }
  EXPECT_FALSE(clients.back().readable());

  // Each one that goes makes room for another.
  for (size_t i = 0; i < clients.size(); ++i) {
    if (i >= 20) {
      ASSERT_EQ(clients[i].read_reply().value_or(ReceivedReply()).body, "served") << i;
    }
    clients[i].close();
  }
  const Vitals rest = server.vitals_at_rest(base, kTooMany);
  EXPECT_EQ(rest.connections_open, 0);
  EXPECT_EQ(rest.descriptors, base.descriptors);
  EXPECT_EQ(rest.connections_total, kTooMany);
  EXPECT_LE(rest.warnings, 2) << "one each 10 s";
  EXPECT_TRUE(server.stop());
}

// An error page reads source files and the program's own debug information.
TEST(DescriptorsOfAnErrorPage, AHandlerThatThrowsIsAnsweredWithoutAnyLeft) {
  ServerProcess server([](Options& options) {
    options.development = true;
    const rlimit limit{kDescriptors, kDescriptors};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  });
  const Vitals base = server.vitals();
  Client early(server.place());
  ASSERT_TRUE(early.get("/text") && early.read_reply());
  std::vector<Client> clients;
  for (int i = 0; i < kTooMany; ++i) clients.emplace_back(server.place());
  server.vitals_when([](const Vitals& now) { return now.warnings > 0; });
  ASSERT_TRUE(early.get("/throw"));
  EXPECT_EQ(early.read_reply().value_or(ReceivedReply()).status, 500);
  ASSERT_TRUE(early.get("/text"));
  EXPECT_EQ(early.read_reply().value_or(ReceivedReply()).status, 200);
  early.close();
  clients.clear();
  EXPECT_EQ(server.vitals_at_rest(base, kTooMany + 1).connections_open, 0);
  EXPECT_TRUE(server.stop());
}

std::string sockets_of_a_program() {
  std::string text;
  // Links of the first three descriptors are the test runner's own.
  FILE* program =
      ::popen("for fd in /proc/self/fd/[3-9] /proc/self/fd/[1-9][0-9]; do readlink $fd; done", "r");
  char block[4096];
  while (size_t count = std::fread(block, 1, sizeof block, program)) text.append(block, count);
  ::pclose(program);
  return text;
}

TEST_P(Descriptors, AProgramThatAHandlerStartsInheritsNone) {
  ServerProcess server(
      [](Options& options) {
        options.routes.add("/", [] { return Response(sockets_of_a_program()); });
        options.routes.add("/careless", [] {
          const int careless = ::socket(AF_UNIX, SOCK_STREAM, 0);
          std::string text = sockets_of_a_program();
          ::close(careless);
          return Response(std::move(text));
        });
        options.routes.add("/thread", []() -> Task<Response> {
          co_return Response(co_await blocking(sockets_of_a_program));
        });
      },
      GetParam());
  Client idle(server.place());
  ASSERT_TRUE(idle.get("/vitals") && idle.read_reply());
  Client waiting(server.place());
  ASSERT_TRUE(waiting.get("/wait"));
  server.vitals_when([](const Vitals& now) { return now.requests_pending == 1; });

  Client client(server.place());
  for (const char* path : {"/", "/thread"}) {
    ASSERT_TRUE(client.get(path));
    const std::string inherited = client.read_reply().value_or(ReceivedReply()).body;
    EXPECT_EQ(inherited.find("socket:"), std::string::npos) << path << ":\n" << inherited;
    EXPECT_EQ(inherited.find("anon_inode:"), std::string::npos) << path << ":\n" << inherited;
  }
  // The same look finds one that is inherited.
  ASSERT_TRUE(client.get("/careless"));
  EXPECT_NE(client.read_reply().value_or(ReceivedReply()).body.find("socket:"), std::string::npos);
  waiting.close();
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace bao::testing
