#include "websocket/backlog.h"

#include <gtest/gtest.h>
#include <string>

#include "http1/memory_transport.h"

namespace bao::websocket {
namespace {

using Status = net::IoResult::Status;

struct BacklogTest : ::testing::Test {
  testing::Wire wire;
  testing::MemoryTransport transport{wire};
  Backlog backlog;
  uint64_t written = 0;
};

TEST_F(BacklogTest, WritesInOrderAsThereIsRoom) {
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string part(static_cast<size_t>(i) * 300, static_cast<char>('a' + i % 26));
    backlog.append("<", part);
    backlog.append(">");
    all += "<" + part + ">";
  }
  EXPECT_EQ(backlog.size(), all.size());
  while (backlog.size() > 0) {
    wire.room = 7001;
    const Status status = backlog.write(transport, written);
    EXPECT_EQ(status, backlog.size() == 0 ? Status::ok : Status::would_block);
  }
  EXPECT_EQ(wire.outbound, all);
  EXPECT_EQ(written, all.size());
}

TEST_F(BacklogTest, TellsWhetherThePeerMoved) {
  backlog.append("abc");
  wire.room = 0;
  EXPECT_EQ(backlog.write(transport, written), Status::would_block);
  EXPECT_FALSE(backlog.moved);
  wire.room = 1;
  EXPECT_EQ(backlog.write(transport, written), Status::would_block);
  EXPECT_TRUE(backlog.moved);
  EXPECT_EQ(backlog.size(), 2u);
}

TEST_F(BacklogTest, TellsOfABrokenTransport) {
  backlog.append("abc");
  wire.peer_reset = true;
  EXPECT_EQ(backlog.write(transport, written), Status::broken);
}

TEST_F(BacklogTest, NothingIsWrittenOfNothing) {
  backlog.append("");
  EXPECT_EQ(backlog.size(), 0u);
  EXPECT_EQ(backlog.write(transport, written), Status::ok);
  EXPECT_TRUE(wire.writes.empty());
}

}  // namespace
}  // namespace bao::websocket
