#include "net/call_batch.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "net/child_process.h"
#include "net/file_descriptor.h"

namespace bao::net {
namespace {

// Whether this machine lets a process have a ring with what a batch needs.
bool machine_has_rings() {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN;
  const FileDescriptor ring(static_cast<int>(::syscall(SYS_io_uring_setup, 8, &parameters)));
  return static_cast<bool>(ring);
}

// Two ends of one connection; `ours` does not block.
struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  void peer_sends(std::string_view bytes) {
    EXPECT_EQ(::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Everything that is there.
  std::string peer_receives() {
    std::string all;
    std::array<char, 65536> buffer;
    ssize_t got;
    while ((got = ::recv(theirs.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
      all.append(buffer.data(), static_cast<size_t>(got));
    }
    return all;
  }

  FileDescriptor ours, theirs;
};

enum class Way { together, alone };

class CallBatchTest : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (GetParam() == Way::alone) {
      batch_.stay_alone();
    } else if (!machine_has_rings()) {
      GTEST_SKIP() << "no io_uring here";
    }
  }
  void TearDown() override {
    EXPECT_TRUE(batch_.empty());
    if (!IsSkipped()) {
      EXPECT_EQ(batch_.together(), GetParam() == Way::together);
    }
  }

  CallBatch batch_;
};

TEST_P(CallBatchTest, EachReceivesWhatItsPeerHasSent) {
  std::array<Pair, 3> pairs;
  std::array<std::array<char, 16>, 3> rooms;
  std::array<int32_t, 3> results{};
  const std::array<std::string, 3> sent{"one", "two bytes more", "3"};
  for (size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].peer_sends(sent[i]);
    batch_.receive(pairs[i].ours.get(), rooms[i], results[i]);
    EXPECT_FALSE(batch_.empty());
  }
  batch_.make();
  for (size_t i = 0; i < pairs.size(); ++i) {
    ASSERT_EQ(results[i], static_cast<int32_t>(sent[i].size()));
    EXPECT_EQ(std::string_view(rooms[i].data(), sent[i].size()), sent[i]);
  }
}

TEST_P(CallBatchTest, EachSendsToItsPeer) {
  std::array<Pair, 3> pairs;
  std::array<int32_t, 3> results{};
  const std::array<std::string, 3> bytes{"one", "two bytes more", "3"};
  for (size_t i = 0; i < pairs.size(); ++i) batch_.send(pairs[i].ours.get(), bytes[i], results[i]);
  batch_.make();
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(results[i], static_cast<int32_t>(bytes[i].size()));
    EXPECT_EQ(pairs[i].peer_receives(), bytes[i]);
  }
}

TEST_P(CallBatchTest, WhatEachCameToIsItsOwn) {
  Pair quiet, ended, ready;
  ended.theirs.reset();
  ready.peer_sends("more than there is room for");
  std::array<char, 4> room;
  std::array<int32_t, 5> results{};
  results.fill(77);
  batch_.receive(quiet.ours.get(), room, results[0]);
  batch_.receive(ended.ours.get(), room, results[1]);
  batch_.receive(ready.ours.get(), room, results[2]);
  batch_.receive(-1, room, results[3]);
  batch_.send(ended.ours.get(), std::string_view("nobody gets this"), results[4]);
  batch_.make();
  EXPECT_EQ(results, (std::array<int32_t, 5>{-EAGAIN, 0, 4, -EBADF, -EPIPE}));
  EXPECT_EQ(std::string_view(room.data(), 4), "more");
}

// A peer that reads slowly must not hold up those behind it.
TEST_P(CallBatchTest, ASendTakesWhatThereIsRoomForAndNeverWaits) {
  Pair slow, quick;
  const std::string much(size_t{4} << 20, 'x');
  int32_t first = 0;
  int32_t second = 0;
  for (int round = 0; round < 2; ++round) {
    batch_.send(slow.ours.get(), much, first);
    batch_.send(quick.ours.get(), std::string_view("quick"), second);
    batch_.make();
    EXPECT_EQ(second, 5);
    if (round == 0) {
      EXPECT_GT(first, 0);
      EXPECT_LT(first, static_cast<int32_t>(much.size()));
    } else {
      EXPECT_EQ(first, -EAGAIN);
    }
  }
  EXPECT_EQ(quick.peer_receives(), "quickquick");
}

TEST_P(CallBatchTest, TheSocketsMayBlock) {
  Pair pair, other;
  ::fcntl(pair.ours.get(), F_SETFL, 0);
  std::array<char, 4> room;
  int32_t result = 0;
  int32_t sent = 0;
  batch_.receive(pair.ours.get(), room, result);
  batch_.send(other.ours.get(), std::string_view("x"), sent);
  batch_.make();
  EXPECT_EQ(result, -EAGAIN);
  EXPECT_EQ(sent, 1);
}

TEST_P(CallBatchTest, OneCallIsMadeAsWell) {
  Pair pair;
  int32_t result = 0;
  batch_.send(pair.ours.get(), std::string_view("alone"), result);
  batch_.make();
  EXPECT_EQ(result, 5);
  EXPECT_EQ(pair.peer_receives(), "alone");
  batch_.make();
}

// The places in the queues come round many times, with batches of every size.
TEST_P(CallBatchTest, BatchesOfEverySizeFollowEachOther) {
  std::array<Pair, CallBatch::kMost> pairs;
  std::array<std::array<char, 8>, CallBatch::kMost> rooms;
  std::array<int32_t, CallBatch::kMost> results{};
  std::minstd_rand random(1);
  for (int round = 0; round < 300; ++round) {
    const size_t count = round < 2 * static_cast<int>(CallBatch::kMost)
                             ? static_cast<size_t>(round) / 2 + 1
                             : std::uniform_int_distribution<size_t>(1, CallBatch::kMost)(random);
    const std::string text = std::to_string(round);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_FALSE(batch_.full());
      const bool receives = (i + static_cast<size_t>(round)) % 2 == 0;
      if (receives) {
        pairs[i].peer_sends(text);
        batch_.receive(pairs[i].ours.get(), rooms[i], results[i]);
      } else {
        batch_.send(pairs[i].ours.get(), text, results[i]);
      }
    }
    EXPECT_EQ(batch_.full(), count == CallBatch::kMost);
    batch_.make();
    for (size_t i = 0; i < count; ++i) {
      const bool receives = (i + static_cast<size_t>(round)) % 2 == 0;
      ASSERT_EQ(results[i], static_cast<int32_t>(text.size())) << i << " of " << count;
      const std::string got =
          receives ? std::string(rooms[i].data(), text.size()) : pairs[i].peer_receives();
      ASSERT_EQ(got, text);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, CallBatchTest, ::testing::Values(Way::together, Way::alone),
                         [](const auto& info) {
                           return info.param == Way::together ? "Together" : "Alone";
                         });

// ---- Kernels that refuse

// Whether a batch of some sends does what it should.
bool sends(CallBatch& batch) {
  std::array<Pair, 3> pairs;
  std::array<int32_t, 3> results{};
  for (size_t i = 0; i < 3; ++i)
    batch.send(pairs[i].ours.get(), std::string_view("xy"), results[i]);
  batch.make();
  bool all = batch.empty();
  for (size_t i = 0; i < 3; ++i) all = all && results[i] == 2 && pairs[i].peer_receives() == "xy";
  return all;
}

// In a process in which the system call fails so.
int sends_without(unsigned call, unsigned error, CallBatch& batch) {
  return testing::in_child([&] {
    if (!testing::refuse_system_call(call, error)) return testing::kSkipped;
    return sends(batch) && sends(batch) ? 0 : 1;
  });
}

// As containers do, and kernels that were built without it.
TEST(RefusedCallBatchTest, WithoutARingTheCallsAreMadeAlone) {
  for (const unsigned error : {EPERM, ENOSYS}) {
    CallBatch batch;
    const int status = sends_without(SYS_io_uring_setup, error, batch);
    if (status == testing::kSkipped) GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(status, 0) << error;
  }
}

// The kernel says EAGAIN when it lacks memory.
TEST(RefusedCallBatchTest, WhatARingDoesNotTakeIsMadeAlone) {
  if (!machine_has_rings()) GTEST_SKIP() << "no io_uring here";
  CallBatch batch;
  EXPECT_TRUE(sends(batch));
  EXPECT_TRUE(batch.together());
  const int status = sends_without(SYS_io_uring_enter, EAGAIN, batch);
  if (status == testing::kSkipped) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace bao::net
