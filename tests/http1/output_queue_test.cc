#include "http1/output_queue.h"

#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "http1/memory_transport.h"
#include "http1/output_buffer.h"

namespace bao::http1 {
namespace {

using Status = net::IoResult::Status;

class OutputQueueTest : public ::testing::Test {
 protected:
  // Writes with room for `room` bytes.
  Status write(size_t room) {
    wire_.room = room;
    return queue_.write(transport_, written_);
  }

  testing::Wire wire_;
  testing::MemoryTransport transport_{wire_};
  OutputQueue queue_;
  uint64_t written_ = 0;
};

TEST_F(OutputQueueTest, AnEmptyQueueHasNothingToWrite) {
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(write(SIZE_MAX), Status::ok);
  EXPECT_TRUE(wire_.writes.empty());
  queue_.append_copy("");
  queue_.append(std::string("abc"), 3);
  queue_.append(std::make_shared<const std::string>(), 0);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_EQ(write(SIZE_MAX), Status::ok);
  EXPECT_TRUE(wire_.writes.empty());
}

TEST_F(OutputQueueTest, BytesLeaveInOrderWhateverTheirOwner) {
  std::string copied = "one ";
  queue_.append_copy(copied);
  copied = "????";
  queue_.append(std::string("xxtwo "), 2);
  queue_.append(std::make_shared<const std::string>("xxxthree "), 3);
  queue_.append_copy("four ");
  queue_.append_copy("five");
  EXPECT_EQ(queue_.size(), 23u);
  EXPECT_EQ(write(SIZE_MAX), Status::ok);
  EXPECT_EQ(wire_.outbound, "one two three four five");
  EXPECT_EQ(wire_.writes.size(), 1u) << "one write for all";
  EXPECT_EQ(written_, 23u);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(OutputQueueTest, ASharedTextIsNotChanged) {
  auto text = std::make_shared<const std::string>("shared");
  queue_.append(text, 0);
  queue_.append_copy("+copied");
  EXPECT_EQ(write(3), Status::would_block);
  EXPECT_EQ(write(SIZE_MAX), Status::ok);
  EXPECT_EQ(wire_.outbound, "shared+copied");
  EXPECT_EQ(*text, "shared");
  EXPECT_EQ(text.use_count(), 1) << "the queue lets go of it";
}

TEST_F(OutputQueueTest, PartialWritesOfEverySizeLoseNothing) {
  for (size_t step = 1; step <= 30; ++step) {
    testing::Wire wire;
    testing::MemoryTransport transport(wire);
    OutputQueue queue;
    uint64_t written = 0;
    std::string expected;
    for (int i = 0; i < 5; ++i) {
      queue.append_copy("copy" + std::to_string(i));
      queue.append("moved" + std::to_string(i), 0);
      queue.append(std::make_shared<const std::string>("shared" + std::to_string(i)), 1);
      expected +=
          "copy" + std::to_string(i) + "moved" + std::to_string(i) + "hared" + std::to_string(i);
    }
    while (!queue.empty()) {
      wire.room = step;
      const size_t before = queue.size();
      EXPECT_EQ(queue.write(transport, written), before > step ? Status::would_block : Status::ok);
      ASSERT_EQ(queue.size(), before > step ? before - step : 0);
    }
    EXPECT_EQ(wire.outbound, expected) << step;
    EXPECT_EQ(written, expected.size());
  }
}

TEST_F(OutputQueueTest, MorePiecesThanOneWriteTakes) {
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    queue_.append(std::make_shared<const std::string>(std::to_string(i)), 0);
    expected += std::to_string(i);
  }
  EXPECT_EQ(write(SIZE_MAX), Status::ok);
  EXPECT_EQ(wire_.outbound, expected);
}

TEST_F(OutputQueueTest, ABlockedOrBrokenTransportKeepsWhatIsThere) {
  queue_.append_copy("abc");
  EXPECT_EQ(write(0), Status::would_block);
  EXPECT_EQ(queue_.size(), 3u);
  wire_.peer_reset = true;
  EXPECT_EQ(write(SIZE_MAX), Status::broken);
  EXPECT_EQ(written_, 0u);
}

TEST_F(OutputQueueTest, AppendingBehindAHalfSentSegment) {
  std::mt19937 random(11);
  std::string expected;
  for (int round = 0; round < 2000; ++round) {
    std::string piece(random() % 200, static_cast<char>('a' + round % 26));
    expected += piece;
    switch (random() % 3) {
      case 0: queue_.append_copy(piece); break;
      case 1: queue_.append(std::move(piece), 0); break;
      default: queue_.append(std::make_shared<const std::string>(piece), 0); break;
    }
    if (random() % 2 == 0) write(random() % 150);
    ASSERT_EQ(queue_.size() + wire_.outbound.size(), expected.size());
  }
  write(SIZE_MAX);
  EXPECT_EQ(wire_.outbound, expected);
}

TEST(OutputBufferTest, AppendsAndGrows) {
  OutputBuffer out;
  EXPECT_TRUE(out.empty());
  out.append(std::string_view());
  out.append("");
  EXPECT_EQ(out.view(), "");
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    out.append("number ");
    out.append_number(static_cast<uint64_t>(i));
    expected += "number " + std::to_string(i);
  }
  EXPECT_EQ(out.view(), expected);
  out.append(std::string(1'000'000, 'x'));
  EXPECT_EQ(out.size(), expected.size() + 1'000'000);
  out.append(std::string_view());
  EXPECT_EQ(out.view().substr(0, expected.size()), expected);
}

TEST(OutputBufferTest, NumbersOfEverySize) {
  OutputBuffer out;
  for (uint64_t number : {uint64_t{0}, uint64_t{9}, uint64_t{10}, UINT64_MAX}) {
    out.clear();
    out.append_number(number);
    EXPECT_EQ(out.view(), std::to_string(number));
  }
}

TEST(OutputBufferTest, ReserveAndCommit) {
  OutputBuffer out;
  out.append("ab");
  std::memcpy(out.reserve(3), "cde", 3);
  EXPECT_EQ(out.view(), "ab");
  out.commit(3);
  EXPECT_EQ(out.view(), "abcde");
}

TEST(OutputBufferTest, ClearKeepsAnOrdinaryBlockAndGivesAHugeOneBack) {
  OutputBuffer out;
  out.append("abc");
  const char* block = out.view().data();
  out.clear();
  EXPECT_TRUE(out.empty());
  out.append("def");
  EXPECT_EQ(out.view().data(), block);
  out.append(std::string(1 << 20, 'x'));
  out.clear();
  EXPECT_EQ(out.view().data(), nullptr);
  out.append("ghi");
  EXPECT_EQ(out.view(), "ghi");
}

}  // namespace
}  // namespace bao::http1
