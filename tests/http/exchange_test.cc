#include "http/exchange.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

namespace bao::http {
namespace {

using BodyState = Exchange::BodyState;
using WriteResult = Exchange::WriteResult;

class TestExchange final : public Exchange {
 public:
  void recycle() override {
    ++recycled;
    clear();
  }
  int recycled = 0;
};

// Notes what it is asked for.
class TestStream final : public Stream {
 public:
  void send_reply(Exchange&, const Reply& reply) override {
    calls.push_back("reply " + std::to_string(reply.status));
  }
  bool send_content(Exchange& exchange, std::string_view piece) override {
    calls.push_back("content " + std::string(piece));
    if (cut_on_content) exchange.cut(Failure::client_gone);
    return !behind;
  }
  void end_content(Exchange&, const Fields*) override { calls.push_back("end"); }
  void start_body(Exchange& exchange) override {
    calls.push_back("body");
    if (on_start_body) on_start_body(exchange);
  }
  void resume_body(Exchange&) override { calls.push_back("resume"); }
  void drop_body(Exchange&) override { calls.push_back("drop"); }
  void abort(Exchange& exchange) override {
    calls.push_back("abort");
    exchange.cut(Failure::aborted);
  }
  const net::PeerAddress& peer() const override { return peer_; }
  void set_idle_timeout(std::chrono::milliseconds) override {}
  std::optional<Upgraded> upgrade(Exchange& exchange, std::string_view protocol,
                                  const Fields&) override {
    calls.push_back("upgrade " + std::string(protocol));
    if (!upgrades) return std::nullopt;
    exchange.detach();
    return Upgraded();
  }

  std::vector<std::string> calls;
  std::function<void(Exchange&)> on_start_body;
  bool behind = false;
  bool upgrades = true;
  bool cut_on_content = false;

 private:
  net::PeerAddress peer_;
};

class TestObserver final : public ExchangeObserver {
 public:
  void on_body_complete(Exchange& exchange) override {
    calls.push_back("body");
    if (on_call) on_call(exchange);
  }
  void on_client_gone(Exchange& exchange) override {
    calls.push_back("gone");
    if (on_call) on_call(exchange);
  }
  void on_drained(Exchange&) override { calls.push_back("drained"); }

  std::vector<std::string> calls;
  std::function<void(Exchange&)> on_call;
};

using Calls = std::vector<std::string>;

class ExchangeTest : public ::testing::Test {
 protected:
  ExchangeTest() {
    exchange_.retain();
    exchange_.attach(stream_);
    exchange_.set_observer(&observer_);
  }

  TestExchange exchange_;
  TestStream stream_;
  TestObserver observer_;
};

TEST_F(ExchangeTest, ARepliedExchangeIsRepliedOnce) {
  EXPECT_TRUE(exchange_.open());
  EXPECT_TRUE(exchange_.reply({.status = 201}));
  EXPECT_TRUE(exchange_.replied());
  EXPECT_FALSE(exchange_.open());
  EXPECT_FALSE(exchange_.reply({.status = 500}));
  EXPECT_FALSE(exchange_.abort());
  EXPECT_EQ(stream_.calls, Calls{"reply 201"});
}

TEST_F(ExchangeTest, WithoutAStreamNothingIsSent) {
  exchange_.detach();
  EXPECT_FALSE(exchange_.open());
  EXPECT_FALSE(exchange_.reply({}));
  EXPECT_FALSE(exchange_.abort());
  EXPECT_EQ(exchange_.write("x"), WriteResult::over);
  EXPECT_FALSE(exchange_.finish(nullptr));
  EXPECT_TRUE(stream_.calls.empty());
}

TEST_F(ExchangeTest, AStreamedReplyIsWrittenAndFinished) {
  EXPECT_EQ(exchange_.write("early"), WriteResult::over);
  EXPECT_FALSE(exchange_.finish(nullptr));
  exchange_.reply({.streamed = true});
  EXPECT_TRUE(exchange_.streaming());
  EXPECT_EQ(exchange_.write("a"), WriteResult::sent);
  stream_.behind = true;
  EXPECT_EQ(exchange_.write("b"), WriteResult::behind);
  EXPECT_TRUE(exchange_.finish(nullptr));
  EXPECT_FALSE(exchange_.streaming());
  EXPECT_EQ(exchange_.write("late"), WriteResult::over);
  EXPECT_FALSE(exchange_.finish(nullptr));
  EXPECT_EQ(stream_.calls, (Calls{"reply 200", "content a", "content b", "end"}));
}

TEST_F(ExchangeTest, AWholeReplyIsNotWrittenTo) {
  exchange_.reply({});
  EXPECT_FALSE(exchange_.streaming());
  EXPECT_EQ(exchange_.write("x"), WriteResult::over);
}

TEST_F(ExchangeTest, AWriteThatCutsSaysSo) {
  exchange_.reply({.streamed = true});
  stream_.cut_on_content = true;
  EXPECT_EQ(exchange_.write("a"), WriteResult::over);
  EXPECT_FALSE(exchange_.streaming());
}

TEST_F(ExchangeTest, AStreamedReplyCanBeAborted) {
  exchange_.reply({.streamed = true});
  EXPECT_TRUE(exchange_.abort());
  EXPECT_FALSE(exchange_.abort());
  EXPECT_EQ(exchange_.failure(), Failure::aborted);
}

TEST_F(ExchangeTest, ABodyIsAskedForOnce) {
  EXPECT_EQ(exchange_.body_state(), BodyState::unread);
  exchange_.collect_body();
  exchange_.collect_body();
  EXPECT_EQ(stream_.calls, Calls{"body"});
  EXPECT_EQ(exchange_.body_state(), BodyState::collecting);
  exchange_.deliver_body("ab");
  exchange_.deliver_body("");
  exchange_.deliver_body("c");
  EXPECT_TRUE(observer_.calls.empty());
  exchange_.end_body();
  EXPECT_EQ(exchange_.body_state(), BodyState::complete);
  EXPECT_EQ(exchange_.body(), "abc");
  EXPECT_EQ(observer_.calls, Calls{"body"});
}

TEST_F(ExchangeTest, ABodyThatFailsIsTold) {
  exchange_.collect_body();
  exchange_.fail_body(Failure::malformed_body);
  EXPECT_EQ(exchange_.body_state(), BodyState::failed);
  EXPECT_EQ(exchange_.failure(), Failure::malformed_body);
  EXPECT_EQ(observer_.calls, Calls{"body"});
  exchange_.fail_body(Failure::timed_out);
  EXPECT_EQ(exchange_.failure(), Failure::malformed_body) << "the first reason is the reason";
  EXPECT_EQ(observer_.calls, Calls{"body"});
}

TEST_F(ExchangeTest, ABodyThatNobodyAskedForFailsSilently) {
  exchange_.fail_body(Failure::aborted);
  EXPECT_TRUE(observer_.calls.empty());
  exchange_.collect_body();
  EXPECT_EQ(exchange_.body_state(), BodyState::failed);
  EXPECT_TRUE(stream_.calls.empty()) << "there is nothing to be had";
}

TEST_F(ExchangeTest, ACompleteBodyStaysComplete) {
  exchange_.collect_body();
  exchange_.end_body();
  exchange_.cut(Failure::client_gone);
  EXPECT_EQ(exchange_.body_state(), BodyState::complete);
  EXPECT_EQ(observer_.calls, (Calls{"body", "gone"}));
}

TEST_F(ExchangeTest, WithoutAStreamABodyFailsAtOnce) {
  exchange_.cut(Failure::timed_out);
  observer_.calls.clear();
  exchange_.collect_body();
  EXPECT_EQ(exchange_.body_state(), BodyState::failed);
  EXPECT_EQ(exchange_.failure(), Failure::timed_out);
}

TEST_F(ExchangeTest, ACutIsToldWithItsCause) {
  exchange_.collect_body();
  exchange_.cut(Failure::stopped);
  EXPECT_EQ(exchange_.stream(), nullptr);
  EXPECT_EQ(exchange_.failure(), Failure::stopped);
  EXPECT_TRUE(exchange_.client_gone());
  EXPECT_EQ(observer_.calls, (Calls{"body", "gone"}));
  EXPECT_FALSE(exchange_.reply({}));
}

TEST_F(ExchangeTest, AHalfCloseLeavesTheExchangeOpenAndIsToldOnce) {
  exchange_.signal_client_gone();
  exchange_.signal_client_gone();
  EXPECT_TRUE(exchange_.client_gone());
  EXPECT_TRUE(exchange_.open());
  EXPECT_EQ(observer_.calls, Calls{"gone"});
  EXPECT_TRUE(exchange_.reply({}));
}

TEST_F(ExchangeTest, ACutAfterAHalfCloseIsToldAgain) {
  exchange_.signal_client_gone();
  exchange_.cut(Failure::client_gone);
  EXPECT_EQ(observer_.calls, (Calls{"gone", "gone"}));
}

TEST_F(ExchangeTest, AnObserverMayLetGoWhileItIsTold) {
  observer_.on_call = [&](Exchange& exchange) {
    observer_.on_call = nullptr;
    exchange.release();
  };
  exchange_.collect_body();
  exchange_.cut(Failure::client_gone);
  EXPECT_EQ(exchange_.recycled, 1);
}

TEST_F(ExchangeTest, WithoutAnObserverNobodyIsTold) {
  exchange_.set_observer(nullptr);
  EXPECT_EQ(exchange_.observer(), nullptr);
  exchange_.collect_body();
  exchange_.on_drained();
  exchange_.signal_client_gone();
  exchange_.cut(Failure::client_gone);
  EXPECT_TRUE(observer_.calls.empty());
}

TEST_F(ExchangeTest, DrainsAreTold) {
  exchange_.on_drained();
  EXPECT_EQ(observer_.calls, Calls{"drained"});
}

TEST_F(ExchangeTest, AtZeroReferencesItIsAsNew) {
  exchange_.collect_body();
  exchange_.deliver_body("abc");
  exchange_.reply({.streamed = true});
  exchange_.signal_client_gone();
  exchange_.body_limit = 5;
  exchange_.head.storage() = "GET";
  exchange_.cut(Failure::aborted);
  {
    Reference<TestExchange> first(&exchange_);
    Reference<TestExchange> second = first;
    Reference<TestExchange> third = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: that it is empty is the contract
    second = third;
    second = second;
    EXPECT_EQ(second.get(), &exchange_);
    EXPECT_EQ(exchange_.references(), 3u);
  }
  EXPECT_EQ(exchange_.recycled, 0);
  exchange_.release();
  EXPECT_EQ(exchange_.recycled, 1);
  EXPECT_EQ(exchange_.body_state(), BodyState::unread);
  EXPECT_EQ(exchange_.failure(), Failure::none);
  EXPECT_EQ(exchange_.body(), "");
  EXPECT_EQ(exchange_.body_limit, 0u);
  EXPECT_EQ(exchange_.stream(), nullptr);
  EXPECT_EQ(exchange_.observer(), nullptr);
  EXPECT_FALSE(exchange_.replied() || exchange_.streaming() || exchange_.client_gone());
  EXPECT_TRUE(exchange_.head.storage().empty());
  EXPECT_EQ(exchange_.references(), 0u);
}

// RFC 9110 section 7.8: an upgrade takes the place of the reply.
TEST_F(ExchangeTest, AnUpgradedExchangeIsOver) {
  EXPECT_TRUE(exchange_.upgrade("websocket", Fields()));
  EXPECT_TRUE(exchange_.replied());
  EXPECT_FALSE(exchange_.open());
  EXPECT_FALSE(exchange_.upgrade("websocket", Fields()));
  EXPECT_FALSE(exchange_.reply({}));
  EXPECT_EQ(stream_.calls, Calls{"upgrade websocket"});
}

TEST_F(ExchangeTest, AnExchangeThatCannotBeUpgradedIsStillToBeAnswered) {
  stream_.upgrades = false;
  EXPECT_FALSE(exchange_.upgrade("websocket", Fields()));
  EXPECT_TRUE(exchange_.open());
  EXPECT_TRUE(exchange_.reply({}));
}

}  // namespace
}  // namespace bao::http
