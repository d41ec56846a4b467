#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "net/transport.h"

namespace bao::net {
namespace {

using namespace std::chrono_literals;
using Status = IoResult::Status;

class TestObserver final : public TransportObserver {
 public:
  void on_readable() override { note("readable", readable); }
  void on_writable() override { note("writable", writable); }
  void on_peer_finished() override { note("peer finished", nullptr); }
  void on_hangup() override { note("hangup", hangup); }

  std::vector<std::string> calls;
  std::function<void()> readable, writable, hangup;

 private:
  void note(const char* what, const std::function<void()>& action) {
    calls.emplace_back(what);
    if (action) action();
  }
};

using Calls = std::vector<std::string>;

enum class Kind { tcp, unix_domain };

// A transport on one end of a connection, the plain other end in the test's hands.
class SocketTransportTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    std::tie(ours_, peer_) = connected_pair();
    transport_ = std::make_unique<SocketTransport>(loop_, std::move(ours_));
  }

  static std::pair<FileDescriptor, FileDescriptor> connected_pair() {
    if (GetParam() == Kind::unix_domain) {
      int pair[2];
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
      ::fcntl(pair[0], F_SETFL, O_NONBLOCK);
      return {FileDescriptor(pair[0]), FileDescriptor(pair[1])};
    }
    FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    socklen_t length = sizeof address;
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
    FileDescriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(peer.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    FileDescriptor ours(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(ours);
    return {std::move(ours), std::move(peer)};
  }

  void peer_sends(std::string_view bytes) {
    EXPECT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void peer_finishes() { EXPECT_EQ(::shutdown(peer_.get(), SHUT_WR), 0); }
  void peer_closes() { peer_.reset(); }
  // RST on TCP; a unix socket that is closed with bytes unread does the same.
  void peer_resets() {
    if (GetParam() == Kind::tcp) {
      linger now{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(peer_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    peer_closes();
  }
  // Blocks until the peer has `size` bytes or the end.
  std::string peer_receives(size_t size) {
    std::string all;
    while (all.size() < size) {
      char buffer[65536];
      const ssize_t got =
          ::recv(peer_.get(), buffer, std::min(sizeof buffer, size - all.size()), 0);
      if (got <= 0) break;
      all.append(buffer, static_cast<size_t>(got));
    }
    return all;
  }

  // Turns until the observer has been told something new.
  void await_call() {
    const size_t before = observer_.calls.size();
    const TimePoint end = Clock::now() + 10s;
    while (observer_.calls.size() == before && Clock::now() < end) loop_.turn(1000ms);
    ASSERT_GT(observer_.calls.size(), before);
  }
  // Handles what is ready and says whether there would be more: a loop that spins always has more.
  bool spins() {
    for (int i = 0; i < 5; ++i) loop_.turn(0ms);
    pollfd poll{.fd = loop_.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, 0) != 0;
  }

  std::string read_all() {
    std::string all;
    char buffer[65536];
    IoResult result;
    while ((result = transport_->read(buffer)).status == Status::ok)
      all.append(buffer, result.bytes);
    last_status_ = result.status;
    return all;
  }
  IoResult write(std::string_view bytes) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return transport_->write({&piece, 1});
  }
  // Fills the kernel's buffers; returns what went in.
  std::string fill() {
    const std::string block(65536, 'f');
    std::string sent;
    for (;;) {
      const IoResult result = write(block);
      if (result.status != Status::ok) {
        EXPECT_EQ(result.status, Status::would_block);
        return sent;
      }
      sent.append(block, 0, result.bytes);
    }
  }

  Loop loop_;
  TestObserver observer_;
  FileDescriptor ours_, peer_;
  std::unique_ptr<SocketTransport> transport_;
  Status last_status_ = Status::ok;
};

// ---- Reading

TEST_P(SocketTransportTest, BytesAreReadable) {
  transport_->attach(observer_);
  char buffer[4];
  EXPECT_EQ(transport_->read(buffer).status, Status::would_block);
  peer_sends("hello");
  await_call();
  EXPECT_EQ(observer_.calls, Calls{"readable"});
  IoResult result = transport_->read(buffer);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(std::string_view(buffer, result.bytes), "hell");
  await_call();
  EXPECT_EQ(observer_.calls, (Calls{"readable", "readable"})) << "told again while bytes wait";
  EXPECT_EQ(read_all(), "o");
  EXPECT_EQ(last_status_, Status::would_block);
  EXPECT_FALSE(spins());
}

TEST_P(SocketTransportTest, ThePeersEndIsReadableBehindItsBytes) {
  transport_->attach(observer_);
  peer_sends("bye");
  peer_finishes();
  await_call();
  EXPECT_EQ(read_all(), "bye");
  EXPECT_EQ(last_status_, Status::end);
  EXPECT_TRUE(spins()) << "level-triggered, as long as reading is wanted";
  transport_->want_read(false);
  EXPECT_FALSE(spins());
  EXPECT_EQ(write("still").status, Status::ok);
  EXPECT_EQ(peer_receives(5), "still");
}

TEST_P(SocketTransportTest, ResetsBreakReading) {
  transport_->attach(observer_);
  write("unread");
  peer_resets();
  await_call();
  EXPECT_EQ(observer_.calls.back(), "readable");
  read_all();
  // A unix peer that goes with bytes unread resets too; some kernels let the end be read first.
  EXPECT_TRUE(last_status_ == Status::broken || last_status_ == Status::end);
  if (GetParam() == Kind::tcp) {
    EXPECT_EQ(last_status_, Status::broken);
  }
}

// ---- Reading that is not wanted

TEST_P(SocketTransportTest, UnwantedBytesWaitQuietly) {
  transport_->attach(observer_);
  transport_->want_read(false);
  peer_sends("hello");
  EXPECT_FALSE(spins());
  peer_sends(" world");
  EXPECT_FALSE(spins());
  EXPECT_TRUE(observer_.calls.empty());
  transport_->want_read(true);
  await_call();
  EXPECT_EQ(observer_.calls, Calls{"readable"});
  EXPECT_EQ(read_all(), "hello world");
}

TEST_P(SocketTransportTest, AShortPauseCostsNothing) {
  transport_->attach(observer_);
  transport_->want_read(false);
  transport_->want_read(true);
  peer_sends("x");
  await_call();
  EXPECT_EQ(read_all(), "x");
}

TEST_P(SocketTransportTest, ThePeersEndIsToldDuringAPause) {
  for (const std::string_view bytes : {"", "waiting"}) {
    SetUp();
    observer_.calls.clear();
    transport_->attach(observer_);
    transport_->want_read(false);
    if (!bytes.empty()) {
      peer_sends(bytes);
      EXPECT_FALSE(spins());
    }
    peer_finishes();
    await_call();
    EXPECT_EQ(observer_.calls, Calls{"peer finished"});
    EXPECT_FALSE(spins());
    EXPECT_EQ(observer_.calls.size(), 1u) << "told once";
    transport_->want_read(true);
    await_call();
    EXPECT_EQ(observer_.calls.back(), "readable");
    EXPECT_EQ(read_all(), bytes);
    EXPECT_EQ(last_status_, Status::end);
    transport_->want_read(false);
    EXPECT_FALSE(spins());
  }
}

TEST_P(SocketTransportTest, AResetIsToldDuringAPause) {
  for (const std::string_view bytes : {"", "waiting"}) {
    SetUp();
    observer_.calls.clear();
    transport_->attach(observer_);
    transport_->want_read(false);
    write("unread");
    if (!bytes.empty()) peer_sends(bytes);
    EXPECT_FALSE(spins());
    observer_.hangup = [&] { transport_->close(false); };
    peer_resets();
    await_call();
    EXPECT_EQ(observer_.calls, Calls{"hangup"});
    EXPECT_FALSE(spins());
  }
}

TEST_P(SocketTransportTest, AResetAfterTheEndWasReadIsToldToo) {
  transport_->attach(observer_);
  peer_finishes();
  await_call();
  read_all();
  EXPECT_EQ(last_status_, Status::end);
  transport_->want_read(false);
  EXPECT_FALSE(spins());
  observer_.calls.clear();
  observer_.hangup = [&] { transport_->close(false); };
  peer_closes();
  if (GetParam() == Kind::tcp) write("to nobody");  // TCP learns of it by the answer to this
  await_call();
  EXPECT_EQ(observer_.calls, Calls{"hangup"});
}

// ---- Writing

TEST_P(SocketTransportTest, PiecesLeaveInTheirOrder) {
  transport_->attach(observer_);
  char one[] = "one ", two[] = "two ", three[] = "three";
  const iovec pieces[] = {{one, 4}, {two, 4}, {nullptr, 0}, {three, 5}};
  const IoResult result = transport_->write(pieces);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.bytes, 13u);
  EXPECT_EQ(peer_receives(13), "one two three");
}

TEST_P(SocketTransportTest, AFullTransportBlocksAndTellsWhenThereIsRoom) {
  transport_->attach(observer_);
  const std::string sent = fill();
  transport_->want_write(true);
  EXPECT_FALSE(spins());
  EXPECT_TRUE(observer_.calls.empty());
  EXPECT_EQ(peer_receives(sent.size()), sent);
  await_call();
  EXPECT_EQ(observer_.calls.front(), "writable");
  EXPECT_TRUE(spins()) << "level-triggered, as long as writing is wanted";
  transport_->want_write(false);
  EXPECT_FALSE(spins());
  EXPECT_EQ(write("x").status, Status::ok);
}

TEST_P(SocketTransportTest, WritingToAPeerThatIsGoneBreaksWithoutASignal) {
  transport_->attach(observer_);
  write("unread");
  peer_resets();
  await_call();
  IoResult result;
  do {
    result = write("x");
  } while (result.status == Status::ok);
  EXPECT_EQ(result.status, Status::broken);
  EXPECT_EQ(result.bytes, 0u);
}

TEST_P(SocketTransportTest, WhoWaitsForRoomLearnsThatThePeerIsGone) {
  transport_->attach(observer_);
  fill();
  transport_->want_read(false);
  transport_->want_write(true);
  observer_.hangup = [&] { transport_->close(false); };
  peer_resets();
  await_call();
  EXPECT_EQ(observer_.calls, Calls{"hangup"});
}

TEST_P(SocketTransportTest, BothDirectionsInOneTurn) {
  transport_->attach(observer_);
  transport_->want_write(true);
  peer_sends("x");
  await_call();
  EXPECT_EQ(observer_.calls, (Calls{"writable", "readable"}));
}

// ---- Ends

TEST_P(SocketTransportTest, FinishingWritingLeavesReadingOpen) {
  transport_->attach(observer_);
  write("last");
  transport_->finish_writing();
  EXPECT_EQ(peer_receives(100), "last");
  peer_sends("answer");
  await_call();
  EXPECT_EQ(read_all(), "answer");
  peer_finishes();
  await_call();
  read_all();
  EXPECT_EQ(last_status_, Status::end);
}

// When both have finished the kernel reports a hang-up; whoever wants to read shall still read the
// end.
TEST_P(SocketTransportTest, WhenBothHaveFinishedTheEndCanStillBeRead) {
  transport_->attach(observer_);
  transport_->finish_writing();
  peer_sends("last");
  peer_finishes();
  await_call();
  EXPECT_EQ(observer_.calls.back(), "readable");
  EXPECT_EQ(read_all(), "last");
  EXPECT_EQ(last_status_, Status::end);
}

TEST_P(SocketTransportTest, AnOrdinaryCloseIsAnEnd) {
  transport_->attach(observer_);
  write("all");
  transport_->close(false);
  char buffer[10];
  EXPECT_EQ(::recv(peer_.get(), buffer, sizeof buffer, 0), 3);
  EXPECT_EQ(::recv(peer_.get(), buffer, sizeof buffer, 0), 0);
}

TEST_P(SocketTransportTest, AResetShowsAsAFailureOnTcp) {
  transport_->attach(observer_);
  transport_->close(true);
  char buffer[10];
  const ssize_t got = ::recv(peer_.get(), buffer, sizeof buffer, 0);
  if (GetParam() == Kind::tcp) {
    EXPECT_EQ(got, -1);
    EXPECT_EQ(errno, ECONNRESET);
  } else {
    EXPECT_EQ(got, 0);
  }
}

TEST_P(SocketTransportTest, NothingIsToldAfterAClose) {
  transport_->attach(observer_);
  peer_sends("x");
  transport_->close(false);
  EXPECT_FALSE(spins());
  EXPECT_TRUE(observer_.calls.empty());
}

TEST_P(SocketTransportTest, ClosingFromWithinACallEndsTheTurnsCalls) {
  for (bool in_writable : {false, true}) {
    SetUp();
    observer_.calls.clear();
    transport_->attach(observer_);
    transport_->want_write(in_writable);
    auto close = [&] { transport_->close(false); };
    observer_.readable = close;
    observer_.writable = close;
    peer_sends("x");
    await_call();
    EXPECT_EQ(observer_.calls.size(), 1u);
    EXPECT_FALSE(spins());
  }
}

// Both are ready in the same turn, and whichever comes first closes the other.
TEST_P(SocketTransportTest, ClosingAnotherTransportInTheSameTurn) {
  auto [second_ours, second_peer] = connected_pair();
  SocketTransport second(loop_, std::move(second_ours));
  TestObserver second_observer;
  bool closed = false;
  observer_.readable = [&] {
    if (!std::exchange(closed, true)) second.close(true);
    read_all();
  };
  second_observer.readable = [&] {
    if (!std::exchange(closed, true)) transport_->close(true);
    char buffer[10];
    second.read(buffer);
  };
  transport_->attach(observer_);
  second.attach(second_observer);
  peer_sends("x");
  ASSERT_EQ(::send(second_peer.get(), "x", 1, 0), 1);
  const TimePoint end = Clock::now() + 10s;
  while (!closed && Clock::now() < end) loop_.turn(1000ms);
  EXPECT_FALSE(spins());
  EXPECT_EQ(observer_.calls.size() + second_observer.calls.size(), 1u);
}

// Whoever sends bytes notes when they left.
TEST_P(SocketTransportTest, BytesLeaveAtTheTimeTheyLeaveHoweverLongTheTurnHasTaken) {
  transport_->attach(observer_);
  TimePoint begun, written;
  observer_.readable = [&] {
    begun = loop_.now();
    while (Clock::now() < begun + 30ms) {
    }
    char byte = 'x';
    const iovec piece{&byte, 1};
    transport_->write({&piece, 1});
    written = loop_.now();
  };
  peer_sends("x");
  loop_.turn(-1ms);
  ASSERT_EQ(observer_.calls, Calls{"readable"});
  EXPECT_GE(written, begun + 20ms);  // a tick of ten milliseconds is the longest there is
}

// As when a connection is given to another protocol, perhaps from within a call.
TEST_P(SocketTransportTest, AnotherObserverCanTakeOver) {
  TestObserver second;
  transport_->attach(observer_);
  transport_->want_write(true);
  observer_.writable = [&] { transport_->attach(second); };
  peer_sends("x");
  await_call();
  EXPECT_EQ(observer_.calls, Calls{"writable"});
  const TimePoint end = Clock::now() + 10s;
  while (second.calls.empty() && Clock::now() < end) loop_.turn(1000ms);
  EXPECT_EQ(second.calls, Calls{"readable"});
  EXPECT_EQ(read_all(), "x");
  EXPECT_FALSE(spins());
  EXPECT_EQ(observer_.calls.size(), 1u);
}

// What was unwanted before is told to whoever takes over.
TEST_P(SocketTransportTest, WhoTakesOverHearsOfWhatWaited) {
  TestObserver second;
  transport_->attach(observer_);
  transport_->want_read(false);
  peer_sends("x");
  peer_finishes();
  await_call();
  EXPECT_EQ(observer_.calls, Calls{"peer finished"});
  transport_->attach(second);
  const TimePoint end = Clock::now() + 10s;
  while (second.calls.empty() && Clock::now() < end) loop_.turn(1000ms);
  EXPECT_EQ(read_all(), "x");
  EXPECT_EQ(last_status_, Status::end);
}

TEST_P(SocketTransportTest, DestructionCloses) {
  transport_->attach(observer_);
  transport_ = nullptr;
  char buffer[1];
  EXPECT_EQ(::recv(peer_.get(), buffer, 1, 0), 0);
  std::tie(ours_, peer_) = connected_pair();
  {
    SocketTransport never_attached(loop_, std::move(ours_));
  }
  EXPECT_EQ(::recv(peer_.get(), buffer, 1, 0), 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SocketTransportTest,
                         ::testing::Values(Kind::tcp, Kind::unix_domain),
                         [](const auto& info) { return info.param == Kind::tcp ? "Tcp" : "Unix"; });

}  // namespace
}  // namespace bao::net
