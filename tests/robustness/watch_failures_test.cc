#include <cerrno>
#include <gtest/gtest.h>
#include <string>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "robustness/server_process.h"

namespace {
// How many more descriptors cannot be watched, in this process.
int g_failures = 0;
}  // namespace

// Stands before the C library's. A kernel out of memory, or a user with too many watches (epoll(7),
// max_user_watches), cannot be had otherwise without disturbing the machine.
extern "C" int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  if (operation == EPOLL_CTL_ADD && g_failures > 0) {
    --g_failures;
    errno = ENOSPC;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}

namespace bao::testing {
namespace {

TEST(WatchFailures, CostOneConnectionEach) {
  ServerProcess server([](Options& options) {
    options.routes.add("/fail", [] {
      g_failures = 5;
      return Response("");
    });
  });
  const Vitals base = server.vitals();
  Client before(server.place());
  ASSERT_TRUE(before.get("/fail") && before.read_reply());
  for (int i = 0; i < 5; ++i) {
    Client client(server.place());
    EXPECT_NE(client.read_end(), End::none) << i;
  }
  Client after(server.place());
  for (Client* client : {&before, &after}) {
    ASSERT_TRUE(client->get("/text"));
    EXPECT_EQ(client->read_reply().value_or(ReceivedReply()).body, "hello");
    client->close();
  }
  const Vitals rest = server.vitals_at_rest(base, 2);
  EXPECT_EQ(rest.connections_open, 0);
  EXPECT_EQ(rest.descriptors, base.descriptors);
  EXPECT_GT(rest.warnings, 0);
  EXPECT_TRUE(server.stop());
}

// The server stops listening while it is out of descriptors; to go on it must be able to watch.
TEST(WatchFailures, DoNotKeepAPausedListenerFromGoingOn) {
  ServerProcess server([](Options& options) {
    options.routes.add("/fail", [] {
      g_failures = 3;
      return Response("");
    });
    const rlimit limit{40, 40};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  });
  server.vitals();
  std::vector<Client> clients;
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(clients.emplace_back(server.place()).get("/text"));
  ASSERT_EQ(server.vitals_when([](const Vitals& now) { return now.warnings > 0; }).warnings, 1);
  ASSERT_TRUE(clients[0].read_reply());
  ASSERT_TRUE(clients[0].get("/fail") && clients[0].read_reply());
  for (Client& client : clients) {
    if (&client != &clients[0]) {
      ASSERT_EQ(client.read_reply().value_or(ReceivedReply()).body, "hello");
    }
    client.close();
  }
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace bao::testing
