#include <gtest/gtest.h>
#include <numeric>
#include <string>
#include <vector>

#include <bao/bao.h>

#include "api/secure_client.h"
#include "api/socket_client.h"
#include "net/temporary_file.h"

// HTTPS on the C++ face, over real sockets.
namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::localhost_certificate;
using testing::SecureClient;
using testing::Served;
using testing::served_by;
using testing::TestCertificate;
using testing::TestKey;
using testing::turn_until;

Options secure(Handler fetch = [](Request& req) { return Response(req.url()); }) {
  Options options;
  options.tls = {served_by(localhost_certificate())};
  options.fetch = std::move(fetch);
  return options;
}

TEST(TlsServing, UrlsSaySo) {
  Served served(secure());
  EXPECT_EQ(served.server.protocol(), "https");
  const std::string origin = "https://127.0.0.1:" + std::to_string(*served.server.port());
  EXPECT_EQ(served.server.url(), origin + "/");
  SecureClient client(served);
  ASSERT_TRUE(client.connect()) << client.tls.failure();
  EXPECT_EQ(client.get("/path?query").body, "https://localhost/path?query");
  client.send("GET / HTTP/1.1\r\nHost:\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, origin + "/");
}

// RFC 9112 section 3.2.2, RFC 9110 section 7.4
TEST(TlsServing, AbsoluteTargetsOfASecuredOrigin) {
  Served served(secure());
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  client.send("GET https://other.example/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "https://other.example/x");
}

TEST(TlsServing, KeepAliveAndPipelining) {
  Served served(secure());
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.read_reply().body, "https://localhost/" + std::to_string(i));
  }
  EXPECT_EQ(served.server.counters().handshakes_done, 1u);
  EXPECT_EQ(served.server.counters().handshakes_pending, 0u);
}

TEST(TlsServing, LargeBodiesInBothDirections) {
  Served served(secure([](Request& req) -> Task<Response> {
    std::string body = co_await req.text();
    co_return Response(std::move(body));
  }));
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  std::string body;
  while (body.size() < 3'000'000) body += std::to_string(body.size()) + ",";
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(client.read_reply().body, body);
}

TEST(TlsServing, FilesAndStreams) {
  const testing::TemporaryFile file(testing::some_bytes(2'000'000));
  Options options = secure([](Request&) {
    return Response::stream([](Writer& writer) -> Task<> {
      for (int i = 0; i < 3; ++i) co_await writer.write("piece");
    });
  });
  options.routes = {{"/file", bao::file(file.path())}};
  Served served(std::move(options));
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  EXPECT_EQ(client.get("/file").body, testing::some_bytes(2'000'000));
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  client.read_to_end();
  EXPECT_TRUE(
      client.text.ends_with("\r\n\r\n5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\n") ||
      client.text.find("piecepiecepiece") != std::string::npos)
      << client.text;
  EXPECT_TRUE(client.tls.server_finished()) << "close_notify";
}

TEST(TlsServing, WebSockets) {
  Options options = secure();
  options.websocket.message = [](WebSocket& ws, std::string_view text) {
    ws.send("echo of " + std::string(text));
  };
  options.fetch = [](Request& req, Server& server) -> std::optional<Response> {
    EXPECT_TRUE(server.upgrade(req));
    return std::nullopt;
  };
  Served served(std::move(options));
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  // The first message comes along with the request.
  using testing::SocketClient;
  client.send(SocketClient::request("/") + SocketClient::frame(testing::kText, "one"));
  const std::string echo =
      "\x81\x0B"
      "echo of ";
  EXPECT_TRUE(client.move([&] { return client.text.ends_with(echo + "one"); })) << client.text;
  client.send(SocketClient::frame(testing::kText, "two"));
  EXPECT_TRUE(client.move([&] { return client.text.ends_with(echo + "two"); })) << client.text;
}

TEST(TlsServing, OnUnixSocketsToo) {
  const testing::TemporaryFile place;
  for (const std::string& path : {place.folder() + "/socket", std::string("\0bao tls test", 13)}) {
    Options options = secure();
    options.unix_path = path;
    Served served(std::move(options));
    SecureClient client(served);
    ASSERT_TRUE(client.connect()) << client.tls.failure();
    EXPECT_EQ(client.get("/").body, "https://localhost/");
    EXPECT_EQ(served.server.protocol(), "https");
  }
}

TEST(TlsServing, PlainHttpIsToldWhereItIs) {
  Served served(secure());
  const auto reply = served.get("/");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "This port speaks HTTPS: ask for " + served.server.url() + "\n");
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_TRUE(reply.has("Date"));
  EXPECT_TRUE(turn_until([&] { return served.server.counters().handshakes_failed == 1; }));
  EXPECT_EQ(served.server.counters().replies_by_class[4], 1u);
}

TEST(TlsServing, KeysFromFilesAndSeveralTexts) {
  const TestCertificate& certificate = localhost_certificate();
  const testing::TemporaryFile key(certificate.key().pem("secret"));
  const testing::TemporaryFile cert(certificate.pem());
  Options options = secure();
  options.tls = {
      {.key = bao::file(key.path()), .cert = {bao::file(cert.path())}, .passphrase = "secret"}};
  Served served(std::move(options));
  SecureClient client(served);
  EXPECT_TRUE(client.connect());
}

TEST(TlsServing, NamesChooseCertificates) {
  Options options = secure();
  options.tls.push_back(
      served_by(TestCertificate::make({.common_name = "other"}), "Other.example"));
  Served served(std::move(options));
  for (const auto& [name, expected] :
       {std::pair("other.example", "other"), std::pair("else.example", "localhost")}) {
    SecureClient client(served, {.server_name = name});
    ASSERT_TRUE(client.connect());
    EXPECT_EQ(client.tls.server_common_name(), expected);
  }
}

// ---- Refused options

std::string refusal(Tls entry, const char* option) {
  Options options;
  options.port = 0;
  options.tls = {std::move(entry)};
  try {
    serve(std::move(options));
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), option);
    return error.what();
  }
  return "nothing was refused";
}

TEST(TlsOptions, AreNamedInMessages) {
  Tls entry = served_by(localhost_certificate());
  entry.key = TestKey::ec().pem();
  EXPECT_EQ(refusal(entry, ".tls[0].key"),
            "Option .tls[0].key does not fit the certificate \"CN = localhost\" in .tls[0].cert: "
            "give the private key that this certificate was made for");
  entry.key = bao::file("/does/not/exist");
  EXPECT_EQ(refusal(entry, ".tls[0].key"),
            "Option .tls[0].key is the file \"/does/not/exist\", which cannot be read (No such "
            "file or directory): give the path of a file that this process may read");
  entry = served_by(localhost_certificate());
  entry.dh_params_file = "/does/not/exist";
  refusal(entry, ".tls[0].dh_params_file");
  entry = served_by(localhost_certificate());
  entry.cert = {localhost_certificate().pem(), "other"};
  refusal(entry, ".tls[0].cert[1]");
}

TEST(TlsOptions, Limits) {
  auto refused = [](auto member, auto value, const char* option) {
    Options options = secure();
    options.port = 0;
    options.*member = value;
    try {
      serve(std::move(options));
    } catch (const OptionError& error) {
      EXPECT_EQ(error.option(), option);
      return std::string(error.what());
    }
    return std::string("nothing was refused");
  };
  EXPECT_EQ(
      refused(&Options::handshake_timeout, std::chrono::milliseconds(-1), ".handshake_timeout"),
      "Option .handshake_timeout is -1 ms: give a duration that is not negative, 0 for none");
  EXPECT_EQ(refused(&Options::max_handshakes, std::uint64_t{0}, ".max_handshakes"),
            "Option .max_handshakes is 0: give 1 to 1000000 handshakes");
  for (const auto wrong : {std::chrono::milliseconds(1), std::chrono::milliseconds(-1000),
                           std::chrono::milliseconds(169h)}) {
    EXPECT_EQ(refused(&Options::session_timeout, wrong, ".session_timeout"),
              "Option .session_timeout is " + std::to_string(wrong.count()) +
                  " ms: give whole seconds, at most 7 days, 0 to resume no sessions");
  }
}

TEST(TlsOptions, ExpiredCertificatesAreWarnedOf) {
  Options options = secure();
  options.tls = {served_by(TestCertificate::make({.valid_from = -7200, .valid_until = -3600}))};
  Served served(std::move(options));
  EXPECT_NE(served.log.find("expired on"), std::string::npos) << served.log;
}

// ---- Client certificates

TEST(TlsClients, TheHandlerReadsTheirCertificates) {
  const auto authority = TestCertificate::make({.common_name = "authority", .authority = true});
  const auto alice = authority.issue(
      {.common_name = "alice", .alternative_names = "email:alice@example.com", .serial = 0x1F});
  std::optional<TlsInfo> info;
  Options options = secure([&](Request& req) {
    info = req.tls();
    return Response("hi");
  });
  options.tls[0].ca = authority.pem();
  options.tls[0].request_cert = true;
  Served served(std::move(options));
  SecureClient client(served, {.certificate = &alice});
  ASSERT_TRUE(client.connect());
  EXPECT_EQ(client.get("/").body, "hi");
  ASSERT_TRUE(info && info->certificate);
  EXPECT_TRUE(info->authorized);
  EXPECT_EQ(info->protocol, "TLSv1.3");
  EXPECT_EQ(info->server_name, "localhost");
  EXPECT_EQ(info->certificate->subject, "CN=alice");
  EXPECT_EQ(info->certificate->issuer, "CN=authority");
  EXPECT_EQ(info->certificate->serial_number, "1F");
  EXPECT_EQ(info->certificate->alternative_names,
            std::vector<std::string>{"email:alice@example.com"});
  EXPECT_EQ(info->certificate->pem, alice.pem());
  EXPECT_EQ(info->certificate->fingerprint256.size(), 32u * 3 - 1);
  EXPECT_LT(info->certificate->valid_from, std::chrono::system_clock::now());
  EXPECT_GT(info->certificate->valid_until, std::chrono::system_clock::now());
}

TEST(TlsClients, WithoutTlsThereIsNothingToRead) {
  std::optional<TlsInfo> info = TlsInfo();
  Served served({.fetch = [&](Request& req) {
    info = req.tls();
    return Response("hi");
  }});
  served.get("/");
  EXPECT_FALSE(info);
}

// ---- A source of certificates

TEST(CertificateSources, MayWait) {
  const auto other = TestCertificate::make({.common_name = "found"});
  std::vector<std::string> asked;
  Options options = secure();
  options.certificate_for = [&](const std::string& name) -> Task<std::optional<TlsCertificate>> {
    asked.push_back(name);
    co_await bao::sleep(5ms);
    if (name == "nothing.example") co_return std::nullopt;
    if (name == "failing.example") throw std::runtime_error("no luck");
    TlsCertificate certificate(other.key().pem(), other.pem());
    co_return certificate;
  };
  Served served(std::move(options));
  SecureClient found(served, {.server_name = "some.example"});
  ASSERT_TRUE(found.connect()) << found.tls.failure();
  EXPECT_EQ(found.tls.server_common_name(), "found");
  SecureClient nothing(served, {.server_name = "nothing.example"});
  ASSERT_TRUE(nothing.connect());
  EXPECT_EQ(nothing.tls.server_common_name(), "localhost");
  SecureClient failing(served, {.server_name = "failing.example"});
  EXPECT_FALSE(failing.connect());
  EXPECT_EQ(failing.tls.failure(), "tlsv1 alert internal error");
  EXPECT_EQ(served.log, "bao: no certificate for the name \"failing.example\": no luck\n");
  EXPECT_EQ(asked,
            (std::vector<std::string>{"some.example", "nothing.example", "failing.example"}));
}

TEST(CertificateSources, OfEveryKind) {
  const auto other = TestCertificate::make({.common_name = "found"});
  const TlsCertificate certificate(other.key().pem("x"), other.pem(), "x");
  const std::vector<CertificateFor> sources = {
      [=](const std::string&) { return certificate; },
      [=](const std::string&) { return std::optional(certificate); },
      [=](const std::string&) -> Task<TlsCertificate> { co_return certificate; },
      [=](const std::string&) -> Task<std::optional<TlsCertificate>> { co_return certificate; },
  };
  for (const CertificateFor& source : sources) {
    Options options = secure();
    options.tls.clear();
    options.certificate_for = source;
    Served served(std::move(options));
    SecureClient client(served, {.server_name = "a.example"});
    ASSERT_TRUE(client.connect());
    EXPECT_EQ(client.tls.server_common_name(), "found");
  }
}

TEST(CertificateSources, RefusedCertificates) {
  try {
    TlsCertificate(localhost_certificate().key().pem("x"), localhost_certificate().pem(), "y");
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), ".passphrase");
  }
  EXPECT_THROW(TlsCertificate({}, {}), OptionError);
}

// ---- Reload

TEST(TlsReload, OpenConnectionsLiveOnAndNewOnesGetTheNewCertificate) {
  Served served(secure());
  SecureClient old(served);
  ASSERT_TRUE(old.connect());
  ReloadOptions options;
  options.fetch = [] { return Response("new"); };
  options.tls = {served_by(TestCertificate::make({.common_name = "renewed"}))};
  served.server.reload(options);
  EXPECT_EQ(old.get("/").body, "new");
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  EXPECT_EQ(client.tls.server_common_name(), "renewed");
  served.server.reload({.fetch = [] { return Response("newer"); }});
  SecureClient later(served);
  ASSERT_TRUE(later.connect());
  EXPECT_EQ(later.tls.server_common_name(), "renewed") << "without tls the present one stays";
  EXPECT_EQ(later.get("/").body, "newer");
}

TEST(TlsReload, WrongOnesChangeNothing) {
  Served served(secure());
  ReloadOptions options;
  options.fetch = [] { return Response("new"); };
  options.tls = {served_by(localhost_certificate())};
  options.tls[0].key = "nonsense";
  EXPECT_THROW(served.server.reload(options), OptionError);
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  EXPECT_EQ(client.get("/").body, "https://localhost/");
  Served plain({.fetch = [] { return Response("x"); }});
  options.tls = {served_by(localhost_certificate())};
  EXPECT_THROW(plain.server.reload(options), OptionError);
}

// ---- Sessions, limits, ends

TEST(TlsSessions, AreResumed) {
  Served served(secure());
  SecureClient first(served);
  ASSERT_TRUE(first.connect());
  first.get("/");
  SecureClient second(served, {.session = first.tls.session()});
  ASSERT_TRUE(second.connect());
  EXPECT_TRUE(second.tls.resumed());
  EXPECT_TRUE(turn_until([&] { return served.server.counters().handshakes_resumed == 1; }));
}

// Several servers on one port, as in several processes: the kernel sends a client to any of them.
TEST(TlsSessions, AreResumedByEveryServerWithTheSameTicketKeys) {
  Options options = secure();
  options.ticket_keys = std::string(80, 'k');
  Served first(options);
  Served second(options);
  SecureClient client(first);
  ASSERT_TRUE(client.connect());
  client.get("/");
  SecureClient again(second, {.session = client.tls.session()});
  ASSERT_TRUE(again.connect());
  EXPECT_TRUE(again.tls.resumed());
}

TEST(TlsSessions, TicketKeysAreReplacedByReload) {
  Options options = secure();
  options.ticket_keys = std::string(80, 'k');
  Served served(options);
  SecureClient first(served);
  ASSERT_TRUE(first.connect());
  first.get("/");
  const auto resumes = [&](Pem keys) {
    ReloadOptions reloaded;
    reloaded.fetch = [] { return Response("reloaded"); };
    reloaded.ticket_keys = std::move(keys);
    served.server.reload(std::move(reloaded));
    SecureClient client(served, {.session = first.tls.session()});
    EXPECT_TRUE(client.connect());
    EXPECT_EQ(client.get("/").body, "reloaded");
    return client.tls.resumed();
  };
  EXPECT_TRUE(resumes({})) << "they stay";
  EXPECT_TRUE(resumes({std::string(80, 'n'), std::string(80, 'k')}));
  EXPECT_FALSE(resumes(std::string(48, 'o')));
  ReloadOptions wrong;
  wrong.ticket_keys = "short";
  EXPECT_THROW(served.server.reload(std::move(wrong)), OptionError);
  EXPECT_EQ(SecureClient(served).connect(), true);
}

TEST(TlsOptions, TicketKeysOfAnotherLength) {
  Options options = secure();
  options.ticket_keys = {std::string(80, 'k'), std::string(79, 'k')};
  try {
    serve(options);
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), ".ticket_keys[1]");
    EXPECT_STREQ(error.what(),
                 "Option .ticket_keys[1] holds 79 bytes: give 80, as `openssl rand 80` makes them,"
                 " or 48");
  }
}

TEST(TlsLimits, HalfOpenConnectionsAreDroppedOldestFirst) {
  Options options = secure();
  options.max_handshakes = 20;
  Served served(std::move(options));
  std::vector<testing::RawClient> flood;
  for (int i = 0; i < 200; ++i) {
    flood.push_back(served.connect());
    if (i % 2 == 0) flood.back().send("\x16\x03\x01");
    Served::turn();
  }
  EXPECT_TRUE(turn_until([&] { return served.server.counters().handshakes_failed == 180; }));
  EXPECT_EQ(served.server.counters().handshakes_pending, 20u);
  SecureClient client(served);
  ASSERT_TRUE(client.connect()) << "service goes on";
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_NE(flood[0].wait_for_end(), testing::RawClient::End::open);
}

TEST(TlsLimits, HandshakesHaveTheirOwnTimeout) {
  Options options = secure();
  options.handshake_timeout = 30ms;
  options.head_timeout = 0ms;
  options.idle_timeout = 0ms;
  Served served(std::move(options));
  auto silent = served.connect();
  EXPECT_NE(silent.wait_for_end(), testing::RawClient::End::open);
  EXPECT_EQ(served.server.counters().handshakes_failed, 1u);
}

TEST(TlsEnds, AStopEndsHandshakesAndIdleConnections) {
  Served served(secure());
  auto half_open = served.connect();
  SecureClient idle(served);
  ASSERT_TRUE(idle.connect());
  EXPECT_TRUE(turn_until([&] { return served.server.counters().handshakes_pending == 1; }));
  const Stopping stopping = served.server.stop();
  EXPECT_TRUE(turn_until([&] { return stopping.done(); }));
  idle.read_to_end();
  EXPECT_TRUE(idle.tls.server_finished()) << "close_notify";
  EXPECT_NE(half_open.wait_for_end(), testing::RawClient::End::open);
}

TEST(TlsEnds, AnEndWithoutCloseNotifyIsCounted) {
  Served served(secure());
  SecureClient client(served);
  ASSERT_TRUE(client.connect());
  client.get("/");
  client.raw.finish_writing();
  EXPECT_TRUE(turn_until([&] { return served.server.counters().incomplete_closes == 1; }));
  SecureClient polite(served);
  ASSERT_TRUE(polite.connect());
  polite.get("/");
  polite.tls.finish();
  polite.raw.send(polite.tls.take_wire());
  polite.raw.finish_writing();
  EXPECT_TRUE(turn_until([&] { return served.server.counters().connections_open == 0; }));
  EXPECT_EQ(served.server.counters().incomplete_closes, 1u);
}

TEST(TlsEnds, ResetsAtEveryFlight) {
  Served served(secure());
  for (int flights = 0; flights < 4; ++flights) {
    SecureClient client(served);
    if (flights > 0) {
      client.tls.handshake();
      const std::string hello = client.tls.take_wire();
      client.raw.send(flights == 1 ? hello.substr(0, hello.size() / 2) : hello);
      Served::turn();
      if (flights == 3) {
        EXPECT_TRUE(client.connect());
      }
    }
    client.raw.reset();
    EXPECT_TRUE(turn_until([&] {
      const Counters counters = served.server.counters();
      return counters.handshakes_pending == 0 && counters.connections_open == 0 &&
             counters.handshakes_done + counters.handshakes_failed ==
                 static_cast<std::uint64_t>(flights) + 1;
    }));
  }
}

}  // namespace
}  // namespace bao
