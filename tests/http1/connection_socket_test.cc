#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <functional>
#include <gtest/gtest.h>
#include <latch>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#include "http1/connection.h"
#include "http1/connection_world.h"
#include "net/loop.h"

// Connections over real sockets and a real loop, with a blocking client in its own thread: what
// memory cannot show.
namespace bao::http1 {
namespace {

using namespace std::chrono_literals;
using http::Exchange;
using testing::reply_with;

class ConnectionSocketTest : public ::testing::Test,
                             public http::ExchangeHandler,
                             public ConnectionOwner {
 protected:
  http::Exchange& make_exchange() override { return pool_.take(); }
  void on_request(Exchange& exchange) override { handler_(exchange); }
  void on_connection_closed(Connection& connection) override {
    EXPECT_EQ(&connection, connection_.get());
    loop_.defer(net::Work([this] {
      connection_ = nullptr;
      loop_.release();
    }));
  }

  // Runs `client` against one connection until both are done.
  void converse(const std::function<void(int socket)>& client) {
    auto [ours, theirs] = connected();
    connection_ = std::make_unique<Connection>(
        workspace_, std::make_unique<net::SocketTransport>(loop_, std::move(ours)),
        net::PeerAddress());
    connection_->start();
    loop_.hold();
    std::thread thread([&client, socket = std::move(theirs)]() mutable {
      client(socket.get());
      socket.reset();
    });
    loop_.run();
    thread.join();
    EXPECT_EQ(connection_, nullptr);
    kept_.clear();
    EXPECT_EQ(pool_.in_use(), 0u);
  }

  static std::pair<net::FileDescriptor, net::FileDescriptor> connected() {
    net::FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    socklen_t length = sizeof address;
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
    net::FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    net::FileDescriptor ours(
        ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return {std::move(ours), std::move(client)};
  }

  static bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Everything up to the end; `error` is what ended it, 0 for an orderly end.
  static std::string receive_all(int socket, int* error = nullptr, size_t most = SIZE_MAX) {
    std::string all;
    char buffer[65536];
    ssize_t got = 1;
    while (all.size() < most) {
      got = ::recv(socket, buffer, std::min(sizeof buffer, most - all.size()), 0);
      if (got <= 0) break;
      all.append(buffer, static_cast<size_t>(got));
    }
    if (error != nullptr) *error = got < 0 ? errno : 0;
    return all;
  }
  static size_t count(std::string_view text, std::string_view part) {
    size_t found = 0;
    for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
    return found;
  }

  net::Loop loop_;
  testing::ExchangePool pool_;
  Workspace workspace_{*this, *this, loop_.timers(), loop_.now(), loop_.wall_time()};
  std::function<void(Exchange&)> handler_ = [](Exchange& exchange) { reply_with(exchange, "ok"); };
  std::unique_ptr<Connection> connection_;
  std::vector<http::Reference<Exchange>> kept_;
  testing::RecordingObserver observer_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(ConnectionSocketTest, APipelineOfLargeRepliesThatIsReadLate) {
  const std::string large(300'000, 'L');
  handler_ = [&](Exchange& exchange) { reply_with(exchange, large); };
  converse([&](int socket) {
    std::string requests;
    for (int i = 0; i < 50; ++i) requests += kGet;
    EXPECT_TRUE(send_all(socket, requests));
    ::shutdown(socket, SHUT_WR);
    int error = -1;
    const std::string all = receive_all(socket, &error);
    EXPECT_EQ(error, 0);
    EXPECT_EQ(count(all, "HTTP/1.1 200 OK"), 50u);
    EXPECT_EQ(static_cast<size_t>(std::count(all.begin(), all.end(), 'L')), 50 * large.size() + 50);
  });
}

// RFC 9112 section 9.6: closing with bytes unread would reset, and a reset may take the last reply
// away.
TEST_F(ConnectionSocketTest, ARefusalReachesAClientThatIsStillSending) {
  workspace_.settings.max_body_bytes = 1000;
  converse([&](int socket) {
    EXPECT_TRUE(send_all(socket, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n"));
    EXPECT_TRUE(send_all(socket, std::string(500'000, 'x')));
    int error = -1;
    const std::string all = receive_all(socket, &error);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(all.starts_with("HTTP/1.1 413 ")) << all;
  });
}

TEST_F(ConnectionSocketTest, TheLastReplyReachesAClientThatHasSentMore) {
  handler_ = [](Exchange& exchange) { exchange.reply({.body = "bye", .close = true}); };
  converse([&](int socket) {
    std::string requests;
    for (int i = 0; i < 5'000; ++i) requests += kGet;
    EXPECT_TRUE(send_all(socket, requests));
    int error = -1;
    const std::string all = receive_all(socket, &error);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(all.ends_with("bye")) << all;
    EXPECT_EQ(count(all, "HTTP/1.1"), 1u);
  });
}

TEST_F(ConnectionSocketTest, AHalfClosedClientGetsItsLateReply) {
  observer_.gone = [this](Exchange& exchange) {
    if (exchange.open()) loop_.defer(net::Work([this] { reply_with(*kept_.front(), "late"); }));
  };
  handler_ = [this](Exchange& exchange) {
    kept_.emplace_back(&exchange);
    exchange.set_observer(&observer_);
  };
  converse([&](int socket) {
    EXPECT_TRUE(send_all(socket, kGet));
    ::shutdown(socket, SHUT_WR);
    EXPECT_TRUE(receive_all(socket).ends_with("\r\n\r\nlate"));
  });
}

TEST_F(ConnectionSocketTest, AClientThatResetsIsNoticedWhileTheHandlerWorks) {
  for (bool paused : {false, true}) {
    handler_ = [this](Exchange& exchange) {
      kept_.emplace_back(&exchange);
      exchange.set_observer(&observer_);
    };
    observer_.times_gone = 0;
    converse([&](int socket) {
      EXPECT_TRUE(send_all(socket, std::string(kGet) + (paused ? std::string(kGet) : "")));
      linger now{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    });
    EXPECT_GE(observer_.times_gone, 1) << paused;
  }
}

TEST_F(ConnectionSocketTest, AnAbortShowsAsAReset) {
  handler_ = [](Exchange& exchange) {
    exchange.reply({.streamed = true});
    exchange.write("some");
    exchange.abort();
  };
  converse([&](int socket) {
    EXPECT_TRUE(send_all(socket, kGet));
    int error = 0;
    receive_all(socket, &error);
    EXPECT_EQ(error, ECONNRESET);
  });
}

TEST_F(ConnectionSocketTest, AStreamIsProducedOnlyAsFastAsItIsRead) {
  const std::string piece(50'000, 'p');
  constexpr int kPieces = 400;
  int left = kPieces;
  std::latch behind(1);  // the client reads nothing before the producer has learnt that it is slow
  auto produce = [&](Exchange& exchange) {
    while (left > 0) {
      --left;
      if (exchange.write(piece) == Exchange::WriteResult::behind) {
        if (!behind.try_wait()) behind.count_down();
        return;
      }
    }
    exchange.finish(nullptr);
  };
  observer_.drained = produce;
  handler_ = [&](Exchange& exchange) {
    kept_.emplace_back(&exchange);
    exchange.set_observer(&observer_);
    exchange.reply({.streamed = true, .length = piece.size() * kPieces});
    produce(exchange);
  };
  converse([&](int socket) {
    EXPECT_TRUE(send_all(socket, kGet));
    ::shutdown(socket, SHUT_WR);
    behind.wait();
    int error = -1;
    const std::string all = receive_all(socket, &error);
    EXPECT_EQ(error, 0);
    EXPECT_EQ(static_cast<size_t>(std::count(all.begin(), all.end(), 'p')), piece.size() * kPieces);
  });
}

TEST_F(ConnectionSocketTest, AnEchoOfALargeBody) {
  observer_.body = [](Exchange& exchange) {
    exchange.reply({.body = exchange.body(), .body_text = &exchange.body()});
  };
  handler_ = [this](Exchange& exchange) {
    kept_.emplace_back(&exchange);
    exchange.set_observer(&observer_);
    exchange.collect_body();
  };
  converse([&](int socket) {
    std::string body;
    while (body.size() < 5'000'000) body += std::to_string(body.size()) + ",";
    EXPECT_TRUE(
        send_all(socket, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body));
    EXPECT_TRUE(receive_all(socket).ends_with("\r\n\r\n" + body));
  });
}

TEST_F(ConnectionSocketTest, AnIdleClientIsClosedInTime) {
  workspace_.settings.idle_timeout = 50ms;
  converse([&](int socket) {
    EXPECT_TRUE(send_all(socket, kGet));
    int error = -1;
    EXPECT_TRUE(receive_all(socket, &error).ends_with("ok"));
    EXPECT_EQ(error, 0);
  });
}

}  // namespace
}  // namespace bao::http1
