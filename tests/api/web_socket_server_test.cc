#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"
#include "api/socket_client.h"

// The server's side of WebSockets: upgrades, topics, counters, stop, reload.
namespace bao {
namespace {

using namespace std::chrono_literals;
using namespace testing;

using Log = std::vector<std::string>;

WebSocketOptions idle() {
  WebSocketOptions options;
  options.open = [](WebSocket&) {};
  return options;
}

// ---- Upgrades (RFC 6455 section 4.2)

TEST(WebSocketServerTest, TheHandshakeIsAnswered) {
  Log log;
  Options options;
  options.websocket.open = [&](WebSocket& ws) {
    log.push_back("open");
    ws.send("welcome");
  };
  options.fetch = [&](Request& req, Server& server) -> std::optional<Response> {
    const Fields headers{{"Set-Cookie", "a=1"},
                         {"Set-Cookie", "b=2"},
                         {"Sec-WebSocket-Accept", "mine"},
                         {"Sec-WebSocket-Extensions", "mine"},
                         {"Connection", "close"}};
    UpgradeOptions upgrade;
    upgrade.headers = headers;
    EXPECT_TRUE(server.upgrade(req, std::move(upgrade)));
    log.push_back("upgraded");
    EXPECT_FALSE(server.upgrade(req)) << "once is enough";
    return std::nullopt;
  };
  Served served(std::move(options));
  SocketClient client(served);
  const RawReply& reply = client.handshake;
  EXPECT_EQ(reply.status, 101);
  EXPECT_EQ(reply.field("Upgrade"), "websocket");
  EXPECT_EQ(reply.field("Connection"), "Upgrade");
  // The example of RFC 6455 section 1.3.
  EXPECT_EQ(reply.field("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_FALSE(reply.has("Sec-WebSocket-Extensions"));
  EXPECT_FALSE(reply.has("Sec-WebSocket-Protocol"));
  EXPECT_EQ(reply.field_all("Set-Cookie"), (Log{"a=1", "b=2"}));
  EXPECT_TRUE(reply.has("Date"));
  EXPECT_EQ(client.read_text(), "welcome");
  EXPECT_EQ(log, (Log{"open", "upgraded"}));
  EXPECT_EQ(served.server.pending_requests(), 0u);
}

TEST(WebSocketServerTest, ASubprotocolIsSentIfItIsOffered) {
  Options options;
  options.websocket = idle();
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    UpgradeOptions upgrade;
    upgrade.protocol = "chat";
    server.upgrade(req, std::move(upgrade));
    return std::nullopt;
  };
  Served served(std::move(options));
  const std::pair<const char*, bool> cases[] = {
      {"", false},
      {"Sec-WebSocket-Protocol: soap, chat\r\n", true},
      {"Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Protocol: chat\r\n", true},
      {"Sec-WebSocket-Protocol: CHAT\r\n", false},
  };
  for (const auto& [fields, offered] : cases) {
    const SocketClient client(served, "/", fields);
    EXPECT_EQ(client.handshake.status, 101);
    EXPECT_EQ(client.handshake.field("Sec-WebSocket-Protocol"),
              offered ? std::optional<std::string>("chat") : std::nullopt);
  }
}

TEST(WebSocketServerTest, WhatIsNoHandshakeIsNotUpgraded) {
  Served served(sockets(idle()));
  const std::string good = SocketClient::request("/");
  const std::pair<std::string, std::string> changes[] = {
      {"GET ", "POST "},
      {"HTTP/1.1", "HTTP/1.0"},
      {"Upgrade: websocket", "Upgrade: h2c"},
      {"Upgrade: websocket\r\n", ""},
      {"Connection: Upgrade", "Connection: keep-alive"},
      {"Connection: Upgrade\r\n", ""},
      {"dGhlIHNhbXBsZSBub25jZQ==", "short"},
      {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""},
      {"Host: test\r\n", "Host: test\r\nSec-WebSocket-Extensions: ;\r\n"},
  };
  for (const auto& [from, to] : changes) {
    std::string request = good;
    request.replace(request.find(from), from.size(), to);
    EXPECT_EQ(served.exchange(request).status, 400) << request;
  }
  EXPECT_EQ(served.exchange(good).status, 101);
}

// RFC 6455 section 4.4, RFC 9110 section 15.5.22.
TEST(WebSocketServerTest, AnotherVersionIsToldWhichOneThereIs) {
  Served served(sockets(idle()));
  std::string request = SocketClient::request("/");
  request.replace(request.find("Version: 13"), 11, "Version: 8");
  const RawReply reply = served.exchange(request);
  EXPECT_EQ(reply.status, 426);
  EXPECT_EQ(reply.field("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(reply.field("Upgrade"), "websocket");
}

TEST(WebSocketServerTest, WithoutHandlersAnUpgradeThrows) {
  Served served(sockets({}));
  SocketClient client(served);
  EXPECT_EQ(client.handshake.status, 500);
  EXPECT_NE(served.log.find(".websocket"), std::string::npos) << served.log;
}

TEST(WebSocketServerTest, AHandlerMayUpgradeLater) {
  Options options;
  options.websocket.message = [](WebSocket& ws, std::string_view text) { ws.send(text); };
  options.fetch = [](Request& req, Server& server) -> Task<std::optional<Response>> {
    co_await sleep(5ms);
    EXPECT_TRUE(server.upgrade(req));
    co_return std::nullopt;
  };
  Served served(std::move(options));
  SocketClient client(served);
  EXPECT_EQ(client.handshake.status, 101);
  client.text("x");
  EXPECT_EQ(client.read_text(), "x");
}

// Clients should wait for the 101, but not all do.
TEST(WebSocketServerTest, FramesBehindTheHandshakeAreRead) {
  WebSocketOptions options;
  options.message = [](WebSocket& ws, std::string_view text) { ws.send(text); };
  Served served(sockets(options));
  RawClient client = served.connect();
  client.send(SocketClient::request("/") + SocketClient::frame(kText, "early"));
  EXPECT_EQ(client.read_reply().status, 101);
  EXPECT_TRUE(client.wait_for("early"));
}

TEST(WebSocketServerTest, ARequestWithoutASocketIsNotUpgraded) {
  Served served(sockets(idle()));
  std::optional<int> status;
  spawn([&](Server server) -> Task<> {
    FetchOptions options;
    options.fields = Fields{{"Upgrade", "websocket"},
                            {"Connection", "Upgrade"},
                            {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                            {"Sec-WebSocket-Version", "13"}};
    const Response response = co_await server.fetch("/", std::move(options));
    status = response.status();
  }(served.server));
  EXPECT_TRUE(turn_until([&] { return status.has_value(); }));
  EXPECT_EQ(status, 400);
}

TEST(WebSocketServerTest, UnixSocketsWork) {
  Options options = sockets(idle());
  options.websocket.open = [](WebSocket& ws) {
    EXPECT_FALSE(ws.address());
    ws.send("hello");
  };
  options.unix_path = std::string("\0bao-websocket-test", 19);
  Served served(std::move(options));
  SocketClient client(served);
  EXPECT_EQ(client.read_text(), "hello");
}

// ---- Topics

WebSocketOptions chat() {
  WebSocketOptions options;
  options.open = [](WebSocket& ws) { ws.subscribe("chat"); };
  options.message = [](WebSocket& ws, Message message) {
    if (message.is_text()) {
      ws.publish("chat", message);
    } else {
      ws.publish_binary("chat", message.bytes());
    }
    ws.send("published");
  };
  return options;
}

TEST(WebSocketServerTest, ASocketPublishesToTheOthers) {
  Served served(sockets(chat()));
  SocketClient a(served), b(served), c(served);
  EXPECT_EQ(served.server.subscriber_count("chat"), 3u);
  a.text("hello");
  EXPECT_EQ(b.read_text(), "hello");
  EXPECT_EQ(c.read_text(), "hello");
  EXPECT_EQ(a.read_text(), "published");
  b.send(kBinary, "bytes");
  EXPECT_EQ(b.read_text(), "published");
  const auto frame = a.read();
  EXPECT_EQ(frame->opcode, kBinary);
  EXPECT_EQ(frame->payload, "bytes");
  EXPECT_EQ(c.read()->payload, "bytes");
}

TEST(WebSocketServerTest, ASocketMayPublishToItself) {
  WebSocketOptions options = chat();
  options.publish_to_self = true;
  Served served(sockets(options));
  SocketClient a(served);
  a.text("hello");
  EXPECT_EQ(a.read_text(), "hello") << "before what was sent after it";
  EXPECT_EQ(a.read_text(), "published");
}

TEST(WebSocketServerTest, TheServerPublishesToAll) {
  WebSocketOptions options = chat();
  Served served(sockets(options));
  SocketClient a(served), b(served);
  EXPECT_EQ(served.server.publish("chat", "one"), 2u);
  EXPECT_EQ(served.server.publish_binary("chat", "two"), 2u);
  EXPECT_EQ(served.server.publish("nobody", "three"), 0u);
  for (SocketClient* client : {&a, &b}) {
    EXPECT_EQ(client->read_text(), "one");
    EXPECT_EQ(client->read()->payload, "two");
  }
}

TEST(WebSocketServerTest, ClosedSocketsLeaveTheirTopics) {
  Log log;
  WebSocketOptions options = chat();
  options.close = [&](WebSocket& ws) {
    EXPECT_TRUE(ws.subscriptions().empty());
    EXPECT_EQ(ws.publish("chat", "x"), 0u);
    log.push_back("close");
  };
  Served served(sockets(options));
  SocketClient a(served);
  {
    SocketClient b(served);
    SocketClient c(served);
    EXPECT_EQ(served.server.subscriber_count("chat"), 3u);
    c.close(1000);
    EXPECT_TRUE(c.read());
  }
  EXPECT_TRUE(turn_until([&] { return log.size() == 2; }));
  EXPECT_EQ(served.server.subscriber_count("chat"), 1u);
}

TEST(WebSocketServerTest, SubscriptionsAreToldAndEnd) {
  Served served(sockets([] {
    WebSocketOptions options;
    options.open = [](WebSocket& ws) {
      ws.subscribe("a");
      ws.subscribe("a");
      EXPECT_TRUE(ws.is_subscribed("a"));
      EXPECT_EQ(ws.subscriptions(), Log{"a"});
      EXPECT_TRUE(ws.unsubscribe("a"));
      EXPECT_FALSE(ws.unsubscribe("a"));
      EXPECT_FALSE(ws.is_subscribed("a"));
      ws.send("done");
    };
    return options;
  }()));
  SocketClient client(served);
  EXPECT_EQ(client.read_text(), "done");
}

TEST(WebSocketServerTest, PublishingKeepsTheOrderOfSendingAndClosing) {
  WebSocketOptions options;
  options.open = [](WebSocket& ws) { ws.subscribe("t"); };
  Options all = sockets(options);
  all.websocket.message = [](WebSocket& ws) {
    ws.send("1");
    ws.data<Server>().publish("t", "2");
    ws.ping("3");
    ws.data<Server>().publish("t", "4");
    ws.close(1000);
  };
  all.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    UpgradeOptions upgrade;
    upgrade.data = server;
    server.upgrade(req, std::move(upgrade));
    return std::nullopt;
  };
  Served served(std::move(all));
  SocketClient client(served);
  client.text("x");
  for (const char* payload : {"1", "2", "3", "4"}) EXPECT_EQ(client.read()->payload, payload);
  EXPECT_EQ(client.read()->opcode, kClose);
}

// However much is published in a turn, and although memory asks for deliveries in between.
TEST(WebSocketServerTest, MuchCanBePublishedInATurn) {
  Served served(sockets(chat()));
  SocketClient a(served), b(served);
  const std::string text(100'000, 'x');
  for (int i = 0; i < 50; ++i) served.server.publish("chat", text + std::to_string(i));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(a.read_text(), text + std::to_string(i));
    EXPECT_EQ(b.read_text(), text + std::to_string(i));
  }
}

TEST(WebSocketServerTest, ASlowSubscriberHoldsNobodyUp) {
  WebSocketOptions options = chat();
  options.backpressure_limit = 1 << 20;
  Served served(sockets(options));
  SocketClient slow(served), quick(served);
  const std::string text(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) {
    served.server.publish("chat", text);
    EXPECT_EQ(quick.read_text().size(), text.size());
  }
  EXPECT_EQ(served.server.subscriber_count("chat"), 2u);
}

// RFC 7692: one compression for all who agreed on the same; the others get it as it is.
TEST(WebSocketServerTest, PublishingCompressesWherePossible) {
  for (const Compressor compressor : {Compressor::shared, Compressor::dedicated_4kb}) {
    WebSocketOptions options = chat();
    options.per_message_deflate = PerMessageDeflate(compressor, Compressor::shared);
    Served served(sockets(options));
    SocketClient plain(served);
    SocketClient deflate(served, "/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    EXPECT_TRUE(deflate.handshake.has("Sec-WebSocket-Extensions"));
    const std::string text(1000, 'x');
    served.server.publish("chat", text);
    served.server.publish("chat", text, false);
    auto frame = deflate.read();
    EXPECT_TRUE(frame->compressed);
    EXPECT_LT(frame->payload.size(), 50u);
    frame = deflate.read();
    EXPECT_FALSE(frame->compressed);
    EXPECT_EQ(frame->payload, text);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(plain.read_text(), text);
  }
}

// ---- Counters, stop, reload

TEST(WebSocketServerTest, SocketsAreCounted) {
  Served served(sockets(idle()));
  {
    SocketClient a(served), b(served);
    EXPECT_EQ(served.server.pending_web_sockets(), 2u);
    const Counters counters = served.server.counters();
    EXPECT_EQ(counters.connections_open, 2u);
    EXPECT_EQ(counters.connections_total, 2u);
    EXPECT_EQ(counters.replies_by_class[1], 2u);
    a.text("x");
    EXPECT_TRUE(turn_until([&] { return served.server.counters().bytes_in > counters.bytes_in; }));
  }
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  EXPECT_EQ(served.server.pending_web_sockets(), 0u);
}

TEST(WebSocketServerTest, AGracefulStopWaitsForSockets) {
  WebSocketOptions options;
  options.message = [](WebSocket& ws, std::string_view text) { ws.send(text); };
  Served served(sockets(options));
  SocketClient client(served);
  const Stopping stopping = served.server.stop();
  client.text("still there");
  EXPECT_EQ(client.read_text(), "still there");
  EXPECT_FALSE(stopping.done());
  client.close(1000);
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
}

TEST(WebSocketServerTest, AForcedStopSaysGoingAway) {
  Log log;
  WebSocketOptions options;
  options.close = [&](WebSocket&, int code) { log.push_back(std::to_string(code)); };
  Served served(sockets(options));
  SocketClient client(served);
  const Stopping graceful = served.server.stop();
  const Stopping forced = served.server.stop(true);
  EXPECT_EQ(log, Log{"1001"});
  EXPECT_TRUE(forced.done());
  EXPECT_TRUE(graceful.done());
  EXPECT_EQ(client.read()->code(), 1001);
  client.wire.wait_for_end();
}

TEST(WebSocketServerTest, AServerThatStopsMakesNoSockets) {
  Options options = sockets(idle());
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    server.stop();
    if (server.upgrade(req)) return std::nullopt;
    return Response("stopping").status(503);
  };
  Served served(std::move(options));
  EXPECT_EQ(SocketClient(served).handshake.status, 503);
}

TEST(WebSocketServerTest, AHandlerMayStopItsServer) {
  std::optional<Stopping> stopping;
  Options options = sockets(idle());
  options.websocket.open = [&](WebSocket& ws) { stopping = ws.data<Server>().stop(true); };
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    UpgradeOptions upgrade;
    upgrade.data = server;
    EXPECT_TRUE(server.upgrade(req, std::move(upgrade)));
    return std::nullopt;
  };
  Served served(std::move(options));
  SocketClient client(served);
  EXPECT_TRUE(turn_until([&] { return stopping && stopping->done(); }));
}

TEST(WebSocketServerTest, AReloadReplacesTheHandlersOfOpenSockets) {
  WebSocketOptions options;
  options.message = [](WebSocket& ws) { ws.send("old"); };
  Served served(sockets(options));
  SocketClient client(served);
  client.text("x");
  EXPECT_EQ(client.read_text(), "old");
  ReloadOptions next;
  next.websocket.message = [](WebSocket& ws) { ws.send("new"); };
  next.websocket.max_payload_length = 3;
  served.server.reload(std::move(next));
  client.text("x");
  EXPECT_EQ(client.read_text(), "new");
  // Without handlers the old ones stay.
  served.server.reload({});
  client.text("x");
  EXPECT_EQ(client.read_text(), "new");
  client.text("four");
  EXPECT_EQ(client.read()->code(), 1009);
}

TEST(WebSocketServerTest, AReloadedIdleTimeoutHoldsForOpenSockets) {
  int code = 0;
  WebSocketOptions options = idle();
  options.idle_timeout = 0ms;
  Served served(sockets(options));
  SocketClient client(served);
  ReloadOptions next;
  next.websocket = idle();
  next.websocket.idle_timeout = 20ms;
  next.websocket.close = [&](WebSocket&, int closed_with) { code = closed_with; };
  served.server.reload(std::move(next));
  EXPECT_TRUE(turn_until([&] { return code == 1006; }));
}

TEST(WebSocketServerTest, AHandlerMayReloadAndGoOn) {
  Options options = sockets(idle());
  const auto captured = std::make_shared<std::string>("old");
  options.websocket.message = [captured](WebSocket& ws) {
    ReloadOptions next;
    next.websocket.message = [](WebSocket& ws) { ws.send("new"); };
    ws.data<Server>().reload(std::move(next));
    ws.send(*captured);
  };
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    UpgradeOptions upgrade;
    upgrade.data = server;
    server.upgrade(req, std::move(upgrade));
    return std::nullopt;
  };
  Served served(std::move(options));
  SocketClient client(served);
  client.text("x");
  EXPECT_EQ(client.read_text(), "old");
  client.text("x");
  EXPECT_EQ(client.read_text(), "new");
  EXPECT_EQ(captured.use_count(), 1);
}

TEST(WebSocketServerTest, WrongOptionsAreRefused) {
  const auto refusal = [](auto change) {
    Options options;
    options.port = 0;
    options.websocket = idle();
    change(options.websocket);
    try {
      serve(std::move(options)).stop(true);
    } catch (const OptionError& error) {
      return error.option() + ": " + error.what();
    }
    return std::string("none");
  };
  EXPECT_EQ(refusal([](WebSocketOptions& o) { o.idle_timeout = -1ms; }),
            ".websocket.idle_timeout: Option .websocket.idle_timeout is -1 ms: give a duration "
            "that is not negative, 0 for none");
  EXPECT_EQ(refusal([](WebSocketOptions& o) { o.max_payload_length = uint64_t{1} << 32; }),
            ".websocket.max_payload_length: Option .websocket.max_payload_length is 4294967296: "
            "give at most 4294967295 bytes");
  EXPECT_EQ(refusal([](WebSocketOptions& o) { o.backpressure_limit = uint64_t{1} << 33; }),
            ".websocket.backpressure_limit: Option .websocket.backpressure_limit is 8589934592: "
            "give at most 4294967295 bytes");
  Served served(sockets(idle()));
  ReloadOptions wrong;
  wrong.websocket = idle();
  wrong.websocket.idle_timeout = -1ms;
  EXPECT_THROW(served.server.reload(std::move(wrong)), OptionError);
}

}  // namespace
}  // namespace bao
