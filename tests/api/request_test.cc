#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <bao/bao.h>
#include <bao/request.h>

#include "api/served.h"

// What a handler sees of a request; its body is in body_test.cc.
namespace bao {
namespace {

using testing::RawClient;
using testing::Served;
using Pairs = std::vector<std::pair<std::string, std::string>>;
using Family = SocketAddress::Family;

/// Sends that request and looks at it in a handler.
void look(const std::string& request, const std::function<void(Request&, Server&)>& at) {
  bool looked = false;
  Served served({.fetch = [&](Request& req, Server& server) {
    looked = true;
    at(req, server);
    return Response();
  }});
  served.exchange(request);
  EXPECT_TRUE(looked) << request;
}
void look_at_target(const std::string& target, const std::function<void(Request&, Server&)>& at) {
  look("GET " + target + " HTTP/1.1\r\nHost: example.org:81\r\n\r\n", at);
}
void look_at_fields(const std::string& fields, const std::function<void(Request&, Server&)>& at) {
  look("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", at);
}

// ---- Method and target

TEST(Request, MethodIsAsItWasSent) {
  for (const char* method : {"GET", "POST", "get", "PROPFIND", "x-Y_z~1"}) {
    look(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n",
         [&](Request& req, Server&) { EXPECT_EQ(req.method(), method); });
  }
}

TEST(Request, UrlIsAbsolute) {
  look_at_target("/a%20b?c=d", [](Request& req, Server&) {
    EXPECT_EQ(req.url(), "http://example.org:81/a%20b?c=d");
  });
  look_at_target("http://other.org/x?",
                 [](Request& req, Server&) { EXPECT_EQ(req.url(), "http://other.org/x?"); });
  look("GET /a HTTP/1.1\r\nHost:\r\n\r\n",
       [](Request& req, Server& server) { EXPECT_EQ(req.url(), server.url() + "a"); });
  look("GET /a HTTP/1.0\r\n\r\n",
       [](Request& req, Server& server) { EXPECT_EQ(req.url(), server.url() + "a"); });
}

TEST(Request, PathIsEncodedAndNeverEmpty) {
  look_at_target("/a%2Fb//../c?d",
                 [](Request& req, Server&) { EXPECT_EQ(req.path(), "/a%2Fb//../c"); });
  look_at_target("/", [](Request& req, Server&) { EXPECT_EQ(req.path(), "/"); });
  look_at_target("http://a", [](Request& req, Server&) { EXPECT_EQ(req.path(), "/"); });
  look_at_target("http://a?q", [](Request& req, Server&) {
    EXPECT_EQ(req.path(), "/");
    EXPECT_EQ(req.query_string(), "q");
  });
}

// ---- Query

TEST(RequestQuery, StringIsAsItWasSent) {
  look_at_target("/?a=%20&b?c",
                 [](Request& req, Server&) { EXPECT_EQ(req.query_string(), "a=%20&b?c"); });
  look_at_target("/?", [](Request& req, Server&) { EXPECT_EQ(req.query_string(), ""); });
  look_at_target("/", [](Request& req, Server&) { EXPECT_EQ(req.query_string(), ""); });
}

TEST(RequestQuery, ParametersAreDecodedLikeForms) {
  look_at_target("/?a=1+2%2B3&b=&c&a=%E2%82%AC&%61b=x=y&=v&&", [](Request& req, Server&) {
    EXPECT_EQ(req.query("a"), "1 2+3");
    EXPECT_EQ(req.query("b"), "");
    EXPECT_EQ(req.query("c"), "");
    EXPECT_EQ(req.query("ab"), "x=y");
    EXPECT_EQ(req.query("d"), std::nullopt);
    EXPECT_EQ(req.query("A"), std::nullopt);
    EXPECT_EQ(req.query_all("a"), (std::vector<std::string>{"1 2+3", "\xE2\x82\xAC"}));
    EXPECT_EQ(req.query_all("d"), std::vector<std::string>{});
    EXPECT_EQ(req.query_entries(), (Pairs{{"a", "1 2+3"},
                                          {"b", ""},
                                          {"c", ""},
                                          {"a", "\xE2\x82\xAC"},
                                          {"ab", "x=y"},
                                          {"", "v"}}));
  });
}

// ---- Fields

TEST(RequestFields, AreFoundWithoutRegardToCase) {
  look_at_fields("X-One: 1\r\nx-two:  \t 2 2 \t\r\nX-Empty:\r\n", [](Request& req, Server&) {
    EXPECT_EQ(req.field("x-ONE"), "1");
    EXPECT_EQ(req.field("X-Two"), "2 2");
    EXPECT_EQ(req.field("X-Empty"), "");
    EXPECT_EQ(req.field("X-Three"), std::nullopt);
    EXPECT_EQ(req.field(""), std::nullopt);
    EXPECT_EQ(req.field("host"), "a");
  });
}

TEST(RequestFields, OfOneNameKeepTheirOrder) {
  look_at_fields("A: 1\r\nB: 2\r\na: 3\r\nA: 1\r\n", [](Request& req, Server&) {
    EXPECT_EQ(req.field("A"), "1");
    EXPECT_EQ(req.field_all("a"), (std::vector<std::string_view>{"1", "3", "1"}));
    EXPECT_EQ(req.field_all("c"), std::vector<std::string_view>{});
    std::string all;
    for (auto [name, value] : req.fields()) all.append(name).append("=").append(value).append(";");
    EXPECT_EQ(all, "Host=a;A=1;B=2;a=3;A=1;");
  });
}

TEST(RequestFields, MayHoldBytesAbove0x7F) {
  look_at_fields("X: \xE2\x82\xAC \xFF\r\n",
                 [](Request& req, Server&) { EXPECT_EQ(req.field("X"), "\xE2\x82\xAC \xFF"); });
}

// ---- Cookies; how they are changed is in cookies_test.cc

Pairs pairs_of(const Cookies& cookies) {
  return {cookies.begin(), cookies.end()};
}

TEST(RequestCookies, AreDecoded) {
  look_at_fields("Cookie: a=1; b=%E2%82%AC; c=\"q\"; a=2\r\n", [](Request& req, Server&) {
    EXPECT_EQ(req.cookie("a"), "1");
    EXPECT_EQ(req.cookie("b"), "\xE2\x82\xAC");
    EXPECT_EQ(req.cookie("d"), std::nullopt);
    EXPECT_EQ(req.cookies().size(), 4u);
    EXPECT_EQ(req.cookies().get("a"), "1");
    EXPECT_EQ(pairs_of(req.cookies()).back(), (std::pair<std::string, std::string>("a", "2")));
  });
}

// HTTP/2 and some proxies split them (RFC 9113 section 8.2.3).
TEST(RequestCookies, OfSeveralLinesAreOneList) {
  look_at_fields("Cookie: a=1\r\ncookie: b=2; c=3\r\n", [](Request& req, Server&) {
    EXPECT_EQ(pairs_of(req.cookies()), (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
    EXPECT_EQ(req.cookie("c"), "3");
  });
}

TEST(RequestCookies, AreNoneWithoutTheField) {
  look_at_fields("", [](Request& req, Server&) {
    EXPECT_EQ(pairs_of(req.cookies()), Pairs{});
    EXPECT_EQ(req.cookie("a"), std::nullopt);
  });
}

// ---- The client

TEST(RequestAddress, IsThatOfTheClient) {
  std::optional<SocketAddress> from_request, from_server;
  Served served({.fetch = [&](Request& req, Server& server) {
    from_request = req.address();
    from_server = server.request_ip(req);
    return Response();
  }});
  RawClient client = served.connect();
  client.get("/");
  EXPECT_EQ(from_request, (SocketAddress{"127.0.0.1", client.local_port(), Family::ipv4}));
  EXPECT_EQ(from_server, from_request);
}

TEST(RequestAddress, AnIpv4ClientOfADualListenerHasAnIpv4Address) {
  std::optional<SocketAddress> seen;
  Served served({.hostname = "::", .fetch = [&](Request& req) {
                   seen = req.address();
                   return Response();
                 }});
  RawClient client = RawClient::tcp(*served.server.port(), Served::turn);
  client.get("/");
  EXPECT_EQ(seen, (SocketAddress{"127.0.0.1", client.local_port(), Family::ipv4}));
}

TEST(RequestAddress, IsNoneForUnixSockets) {
  bool none = false;
  Served served({.unix_path = std::string("\0bao-request-", 13) + std::to_string(::getpid()),
                 .fetch = [&](Request& req, Server& server) {
                   none = !req.address() && !server.request_ip(req);
                   return Response();
                 }});
  served.get("/");
  EXPECT_TRUE(none);
}

TEST(RequestAddress, IsNoneForFetch) {
  bool none = false;
  Served served({.fetch = [&](Request& req) {
    none = !req.address();
    return Response();
  }});
  spawn([](Server server) -> Task<void> { co_await server.fetch("/"); }(served.server));
  EXPECT_TRUE(none);
}

TEST(RequestAddress, IsNoneOnceTheConnectionIsGone) {
  std::optional<bool> before, after;
  Served served({.fetch = [&](Request& req, Server& server) -> Task<Response> {
    before = req.address().has_value();
    while (!req.stop_token().stop_requested()) co_await sleep(std::chrono::milliseconds(2));
    after = req.address().has_value() || server.request_ip(req).has_value();
    co_return Response();
  }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(testing::turn_until([&] { return before.has_value(); }));
  client.reset();
  EXPECT_TRUE(testing::turn_until([&] { return after.has_value(); }));
  EXPECT_EQ(before, true);
  EXPECT_EQ(after, false);
}

// ---- The stop token

TEST(RequestStopToken, DoesNotStopWhileAllIsWell) {
  std::stop_token token;
  Served served({.fetch = [&](Request& req) {
    token = req.stop_token();
    EXPECT_TRUE(token.stop_possible());
    EXPECT_FALSE(token.stop_requested());
    EXPECT_EQ(token, req.stop_token());
    return Response();
  }});
  EXPECT_EQ(served.get("/").status, 200);
  EXPECT_FALSE(token.stop_requested());
  EXPECT_FALSE(token.stop_possible()) << "the request is over";
}

TEST(RequestStopToken, StopsWhenTheRequestIsAbortedInItsHandler) {
  bool stopped = false;
  Served served({.fetch = [&](Request& req, Server& server) {
    std::stop_callback callback(req.stop_token(), [&] { stopped = true; });
    EXPECT_TRUE(server.abort(req));
    EXPECT_TRUE(req.stop_token().stop_requested());
    return Response();
  }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.wait_for_end(), RawClient::End::reset);
  EXPECT_TRUE(stopped);
}

TEST(RequestStopToken, AskedForAfterTheEndIsStoppedAlready) {
  bool stopped = false;
  Served served({.fetch = [&](Request& req, Server& server) {
    server.abort(req);
    stopped = req.stop_token().stop_requested();
    return Response();
  }});
  RawClient client = served.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.wait_for_end();
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace bao
