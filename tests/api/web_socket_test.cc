#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"
#include "api/socket_client.h"

// The events and the methods of WebSockets, over real sockets.
namespace bao {
namespace {

using namespace std::chrono_literals;
using namespace testing;

using Log = std::vector<std::string>;

WebSocketOptions echo() {
  WebSocketOptions options;
  options.message = [](WebSocket& ws, Message message) {
    if (message.is_text()) {
      ws.send(message);
    } else {
      ws.send_binary(message.bytes());
    }
  };
  return options;
}

TEST(WebSocketTest, MessagesComeAndGo) {
  Served served(sockets(echo()));
  SocketClient client(served);
  client.text("hello");
  EXPECT_EQ(client.read_text(), "hello");
  client.send(kBinary, std::string("\0\xFF", 2));
  const auto frame = client.read();
  EXPECT_EQ(frame->opcode, kBinary);
  EXPECT_EQ(frame->payload, std::string("\0\xFF", 2));
  client.text("");
  EXPECT_EQ(client.read_text(), "");
}

TEST(WebSocketTest, LargeMessagesComeAndGo) {
  Served served(sockets(echo()));
  SocketClient client(served);
  for (size_t size : {125u, 126u, 65535u, 65536u, 3'000'000u}) {
    const std::string text(size, 'x');
    client.text(text);
    EXPECT_EQ(client.read_text(), text);
  }
}

// A handler may leave out what it does not need.
TEST(WebSocketTest, HandlersTakeWhatTheyNeed) {
  Log log;
  WebSocketOptions options;
  options.open = [&](WebSocket&) { log.push_back("open"); };
  options.message = [&](WebSocket&, std::string_view text) { log.emplace_back(text); };
  options.close = [&](WebSocket&, int code) { log.push_back(std::to_string(code)); };
  options.ping = [&](WebSocket&) { log.push_back("ping"); };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("text");
  client.send(kPing, "");
  client.close(1000);
  EXPECT_TRUE(turn_until([&] { return log.size() == 4; }));
  EXPECT_EQ(log, (Log{"open", "text", "ping", "1000"}));
}

TEST(WebSocketTest, PingsAreAnsweredAndTold) {
  Log log;
  WebSocketOptions options;
  options.ping = [&](WebSocket&, std::string_view payload) {
    log.push_back("ping " + std::string(payload));
  };
  options.pong = [&](WebSocket& ws, std::string_view payload) {
    log.push_back("pong " + std::string(payload));
    ws.pong("unasked");
  };
  options.open = [](WebSocket& ws) {
    EXPECT_EQ(ws.ping("are you there"), SendResult::sent);
    EXPECT_EQ(ws.ping(std::string(126, 'x')), SendResult::dropped);
  };
  Served served(sockets(options));
  SocketClient client(served);
  auto frame = client.read();
  EXPECT_EQ(frame->opcode, kPing);
  EXPECT_EQ(frame->payload, "are you there");
  client.send(kPong, "yes");
  frame = client.read();
  EXPECT_EQ(frame->opcode, kPong);
  EXPECT_EQ(frame->payload, "unasked");
  client.send(kPing, "and you");
  frame = client.read();
  EXPECT_EQ(frame->opcode, kPong);
  EXPECT_EQ(frame->payload, "and you");
  EXPECT_EQ(log, (Log{"pong yes", "ping and you"}));
}

// ---- Ends

TEST(WebSocketTest, TheClientsCloseIsToldAndAnswered) {
  Log log;
  WebSocketOptions options;
  options.close = [&](WebSocket& ws, int code, std::string_view reason) {
    EXPECT_FALSE(ws.open());
    log.push_back(std::to_string(code) + " " + std::string(reason));
  };
  Served served(sockets(options));
  SocketClient client(served);
  EXPECT_EQ(served.server.pending_web_sockets(), 1u);
  client.close(3000, "bye");
  const auto frame = client.read();
  EXPECT_EQ(frame->opcode, kClose);
  EXPECT_EQ(frame->code(), 3000);
  EXPECT_EQ(client.wire.wait_for_end(), RawClient::End::closed);
  EXPECT_EQ(log, Log{"3000 bye"});
  EXPECT_EQ(served.server.pending_web_sockets(), 0u);
}

TEST(WebSocketTest, AClientThatVanishesIsToldAs1006) {
  Log log;
  WebSocketOptions options;
  options.close = [&](WebSocket&, int code, std::string_view reason) {
    log.push_back(std::to_string(code) + std::string(reason));
  };
  Served served(sockets(options));
  {
    SocketClient gone(served);
    SocketClient reset(served);
    reset.wire.reset();
  }
  EXPECT_TRUE(turn_until([&] { return log.size() == 2; }));
  EXPECT_EQ(log, (Log{"1006", "1006"}));
}

TEST(WebSocketTest, TheProgramsCloseRunsTheHandlerAtOnce) {
  Log log;
  WebSocketOptions options;
  options.message = [&](WebSocket& ws) {
    ws.send("last words");
    ws.close(4001, "enough");
    log.push_back(ws.open() ? "open" : "closed");
    EXPECT_EQ(ws.send("too late"), SendResult::dropped);
    ws.close(4002, "again");
  };
  options.close = [&](WebSocket& ws, int code, std::string_view reason) {
    log.push_back(std::to_string(code) + " " + std::string(reason));
    ws.terminate();
    ws.close();
  };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("x");
  EXPECT_EQ(log, Log{});
  EXPECT_TRUE(turn_until([&] { return !log.empty(); }));
  EXPECT_EQ(log, (Log{"4001 enough", "closed"}));
}

TEST(WebSocketTest, ACloseFrameFollowsWhatWasSent) {
  WebSocketOptions options;
  options.message = [](WebSocket& ws) {
    ws.send("last words");
    ws.close(4001, "enough");
  };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("x");
  EXPECT_EQ(client.read_text(), "last words");
  const auto frame = client.read();
  EXPECT_EQ(frame->code(), 4001);
  EXPECT_EQ(frame->reason(), "enough");
  client.close(4001);
  EXPECT_EQ(client.wire.wait_for_end(), RawClient::End::closed);
}

TEST(WebSocketTest, TerminateSaysNothing) {
  int code = 0;
  WebSocketOptions options;
  options.message = [](WebSocket& ws) { ws.terminate(); };
  options.close = [&](WebSocket&, int given) { code = given; };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("x");
  client.wire.wait_for_end();
  EXPECT_EQ(client.wire.received(), "");
  EXPECT_EQ(code, 1006);
}

TEST(WebSocketTest, ACodeThatNoFrameCarriesIsRefused) {
  std::string refusal;
  WebSocketOptions options;
  options.open = [&](WebSocket& ws) {
    try {
      ws.close(70000);
    } catch (const std::invalid_argument& error) {
      refusal = error.what();
    }
  };
  Served served(sockets(options));
  SocketClient client(served);
  EXPECT_NE(refusal.find("70000"), std::string::npos) << refusal;
}

// What a client does wrong (RFC 6455 section 7.4.1): the program sees the code that was sent.
TEST(WebSocketTest, BrokenRulesAreToldWithTheirCode) {
  int code = 0;
  WebSocketOptions options;
  options.close = [&](WebSocket&, int given) { code = given; };
  options.max_payload_length = 10;
  Served served(sockets(options));
  const std::pair<std::string, int> cases[] = {
      {std::string("\x81\x01x", 3), 1002},         // unmasked
      {SocketClient::frame(3, "x"), 1002},         // reserved opcode
      {SocketClient::frame(kText, "\xFF"), 1007},  // no UTF-8
      {SocketClient::frame(kText, "more than ten"), 1009},
  };
  for (const auto& [bytes, expected] : cases) {
    SocketClient client(served);
    client.wire.send(bytes);
    const auto frame = client.read();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->opcode, kClose);
    EXPECT_EQ(frame->code(), expected);
    EXPECT_EQ(code, expected);
  }
}

// ---- Errors of handlers

TEST(WebSocketTest, WhatAHandlerThrowsIsLoggedAndTheSocketLives) {
  WebSocketOptions options = echo();
  options.message = [](WebSocket& ws, std::string_view text) {
    if (text == "throw") throw std::runtime_error("oops");
    ws.send(text);
  };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("throw");
  client.text("after");
  EXPECT_EQ(client.read_text(), "after");
  EXPECT_NE(served.log.find("oops"), std::string::npos) << served.log;
}

TEST(WebSocketTest, TheErrorHandlerTakesErrors) {
  Log log;
  WebSocketOptions options;
  options.message = [](WebSocket&, std::string_view text) -> Task<> {
    if (text == "int") throw 5;
    co_await sleep(1ms);
    throw std::runtime_error(std::string(text));
  };
  options.error = [&](const std::exception& error, WebSocket& ws) {
    log.emplace_back(error.what());
    ws.send(error.what());
    if (log.size() == 2) throw std::runtime_error("worse");
  };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("a");
  EXPECT_EQ(client.read_text(), "a");
  client.text("int");
  const std::string sent = client.read_text();
  EXPECT_EQ(sent, log.back());
  EXPECT_NE(log.back().find("int"), std::string::npos) << log.back();
  EXPECT_NE(served.log.find("worse"), std::string::npos) << served.log;
}

TEST(WebSocketTest, AnOpenThatThrowsClosesTheSocket) {
  for (bool later : {false, true}) {
    WebSocketOptions options;
    if (later) {
      options.open = [](WebSocket&) -> Task<> {
        throw std::runtime_error("not today");
        co_return;
      };
    } else {
      options.open = [](WebSocket&) { throw std::runtime_error("not today"); };
    }
    Served served(sockets(options));
    SocketClient client(served);
    EXPECT_EQ(client.handshake.status, 101);
    EXPECT_EQ(client.read()->code(), 1011);
    EXPECT_NE(served.log.find("not today"), std::string::npos);
  }
}

// ---- Coroutines

TEST(WebSocketTest, MessagesOfASocketAreHandledInOrder) {
  Log log;
  int running = 0;
  WebSocketOptions options;
  options.open = [&](WebSocket&) -> Task<> {
    ++running;
    co_await sleep(2ms);
    log.push_back("open");
    --running;
  };
  options.message = [&](WebSocket& ws, std::string_view text) -> Task<> {
    EXPECT_EQ(++running, 1);
    co_await sleep(text == "1" ? 5ms : 0ms);
    log.emplace_back(text);  // still good
    ws.send(text);
    --running;
  };
  Served served(sockets(options));
  SocketClient client(served);
  client.wire.send(SocketClient::frame(kText, "1") + SocketClient::frame(kText, "2") +
                   SocketClient::frame(kText, "3"));
  for (const char* text : {"1", "2", "3"}) EXPECT_EQ(client.read_text(), text);
  EXPECT_EQ(log, (Log{"open", "1", "2", "3"}));
}

TEST(WebSocketTest, OtherSocketsDoNotWait) {
  WebSocketOptions options;
  options.message = [](WebSocket& ws, std::string_view text) -> Task<> {
    if (text == "wait") co_await sleep(1h);
    ws.send(text);
  };
  on_own_loop([&] {
    Served served(sockets(options));
    SocketClient first(served);
    SocketClient second(served);
    first.text("wait");
    second.text("quick");
    EXPECT_EQ(second.read_text(), "quick");
  });
}

TEST(WebSocketTest, AProgramMayHaveMessagesAtTheSameTime) {
  WebSocketOptions options;
  options.ordered = false;
  options.message = [](WebSocket& ws, std::string_view text) -> Task<> {
    if (text == "slow") co_await sleep(20ms);
    ws.send(text);
  };
  Served served(sockets(options));
  SocketClient client(served);
  client.wire.send(SocketClient::frame(kText, "slow") + SocketClient::frame(kText, "quick"));
  EXPECT_EQ(client.read_text(), "quick");
  EXPECT_EQ(client.read_text(), "slow");
}

// A coroutine goes on when its socket has closed, and when its handlers were replaced.
TEST(WebSocketTest, ACoroutineOutlivesItsSocketAndItsHandlers) {
  Log log;
  const auto captured = std::make_shared<std::string>("captured");
  WebSocketOptions options;
  bool started = false;
  options.message = [&log, &started, captured](WebSocket& ws) -> Task<> {
    started = true;
    co_await sleep(20ms);
    log.push_back(ws.open() ? "open" : "closed");
    log.push_back(*captured);
    EXPECT_EQ(ws.send("x"), SendResult::dropped);
  };
  Served served(sockets(std::move(options)));
  {
    SocketClient client(served);
    client.text("x");
    EXPECT_TRUE(turn_until([&] { return started; }));
    client.wire.reset();
  }
  ReloadOptions other;
  other.websocket = echo();
  served.server.reload(std::move(other));
  EXPECT_TRUE(turn_until([&] { return log.size() == 2; }));
  EXPECT_EQ(log, (Log{"closed", "captured"}));
  EXPECT_EQ(captured.use_count(), 1);
}

TEST(WebSocketTest, TheLoopsEndEndsCoroutines) {
  const auto captured = std::make_shared<int>(1);
  on_own_loop([&] {
    WebSocketOptions options;
    options.message = [captured](WebSocket&) -> Task<> {
      const auto local = captured;
      co_await sleep(1h);
    };
    Served served(sockets(std::move(options)));
    SocketClient client(served);
    client.text("x");
    EXPECT_TRUE(turn_until([&] { return captured.use_count() == 3; }));
  });
  EXPECT_EQ(captured.use_count(), 1);
}

// ---- Backpressure

TEST(WebSocketTest, ASlowClientIsToldAndDrains) {
  Log log;
  WebSocketOptions options;
  options.backpressure_limit = 1 << 20;
  options.message = [&](WebSocket& ws) {
    const std::string large(256 * 1024, 'x');
    SendResult result = SendResult::sent;
    while (result == SendResult::sent) result = ws.send(large);
    EXPECT_EQ(result, SendResult::backpressure);
    EXPECT_GT(ws.buffered_amount(), 0u);
    while (result == SendResult::backpressure) result = ws.send(large);
    EXPECT_EQ(result, SendResult::dropped);
    EXPECT_TRUE(ws.open());
    log.push_back("full");
  };
  options.drain = [&](WebSocket& ws) {
    EXPECT_EQ(ws.buffered_amount(), 0u);
    log.push_back("drain");
  };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("x");
  EXPECT_TRUE(turn_until([&] { return log.size() == 1; }));
  EXPECT_TRUE(client.wire.wait([&] { return log.size() == 2; }));
  EXPECT_EQ(log, (Log{"full", "drain"}));
}

TEST(WebSocketTest, ASlowClientCanBeClosed) {
  int code = 0;
  WebSocketOptions options;
  options.backpressure_limit = 1 << 20;
  options.close_on_backpressure_limit = true;
  options.message = [](WebSocket& ws) {
    const std::string large(256 * 1024, 'x');
    while (ws.send(large) != SendResult::dropped) {
    }
  };
  options.close = [&](WebSocket&, int given) { code = given; };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("x");
  EXPECT_TRUE(turn_until([&] { return code != 0; }));
  EXPECT_EQ(code, 1006);
}

TEST(WebSocketTest, APausedSocketIsNotRead) {
  Log log;
  WebSocket kept;
  WebSocketOptions options;
  options.open = [&](WebSocket& ws) {
    kept = ws;
    ws.pause();
    EXPECT_TRUE(ws.paused());
  };
  options.message = [&](WebSocket&, std::string_view text) { log.emplace_back(text); };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("x");
  for (int i = 0; i < 10; ++i) Served::turn();
  EXPECT_EQ(log, Log{});
  kept.resume();
  EXPECT_FALSE(kept.paused());
  EXPECT_TRUE(turn_until([&] { return log.size() == 1; }));
}

// ---- Handles and data

TEST(WebSocketTest, AHandleIsSafeForEver) {
  WebSocket kept;
  EXPECT_FALSE(kept.open());
  on_own_loop([&] {
    WebSocketOptions options;
    options.open = [&](WebSocket& ws) {
      kept = ws;
      ws.set_data(std::string("mine"));
      ws.subscribe("t");
    };
    Served served(sockets(options));
    SocketClient client(served);
    EXPECT_TRUE(kept.open());
    EXPECT_TRUE(kept.address());
    client.close(1000);
    EXPECT_TRUE(turn_until([&] { return !kept.open(); }));
  });
  for (WebSocket handle : {kept, WebSocket()}) {
    EXPECT_FALSE(handle);
    EXPECT_EQ(handle.send("x"), SendResult::dropped);
    EXPECT_EQ(handle.send_binary("x"), SendResult::dropped);
    EXPECT_EQ(handle.ping(), SendResult::dropped);
    EXPECT_EQ(handle.pong(), SendResult::dropped);
    EXPECT_EQ(handle.cork([] { return 7; }), 7);
    EXPECT_EQ(handle.buffered_amount(), 0u);
    handle.close();
    handle.terminate();
    handle.pause();
    handle.resume();
    EXPECT_FALSE(handle.paused());
    handle.subscribe("t");
    EXPECT_FALSE(handle.unsubscribe("t"));
    EXPECT_FALSE(handle.is_subscribed("t"));
    EXPECT_TRUE(handle.subscriptions().empty());
    EXPECT_EQ(handle.publish("t", "x"), 0u);
    EXPECT_EQ(handle.publish_binary("t", "x"), 0u);
    EXPECT_FALSE(handle.address());
  }
  EXPECT_EQ(kept.data<std::string>(), "mine");
  EXPECT_EQ(kept.data_if<int>(), nullptr);
  EXPECT_EQ(kept, WebSocket(kept));
  EXPECT_FALSE(kept == WebSocket());
}

TEST(WebSocketTest, DataIsOfOneType) {
  struct User {
    std::unique_ptr<std::string> name;
  };
  std::string wrong;
  std::string none;
  Options options;
  options.websocket.open = [&](WebSocket& ws) {
    if (ws.data_if<User>() == nullptr) {
      try {
        ws.data<User>();
      } catch (const std::logic_error& error) {
        none = error.what();
      }
      return;
    }
    EXPECT_EQ(*ws.data<User>().name, "Ada");
    try {
      ws.data<int>();
    } catch (const std::logic_error& error) {
      wrong = error.what();
    }
    ws.set_data(5);
    EXPECT_EQ(++ws.data<int>(), 6);
  };
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    if (req.path() == "/none") {
      server.upgrade(req);
    } else {
      UpgradeOptions upgrade;
      upgrade.data = User{std::make_unique<std::string>("Ada")};
      server.upgrade(req, std::move(upgrade));
    }
    return std::nullopt;
  };
  Served served(std::move(options));
  SocketClient client(served);
  EXPECT_NE(wrong.find("data<int>"), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("User"), std::string::npos) << wrong;
  SocketClient other(served, "/none");
  EXPECT_NE(none.find("no data"), std::string::npos) << none;
}

TEST(WebSocketTest, WhatACorkGathersLeavesInOneWrite) {
  WebSocket kept;
  WebSocketOptions options;
  options.open = [&](WebSocket& ws) { kept = ws; };
  Served served(sockets(options));
  SocketClient client(served);
  kept.cork([&] {
    kept.send("one");
    kept.send("two");
  });
  EXPECT_EQ(client.read_text(), "one");
  EXPECT_EQ(client.read_text(), "two");
}

TEST(WebSocketTest, ASocketWithoutEventsIsClosedInTheEnd) {
  int code = 0;
  WebSocketOptions options;
  options.idle_timeout = 40ms;
  options.send_pings = false;
  options.close = [&](WebSocket&, int given) { code = given; };
  Served served(sockets(options));
  SocketClient client(served);
  EXPECT_TRUE(turn_until([&] { return code != 0; }));
  EXPECT_EQ(code, 1006);
}

}  // namespace
}  // namespace bao
