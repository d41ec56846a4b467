#include "server/acceptor.h"

#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "api/raw_client.h"
#include "net/listener.h"
#include "net/loop.h"

namespace bao::server {
namespace {

using namespace std::chrono_literals;
using bao::testing::RawClient;

class AcceptorTest : public ::testing::Test, public Acceptor::Receiver {
 protected:
  void on_accepted(net::Accepted accepted) override {
    connections.push_back(std::move(accepted));
    if (when_accepted) when_accepted();
  }
  std::unique_ptr<Acceptor> make() {
    net::ListenOptions options;
    options.hostname = "127.0.0.1";
    return std::make_unique<Acceptor>(loop, net::Listener::open(options), *this,
                                      [this](std::string_view lines) { log += lines; });
  }
  RawClient connect(int port) {
    return RawClient::tcp(port, [this] { loop.turn(5ms); });
  }
  void turn_until_accepted(size_t count) {
    auto deadline = net::Clock::now() + 20s;
    while (connections.size() < count && net::Clock::now() < deadline) loop.turn(5ms);
  }

  net::Loop loop;
  std::vector<net::Accepted> connections;
  std::function<void()> when_accepted;
  std::string log;
};

TEST_F(AcceptorTest, SaysWhereItListens) {
  auto acceptor = make();
  EXPECT_EQ(acceptor->local().address, "127.0.0.1");
  EXPECT_GT(acceptor->local().port, 0);
}

TEST_F(AcceptorTest, HandsConnectionsOnWithTheirPeers) {
  auto acceptor = make();
  RawClient first = connect(acceptor->local().port);
  RawClient second = connect(acceptor->local().port);
  turn_until_accepted(2);
  ASSERT_EQ(connections.size(), 2u);
  EXPECT_EQ(connections[0].peer.port, first.local_port());
  EXPECT_EQ(connections[1].peer.port, second.local_port());
  EXPECT_EQ(net::to_socket_address(connections[0].peer).address, "127.0.0.1");
  EXPECT_EQ(log, "");
}

// More than it takes in one turn.
TEST_F(AcceptorTest, TakesAllThatWait) {
  auto acceptor = make();
  std::vector<RawClient> clients;
  for (int i = 0; i < 150; ++i) clients.push_back(connect(acceptor->local().port));
  turn_until_accepted(150);
  EXPECT_EQ(connections.size(), 150u);
}

// So that those that are there are not starved by a flood of new ones.
TEST_F(AcceptorTest, TakesABoundedNumberInOneTurn) {
  auto acceptor = make();
  std::vector<RawClient> clients;
  for (int i = 0; i < 150; ++i) clients.push_back(connect(acceptor->local().port));
  loop.turn(5ms);
  EXPECT_GT(connections.size(), 0u);
  EXPECT_LT(connections.size(), 150u);
}

TEST_F(AcceptorTest, ClosingFreesThePort) {
  auto acceptor = make();
  const int port = acceptor->local().port;
  acceptor->close();
  EXPECT_EQ(connect(port).connect_error(), ECONNREFUSED);
  net::ListenOptions options;
  options.hostname = "127.0.0.1";
  options.port = port;
  EXPECT_NO_THROW(net::Listener::open(options));
}

TEST_F(AcceptorTest, StaysClosed) {
  auto acceptor = make();
  RawClient waiting = connect(acceptor->local().port);
  acceptor->close();
  acceptor->close();
  loop.turn(5ms);
  EXPECT_TRUE(connections.empty());
  EXPECT_EQ(waiting.wait_for_end(), RawClient::End::reset);
}

TEST_F(AcceptorTest, MayBeClosedByItsReceiver) {
  auto acceptor = make();
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(connect(acceptor->local().port));
  when_accepted = [&] {
    acceptor->close();
    loop.retire(std::move(acceptor));
    when_accepted = nullptr;
  };
  turn_until_accepted(1);
  loop.turn(5ms);
  EXPECT_EQ(connections.size(), 1u);
}

TEST_F(AcceptorTest, EndsWithItsDestructor) {
  auto acceptor = make();
  const int port = acceptor->local().port;
  acceptor.reset();
  EXPECT_EQ(connect(port).connect_error(), ECONNREFUSED);
  loop.turn(1ms);
}

}  // namespace
}  // namespace bao::server
