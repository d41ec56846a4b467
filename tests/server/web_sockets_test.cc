#include "server/web_sockets.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/transport.h"
#include "server/server_world.h"

// Below the faces: what tests/api does not reach.
namespace bao::server::testing {
namespace {

constexpr size_t kOverhead = 16;  // of malloc, for each block

// An idle socket is one object and its transport, beside its entry among the timers.
TEST(WebSocketsTest, AnIdleSocketIsSmall) {
  EXPECT_LE(sizeof(WebSocket) + sizeof(net::SocketTransport) + 2 * kOverhead + 24, 512u);
}

TEST(WebSocketsTest, WithoutHandlersThereAreNone) {
  World world(TableMaker().fetch(says("hi")).make());
  EXPECT_FALSE(world.server->web_sockets().enabled());
  EXPECT_EQ(world.server->web_sockets().publish("t", {"x"}), 0u);
  EXPECT_EQ(world.server->web_sockets().subscriber_count("t"), 0u);
  EXPECT_EQ(world.server->web_sockets().open(), 0u);
  EXPECT_TRUE(world.server->web_sockets().empty());
}

}  // namespace
}  // namespace bao::server::testing
