#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include "net/temporary_file.h"
#include "net/transport.h"

// Files through sockets, and through the reading and writing that serves all other transports.
namespace bao::net {
namespace {

using bao::testing::some_bytes;
using bao::testing::TemporaryFile;
using Status = IoResult::Status;

class SilentObserver final : public TransportObserver {
 public:
  void on_readable() override {}
  void on_writable() override {}
  void on_peer_finished() override {}
  void on_hangup() override {}
};

/// A transport that does not know sendfile.
class Buffered final : public Transport {
 public:
  explicit Buffered(Transport& under) : under_(under) {}
  void attach(TransportObserver& observer) override { under_.attach(observer); }
  IoResult read(std::span<char> buffer) override { return under_.read(buffer); }
  IoResult write(std::span<const iovec> pieces) override { return under_.write(pieces); }
  void want_read(bool wanted) override { under_.want_read(wanted); }
  void want_write(bool wanted) override { under_.want_write(wanted); }
  void finish_writing() override { under_.finish_writing(); }
  void close(bool reset) override { under_.close(reset); }

 private:
  Transport& under_;
};

enum class Kind { tcp, unix_domain, buffered };

class TransportFileTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    auto [ours, peer] = GetParam() == Kind::tcp ? tcp_pair() : unix_pair();
    peer_ = std::move(peer);
    socket_ = std::make_unique<SocketTransport>(loop_, std::move(ours));
    socket_->attach(observer_);
    if (GetParam() == Kind::buffered) buffered_ = std::make_unique<Buffered>(*socket_);
  }

  static std::pair<FileDescriptor, FileDescriptor> unix_pair() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ::fcntl(pair[0], F_SETFL, O_NONBLOCK);
    return {FileDescriptor(pair[0]), FileDescriptor(pair[1])};
  }
  static std::pair<FileDescriptor, FileDescriptor> tcp_pair() {
    FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
    FileDescriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(peer.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    FileDescriptor ours(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return {std::move(ours), std::move(peer)};
  }

  Transport& transport() {
    if (buffered_ != nullptr) return *buffered_;
    return *socket_;
  }
  IoResult write_file(std::string_view before, uint64_t offset, size_t length) {
    const iovec piece{const_cast<char*>(before.data()), before.size()};
    return transport().write_file({&piece, before.empty() ? 0u : 1u}, file_.get(), offset, length);
  }
  // What has come by now.
  std::string received() {
    std::string all;
    char buffer[65536];
    ssize_t count;
    while ((count = ::recv(peer_.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
      all.append(buffer, static_cast<size_t>(count));
    }
    return all;
  }

  Loop loop_;
  SilentObserver observer_;
  FileDescriptor peer_;
  FileDescriptor file_;
  std::unique_ptr<SocketTransport> socket_;
  std::unique_ptr<Buffered> buffered_;
};
INSTANTIATE_TEST_SUITE_P(Transports, TransportFileTest,
                         ::testing::Values(Kind::tcp, Kind::unix_domain, Kind::buffered),
                         [](const auto& info) {
                           return info.param == Kind::tcp           ? "Tcp"
                                  : info.param == Kind::unix_domain ? "Unix"
                                                                    : "Buffered";
                         });

TEST_P(TransportFileTest, ThePiecesGoBeforeThePartOfTheFile) {
  TemporaryFile file("0123456789");
  file_ = file.open();
  IoResult result = write_file("head ", 2, 5);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.bytes, 10u);
  result = write_file("", 9, 1);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.bytes, 1u);
  EXPECT_EQ(received(), "head 234569");
}

TEST_P(TransportFileTest, GoesAsFarAsThereIsRoom) {
  const std::string bytes = some_bytes(20'000'000);
  TemporaryFile file(bytes);
  file_ = file.open();
  IoResult result = write_file("head", 0, bytes.size());
  ASSERT_EQ(result.status, Status::ok);
  ASSERT_LT(result.bytes, bytes.size());
  size_t at = result.bytes - 4;
  std::string all = received();
  bool blocked = false;
  while (at < bytes.size()) {
    result = write_file("", at, bytes.size() - at);
    if (result.status == Status::ok) {
      at += result.bytes;
      continue;
    }
    ASSERT_EQ(result.status, Status::would_block);
    blocked = true;
    all += received();
  }
  while (all.size() < bytes.size() + 4) all += received();
  EXPECT_TRUE(blocked);
  EXPECT_TRUE(all == "head" + bytes);
}

TEST_P(TransportFileTest, AFileThatEndsBeforeIsTold) {
  TemporaryFile file("0123456789");
  file_ = file.open();
  EXPECT_EQ(write_file("", 10, 1).status, Status::no_source);
  EXPECT_EQ(write_file("", 20, 1).status, Status::no_source);
  IoResult result = write_file("head ", 8, 5);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.bytes, 7u) << "what there is of it";
  result = write_file("again ", 10, 5);
  EXPECT_EQ(result.status, Status::ok) << "the pieces have left";
  EXPECT_EQ(result.bytes, 6u);
  EXPECT_EQ(write_file("", 10, 5).status, Status::no_source);
  transport().finish_writing();  // what waited for more of the file does not wait any longer
  EXPECT_EQ(received(), "head 89again ");
}

TEST_P(TransportFileTest, WhatCannotBeReadIsNoSource) {
  file_ = FileDescriptor(::open(::testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(write_file("", 0, 10).status, Status::no_source);
}

// sendfile(2) raises SIGPIPE, which kills a program that has not thought of it.
TEST_P(TransportFileTest, APeerThatIsGoneIsNoSignal) {
  ASSERT_EQ(::signal(SIGPIPE, SIG_DFL), SIG_DFL);
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  TemporaryFile file(some_bytes(1'000'000));
  file_ = file.open();
  peer_.reset();
  for (int i = 0; i < 3; ++i) {
    // The first bytes to a peer that is gone bring its reset, the next ones learn of it.
    const IoResult result = write_file(i == 0 ? "head" : "", 0, 1000);
    if (i == 2) {
      EXPECT_EQ(result.status, Status::broken);
    }
  }
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

}  // namespace
}  // namespace bao::net
