#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "net/transport.h"

// Calls that are made ahead of the events that they are for: what is read so, and what is written.
namespace bao::net {
namespace {

using namespace std::chrono_literals;
using Status = IoResult::Status;

std::pair<FileDescriptor, FileDescriptor> connected_pair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// A connection, and what its observer sees. Notes in a list that all share what happens when.
class Peer final : public TransportObserver {
 public:
  Peer(Loop& loop, std::vector<std::string>& events, char name) : events_(events), name_(name) {
    auto [ours, theirs] = connected_pair();
    socket = ours.get();
    theirs_ = std::move(theirs);
    transport = std::make_unique<SocketTransport>(loop, std::move(ours));
    transport->attach(*this);
  }

  void sends(std::string_view bytes) {
    EXPECT_EQ(::send(theirs_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void closes() { theirs_.reset(); }
  void finishes() { EXPECT_EQ(::shutdown(theirs_.get(), SHUT_WR), 0); }
  std::string receives() {
    std::string all;
    std::array<char, 65536> buffer;
    ssize_t got;
    while ((got = ::recv(theirs_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
      all.append(buffer.data(), static_cast<size_t>(got));
    }
    return all;
  }
  // What the kernel still has for us.
  size_t waiting() const {
    std::array<char, 65536> buffer;
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    return size < 0 ? 0 : static_cast<size_t>(size);
  }

  bool reads_next() const override { return promises; }
  void on_readable() override {
    events_.push_back(name_ + std::string(waiting() > 0 ? " finds" : " has"));
    std::array<char, 8192> buffer;
    last = transport->read(buffer);
    if (last.status == Status::ok) got.append(buffer.data(), last.bytes);
    if (action) action();
  }
  void on_writable() override {}
  void on_peer_finished() override { finished = true; }
  void on_hangup() override {}

  std::unique_ptr<SocketTransport> transport;
  std::function<void()> action;
  std::string got;
  IoResult last{Status::would_block};
  bool promises = true;
  bool finished = false;
  int socket = -1;

 private:
  FileDescriptor theirs_;
  std::vector<std::string>& events_;
  char name_;
};

using Events = std::vector<std::string>;

class ReadTogetherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!loop_.calls().together()) GTEST_SKIP() << "no io_uring here";
    loop_.read_together();
  }
  Peer& connect(char name = 'x') {
    peers_.push_back(std::make_unique<Peer>(loop_, events_, name));
    return *peers_.back();
  }

  Loop loop_;
  Events events_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

TEST_F(ReadTogetherTest, AllIsReadBeforeTheFirstIsTold) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  a.sends("for a");
  b.sends("for b");
  EXPECT_EQ(loop_.turn(0ms), 2u);
  EXPECT_EQ(events_, (Events{"a has", "b has"}));
  EXPECT_EQ(a.got, "for a");
  EXPECT_EQ(b.got, "for b");
  EXPECT_EQ(loop_.turn(0ms), 0u);
}

TEST_F(ReadTogetherTest, OneAloneReadsForItself) {
  Peer& a = connect('a');
  connect('b');
  a.sends("for a");
  loop_.turn(0ms);
  EXPECT_EQ(events_, Events{"a finds"});
  EXPECT_EQ(a.got, "for a");
}

TEST_F(ReadTogetherTest, NothingIsReadForWhoeverDoesNotPromiseToTakeIt) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  a.promises = false;
  a.sends("for a");
  b.sends("for b");
  loop_.turn(0ms);
  EXPECT_EQ(events_, (Events{"a finds", "b has"}));
  EXPECT_EQ(a.got, "for a");
}

TEST_F(ReadTogetherTest, NothingIsReadWhileReadingIsNotWanted) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  a.transport->want_read(false);
  a.sends("for a");
  b.sends("for b");
  loop_.turn(0ms);
  EXPECT_EQ(events_, Events{"b has"});
  a.transport->want_read(true);
  loop_.turn(0ms);
  EXPECT_EQ(a.got, "for a");
}

TEST(LoopTest, ALoopReadsNothingAheadUnlessItIsTold) {
  Loop loop;
  Events events;
  Peer a(loop, events, 'a');
  Peer b(loop, events, 'b');
  a.sends("for a");
  b.sends("for b");
  loop.turn(0ms);
  EXPECT_EQ(events, (Events{"a finds", "b finds"}));
}

// More than was read ahead is there with the same call, and what is beyond that in the next turn.
TEST_F(ReadTogetherTest, WhatIsLongerIsReadToTheEndOfTheRoom) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  std::string sent;
  for (int i = 0; sent.size() < 20'000; ++i) sent += std::to_string(i) + ' ';
  constexpr size_t kRoom = Loop::kRoomAhead;
  for (const size_t size : {kRoom - 1, kRoom, kRoom + 1, size_t{8192}, size_t{8193}, sent.size()}) {
    a.got.clear();
    a.sends(std::string_view(sent).substr(0, size));
    b.sends("x");
    loop_.turn(0ms);
    EXPECT_EQ(a.got.size(), std::min<size_t>(size, 8192));
    while (loop_.turn(0ms) > 0) continue;
    EXPECT_EQ(a.got, sent.substr(0, size));
  }
}

TEST_F(ReadTogetherTest, AnEndIsTold) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  a.closes();
  b.sends("x");
  loop_.turn(0ms);
  EXPECT_EQ(a.last.status, Status::end);
  EXPECT_EQ(b.got, "x");
}

// It is told when somebody looks for it, also if nobody reads meanwhile.
TEST_F(ReadTogetherTest, AnEndBehindAFullRoomIsTold) {
  for (const bool pauses : {false, true}) {
    Peer& a = connect('a');
    Peer& b = connect('b');
    a.sends(std::string(Loop::kRoomAhead, 'x'));
    a.finishes();
    b.sends("x");
    a.action = [&] { a.transport->want_read(!pauses); };
    loop_.turn(0ms);
    EXPECT_EQ(a.got.size(), Loop::kRoomAhead);
    EXPECT_EQ(a.last.status, Status::ok);
    a.action = nullptr;
    loop_.turn(0ms);
    loop_.turn(0ms);
    EXPECT_EQ(a.finished, pauses);
    if (!pauses) {
      EXPECT_EQ(a.last.status, Status::end);
    }
    a.transport->close(false);
  }
}

TEST_F(ReadTogetherTest, WhereCallsAreMadeAloneNothingIsReadAhead) {
  Loop loop;
  loop.calls().stay_alone();
  loop.read_together();
  Peer a(loop, events_, 'a');
  Peer b(loop, events_, 'b');
  a.sends("for a");
  b.sends("for b");
  loop.turn(0ms);
  EXPECT_EQ(events_, (Events{"a finds", "b finds"}));
}

TEST_F(ReadTogetherTest, WhatHasBeenReadForAConnectionThatCloses) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  a.sends("for a");
  b.sends("for b");
  a.action = [&] { b.transport->close(false); };
  loop_.turn(0ms);
  EXPECT_EQ(events_, Events{"a has"});
  EXPECT_EQ(b.got, "");
  EXPECT_EQ(b.receives(), "");
}

// A batch has so many places; each turn may have more events.
TEST_F(ReadTogetherTest, ThereMayBeMoreThanOneBatch) {
  for (size_t i = 0; i < 2 * CallBatch::kMost + 1; ++i) connect();
  for (int round = 0; round < 3; ++round) {
    for (auto& peer : peers_) peer->sends(std::to_string(round));
    EXPECT_EQ(loop_.turn(0ms), peers_.size());
  }
  for (auto& peer : peers_) EXPECT_EQ(peer->got, "012");
  const auto found = std::count(events_.begin(), events_.end(), "x finds");
  EXPECT_EQ(found, 3) << "the last one of a turn is a batch of its own";
}

// ---- Writing

IoResult write(Transport& transport, std::string_view bytes) {
  const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  return transport.write({&piece, 1});
}

TEST_F(ReadTogetherTest, WhatIsWrittenAheadIsToldByTheNextWrite) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  EXPECT_TRUE(a.transport->write_ahead(std::string_view("to a")));
  EXPECT_TRUE(b.transport->write_ahead(std::string_view("to b")));
  EXPECT_EQ(a.receives(), "");
  loop_.calls().make();
  EXPECT_EQ(a.receives(), "to a");
  EXPECT_EQ(b.receives(), "to b");
  // They may be followed by others, which were not written.
  const IoResult result = write(*a.transport, "to a, and more");
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.bytes, 4u);
  EXPECT_EQ(a.receives(), "");
  EXPECT_EQ(write(*b.transport, "to b").bytes, 4u);
  EXPECT_EQ(write(*b.transport, "again").bytes, 5u);
  EXPECT_EQ(b.receives(), "again");
}

TEST_F(ReadTogetherTest, SeveralPiecesMayAskForWhatWasWrittenAhead) {
  Peer& a = connect('a');
  EXPECT_TRUE(a.transport->write_ahead(std::string_view("head")));
  loop_.calls().make();
  std::string head = "head";
  std::string body = "body";
  const std::array<iovec, 2> pieces{iovec{head.data(), 4}, iovec{body.data(), 4}};
  EXPECT_EQ(a.transport->write(pieces).bytes, 4u);
  EXPECT_EQ(a.receives(), "head");
}

TEST_F(ReadTogetherTest, WhatThereIsNoRoomForBlocks) {
  Peer& a = connect('a');
  const std::string much(size_t{4} << 20, 'x');
  EXPECT_TRUE(a.transport->write_ahead(much));
  loop_.calls().make();
  const IoResult first = write(*a.transport, much);
  EXPECT_EQ(first.status, Status::ok);
  EXPECT_LT(first.bytes, much.size());
  EXPECT_TRUE(a.transport->write_ahead(std::string_view("x")));
  loop_.calls().make();
  EXPECT_EQ(write(*a.transport, "x").status, Status::would_block);
  EXPECT_EQ(a.receives(), much.substr(0, first.bytes));
}

TEST_F(ReadTogetherTest, APeerThatIsGoneIsBroken) {
  Peer& a = connect('a');
  a.closes();
  EXPECT_TRUE(a.transport->write_ahead(std::string_view("x")));
  loop_.calls().make();
  EXPECT_EQ(write(*a.transport, "x").status, Status::broken);
}

// Its descriptor may be another's soon.
TEST_F(ReadTogetherTest, WhatIsToBeWrittenAheadIsWrittenBeforeAClose) {
  Peer& a = connect('a');
  Peer& b = connect('b');
  EXPECT_TRUE(a.transport->write_ahead(std::string_view("to a")));
  EXPECT_TRUE(b.transport->write_ahead(std::string_view("to b")));
  a.transport->close(false);
  EXPECT_TRUE(loop_.calls().empty());
  EXPECT_EQ(a.receives(), "to a");
  EXPECT_EQ(write(*b.transport, "to b").bytes, 4u);
  EXPECT_EQ(b.receives(), "to b");
}

TEST_F(ReadTogetherTest, WhereTheBatchIsFullNothingIsWrittenAhead) {
  for (size_t i = 0; i < CallBatch::kMost + 1; ++i) connect();
  for (size_t i = 0; i < CallBatch::kMost; ++i) {
    EXPECT_TRUE(peers_[i]->transport->write_ahead(std::string_view("x")));
  }
  Peer& last = *peers_.back();
  EXPECT_FALSE(last.transport->write_ahead(std::string_view("x")));
  loop_.calls().make();
  EXPECT_EQ(last.receives(), "");
  EXPECT_EQ(write(*last.transport, "x").bytes, 1u);
  EXPECT_EQ(last.receives(), "x");
}

}  // namespace
}  // namespace bao::net
