#include <atomic>
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <optional>
#include <thread>
#include <unistd.h>

#include <bao/bao.h>

#include "api/served.h"

// What SIGINT and SIGTERM do to a loop that runs. tests/robustness sends them to processes.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;

/// A server on a thread of its own that heeds signals. Its one handler waits until it may answer.
class Signalled {
 public:
  Signalled() {
    thread_ = std::thread([this] { run_server(); });
    while (port_ == 0) std::this_thread::sleep_for(1ms);
    client_.emplace(RawClient::tcp(port_));
    client_->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while (!running_) std::this_thread::sleep_for(1ms);
  }
  ~Signalled() {
    open_ = true;
    thread_.join();
    ::signal(SIGINT, interrupt_);
    ::signal(SIGTERM, terminate_);
  }
  RawClient& client() { return *client_; }
  /// Lets the handler answer.
  void open() { open_ = true; }

 private:
  void run_server() {
    Server server = serve({.port = 0,
                           .hostname = "127.0.0.1",
                           .fetch = [this](Request& req) -> Task<Response> {
                             running_ = true;
                             while (!open_ && !req.stop_token().stop_requested())
                               co_await sleep(1ms);
                             co_return Response("done");
                           },
                           .development = false});
    // Told once the loop runs, and with it the watch for signals.
    after(0ms, [this, port = *server.port()] { port_ = port; });
    bao::run();
  }

  // A signal that comes when no loop runs must not end the test.
  sighandler_t interrupt_ = ::signal(SIGINT, SIG_IGN);
  sighandler_t terminate_ = ::signal(SIGTERM, SIG_IGN);
  std::atomic<int> port_ = 0;
  std::atomic<bool> running_ = false, open_ = false;
  std::optional<RawClient> client_;
  std::thread thread_;
};

void send(int number) {
  ::kill(::getpid(), number);
}

// timeout(1) and package runners send the signal to the process and to its group, a shell whose
// user presses Ctrl-C may send another: the process gets two for one wish.
TEST(Signals, ThatComeWithinAMomentCountOnce) {
  for (auto apart : {0us, 1000us, 10'000us}) {
    Signalled server;
    send(SIGTERM);
    std::this_thread::sleep_for(apart);
    send(SIGTERM);
    std::this_thread::sleep_for(apart);
    send(SIGINT);
    std::this_thread::sleep_for(30ms);
    server.open();
    auto reply = server.client().read_reply();
    EXPECT_EQ(reply.body, "done") << apart.count() << " us apart";
    EXPECT_EQ(reply.field("Connection"), "close");
    server.client().close();
  }
}

TEST(Signals, TheSecondCutsIfItComesLater) {
  Signalled server;
  send(SIGTERM);
  std::this_thread::sleep_for(50ms);
  send(SIGTERM);  // counts once with the first, and does not move it
  std::this_thread::sleep_for(600ms);
  send(SIGINT);
  EXPECT_EQ(server.client().wait_for_end(), RawClient::End::reset);
  EXPECT_EQ(server.client().received(), "");
}

// Each run begins anew.
TEST(Signals, OfAnEarlierRunDoNotCount) {
  for (int i = 0; i < 2; ++i) {
    Signalled server;
    send(SIGTERM);
    std::this_thread::sleep_for(320ms);
    server.open();
    EXPECT_EQ(server.client().read_reply().body, "done");
    server.client().close();
  }
}

}  // namespace
}  // namespace bao
