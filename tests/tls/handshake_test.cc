#include <gtest/gtest.h>
#include <random>

#include "tls/transport_fixture.h"

// From the first byte to the end of the handshake.
namespace bao::tls {
namespace {

using namespace std::chrono_literals;
using testing::ClientOptions;
using testing::entry_of;
using testing::localhost_certificate;
using testing::MemoryClient;
using testing::TestCertificate;

class HandshakeTest : public testing::TlsTransportTest {};

TEST_F(HandshakeTest, BothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ASSERT_TRUE(connect({.min_version = version, .max_version = version}));
    send("ping");
    EXPECT_EQ(std::exchange(text, {}), "ping");
    EXPECT_TRUE(write_all("pong"));
    pump();
    EXPECT_EQ(std::exchange(client_text, {}), "pong");
    const auto facts = transport->security();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->protocol, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(facts->server_name, "localhost");
    EXPECT_FALSE(facts->cipher.empty());
    EXPECT_TRUE(facts->peer_certificate.empty());
    EXPECT_FALSE(facts->authorized);
  }
  EXPECT_EQ(workspace.counters.handshakes_done, 2u);
  EXPECT_EQ(workspace.counters.handshakes_failed, 0u);
}

TEST_F(HandshakeTest, OlderVersionsAreRefused) {
  EXPECT_FALSE(connect(
      {.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}));
  EXPECT_FALSE(done);
  EXPECT_EQ(client->failure(), "tlsv1 alert protocol version");
}

TEST_F(HandshakeTest, ByteByByte) {
  begin();
  while (!client->handshake() || !done) {
    const std::string bytes = client->take_wire();
    ASSERT_FALSE(bytes.empty()) << client->failure();
    for (const char byte : bytes) {
      wire.inbound = byte;
      wire.turn();
    }
    client->receive(std::exchange(wire.outbound, {}));
  }
  SUCCEED();
}

// What comes along with the client's last flight is told at once.
TEST_F(HandshakeTest, ARequestBehindTheHandshakesLastBytes) {
  begin();
  client->handshake();
  pump();
  ASSERT_TRUE(client->handshake());
  client->send("early bird");
  pump();
  EXPECT_TRUE(done);
  EXPECT_EQ(text, "early bird");
}

TEST_F(HandshakeTest, AServerThatCanWriteOnlyByteByByte) {
  begin();
  wire.throttle(1);
  ASSERT_TRUE(shake_hands());
}

// ---- ALPN (RFC 7301)

TEST_F(HandshakeTest, TheProtocolIsHttp1) {
  ASSERT_TRUE(connect({.alpn = "\x02h2\x08http/1.1"}));
  EXPECT_EQ(client->protocol(), "http/1.1");
  EXPECT_EQ(transport->protocol(), "http/1.1");
}

TEST_F(HandshakeTest, AClientThatOffersNoProtocol) {
  ASSERT_TRUE(connect({.alpn = ""}));
  EXPECT_EQ(transport->protocol(), "");
}

// RFC 7301 section 3.2: no_application_protocol.
TEST_F(HandshakeTest, AClientThatSpeaksNothingOfOurs) {
  EXPECT_FALSE(connect({.alpn = "\x02h2"}));
  EXPECT_EQ(client->failure(), "tlsv1 alert no application protocol");
}

// ---- SNI (RFC 6066 section 3)

TEST_F(HandshakeTest, TheCertificateForAName) {
  options.entries.push_back(entry_of(TestCertificate::make({.common_name = "one"}), "one.example"));
  options.entries.push_back(
      entry_of(TestCertificate::make({.common_name = "wild"}), "*.Two.example."));
  for (const auto& [name, expected] :
       {std::pair("", "localhost"), std::pair("other.example", "localhost"),
        std::pair("ONE.example", "one"), std::pair("a.two.example", "wild"),
        std::pair("a.b.two.example", "localhost")}) {
    ASSERT_TRUE(connect({.server_name = name}));
    EXPECT_EQ(client->server_common_name(), expected) << name;
  }
}

// Finite fields instead of curves, for whoever gives parameters (RFC 5246 section 7.4.3).
TEST_F(HandshakeTest, DiffieHellmanByGivenParameters) {
  options.entries = {entry_of(TestCertificate::make({}, testing::TestKey::rsa()))};
  const ClientOptions old_client{.max_version = TLS1_2_VERSION,
                                 .ciphers = "DHE-RSA-AES128-GCM-SHA256"};
  EXPECT_FALSE(connect(old_client));
  options.entries[0].dh_params = {.text = testing::dh_parameters(), .option = "tls.dh_params_file"};
  context = nullptr;
  ASSERT_TRUE(connect(old_client));
  EXPECT_STREQ(SSL_get_cipher_name(client->ssl()), "DHE-RSA-AES128-GCM-SHA256");
  ASSERT_TRUE(connect({.max_version = TLS1_2_VERSION}));
  EXPECT_STREQ(SSL_get_cipher_name(client->ssl()), "ECDHE-RSA-AES128-GCM-SHA256") << "if it can";
}

TEST_F(HandshakeTest, ACertificateAloneIsServedWithItsAuthorities) {
  const auto root = TestCertificate::make({.common_name = "root", .authority = true});
  const auto middle = root.issue({.common_name = "middle", .authority = true});
  const auto leaf = middle.issue({.common_name = "leaf"});
  options.entries = {entry_of(leaf)};
  options.entries[0].ca = {{.text = root.pem() + middle.pem(), .option = "tls.ca"}};
  ASSERT_TRUE(connect());
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(client->ssl())), 2) << "leaf and middle";
  // A root that is not there changes nothing.
  options.entries[0].ca = {{.text = middle.pem(), .option = "tls.ca"}};
  context = nullptr;
  ASSERT_TRUE(connect());
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(client->ssl())), 2);
  // A chain that was given is what is meant.
  options.entries[0].certificates[0].text = leaf.pem() + middle.pem() + root.pem();
  context = nullptr;
  ASSERT_TRUE(connect());
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(client->ssl())), 3);
  options.entries[0].certificates[0].text = leaf.pem();
  options.entries[0].ca = {{.text = localhost_certificate().pem(), .option = "tls.ca"}};
  context = nullptr;
  ASSERT_TRUE(connect());
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(client->ssl())), 1) << "authorities of others";
}

TEST_F(HandshakeTest, OptionsAreThoseOfTheEntryThatIsChosen) {
  options.entries.push_back(entry_of(localhost_certificate(), "strict.example"));
  options.entries[1].min_version = kTls13;
  EXPECT_TRUE(connect({.server_name = "lax.example", .max_version = TLS1_2_VERSION}));
  EXPECT_FALSE(connect({.server_name = "strict.example", .max_version = TLS1_2_VERSION}));
  EXPECT_EQ(client->failure(), "tlsv1 alert protocol version");
}

// ---- A source of certificates

class CertificateSourceTest : public HandshakeTest {
 protected:
  CertificateSourceTest() {
    options.certificate_for = [this](std::shared_ptr<CertificateRequest> request) {
      asked.push_back(request->server_name());
      waiting = std::move(request);
      if (answer_at_once) waiting->answer(found);
    };
    std::vector<std::string> unseen;
    found =
        Credentials::read(entry_of(TestCertificate::make({.common_name = "found"})), {}, unseen);
  }
  std::vector<std::string> asked;
  std::shared_ptr<CertificateRequest> waiting;
  std::shared_ptr<const Credentials> found;
  bool answer_at_once = false;
};

TEST_F(CertificateSourceTest, AnswersAtOnce) {
  answer_at_once = true;
  ASSERT_TRUE(connect({.server_name = "Some.example"}));
  EXPECT_EQ(client->server_common_name(), "found");
  EXPECT_EQ(asked, std::vector<std::string>{"some.example"});
}

TEST_F(CertificateSourceTest, AnswersLaterWhileTheHandshakeWaits) {
  begin({.server_name = "some.example"});
  client->handshake();
  pump();
  EXPECT_FALSE(wire.read_wanted);
  EXPECT_TRUE(wire.outbound.empty());
  ASSERT_NE(waiting, nullptr);
  waiting->answer(found);
  EXPECT_FALSE(waiting->waiting());
  pump();
  ASSERT_TRUE(shake_hands());
  EXPECT_EQ(client->server_common_name(), "found");
}

TEST_F(CertificateSourceTest, NoneOfItsOwnMeansTheFirstEntrys) {
  found = nullptr;
  answer_at_once = true;
  ASSERT_TRUE(connect({.server_name = "some.example"}));
  EXPECT_EQ(client->server_common_name(), "localhost");
}

TEST_F(CertificateSourceTest, NamesOfEntriesAreNotAskedFor) {
  options.entries[0].server_name = "known.example";
  ASSERT_TRUE(connect({.server_name = "known.example"}));
  ASSERT_TRUE(connect({.server_name = ""}));
  EXPECT_TRUE(asked.empty());
}

TEST_F(CertificateSourceTest, ASourceAlone) {
  options.entries.clear();
  answer_at_once = true;
  ASSERT_TRUE(connect({.server_name = "some.example"}));
  ASSERT_TRUE(connect({.server_name = ""}));
  EXPECT_EQ(asked, (std::vector<std::string>{"some.example", ""}));
  found = nullptr;
  EXPECT_FALSE(connect({.server_name = "some.example"}));
  EXPECT_EQ(client->failure(), "tlsv1 unrecognized name");
}

TEST_F(CertificateSourceTest, ASearchThatFails) {
  begin({.server_name = "some.example"});
  client->handshake();
  pump();
  waiting->fail("the disk is full");
  pump();
  client->handshake();
  EXPECT_EQ(client->failure(), "tlsv1 alert internal error");
  EXPECT_EQ(logged, std::vector<std::string>{
                        "bao: no certificate for the name \"some.example\": the disk is full"});
  wire.peer_finished = true;
  pump();
  EXPECT_TRUE(failed);
}

TEST_F(CertificateSourceTest, AClientThatGoesAwayMeanwhile) {
  begin({.server_name = "some.example"});
  client->handshake();
  pump();
  wire.peer_finished = true;
  pump();
  EXPECT_TRUE(failed);
  EXPECT_FALSE(waiting->waiting());
  waiting->answer(found);
  waiting->fail("late");
  EXPECT_TRUE(logged.empty());
}

TEST_F(CertificateSourceTest, ASearchThatTakesTooLong) {
  begin({.server_name = "some.example"});
  client->handshake();
  pump();
  pass(10s);
  EXPECT_TRUE(failed);
  waiting->answer(found);
}

// ---- What is off

// RFC 5746 section 4.5: a server may refuse; ours goes on as it was.
TEST_F(HandshakeTest, RenegotiationIsOff) {
  ASSERT_TRUE(connect({.max_version = TLS1_2_VERSION}));
  ASSERT_EQ(SSL_renegotiate(client->ssl()), 1);
  client->handshake();
  pump();
  client->handshake();
  EXPECT_EQ(client->failure(), "no renegotiation");
  ERR_clear_error();
  EXPECT_FALSE(wire.closed);
}

TEST_F(HandshakeTest, EarlyDataIsOff) {
  ticket_keys = std::make_shared<TicketKeys>(std::chrono::hours(2), now);
  ASSERT_TRUE(connect());
  pump();
  ASSERT_NE(client->session(), nullptr);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(client->session()), 0u);
}

// ---- Refusals

TEST_F(HandshakeTest, PlainHttpGetsAReadableReply) {
  begin();
  wire.inbound = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  while (wire.turn()) {
  }
  EXPECT_EQ(wire.outbound, "PLAIN");
  EXPECT_TRUE(wire.finished);
  EXPECT_FALSE(wire.closed) << "the client may still be sending";
  wire.inbound = "more";
  while (wire.turn()) {
  }
  wire.peer_finished = true;
  wire.turn();
  EXPECT_TRUE(wire.closed);
  EXPECT_FALSE(wire.reset);
  EXPECT_TRUE(failed);
  EXPECT_EQ(workspace.counters.plain_requests, 1u);
}

TEST_F(HandshakeTest, ARefusedClientThatGoesOnIsGivenUp) {
  begin();
  wire.inbound = "GET";
  wire.turn();
  pass(2s);
  EXPECT_TRUE(failed);
  begin();
  wire.inbound = "GET";
  wire.turn();
  wire.inbound = std::string(2 << 20, 'x');
  while (!wire.closed && wire.turn()) {
  }
  EXPECT_TRUE(failed);
}

TEST_F(HandshakeTest, GarbageIsRefused) {
  for (const std::string& bytes :
       {std::string("\0\1\2\3\4\5\6\7", 8), std::string("\x80\x2e\1\0\2", 5),
        std::string("\x16\x03\x01\x00\x00", 5), std::string(5, '\xFF')}) {
    begin();
    wire.inbound = bytes + std::string(100, 'x');
    while (!wire.closed && wire.turn()) {
    }
    // OpenSSL has no alert for what does not even look like a record.
    if (!wire.outbound.empty()) {
      EXPECT_EQ(wire.outbound[0], 21) << "an alert";
    }
    wire.peer_finished = true;
    while (!wire.closed && wire.turn()) {
    }
    EXPECT_TRUE(failed);
  }
}

TEST_F(HandshakeTest, AHelloWithoutEndIsNotGatheredForEver) {
  begin();
  wire.inbound = std::string("\x16\x03\x01\x40\x00\x01\x00\xFF\xFF", 9);
  for (int i = 0; i < 20 && !wire.closed; ++i) {
    wire.inbound += std::string(4096 - wire.inbound.size() % 5, 'x');
    wire.turn();
  }
  wire.peer_finished = true;
  while (!wire.closed && wire.turn()) {
  }
  EXPECT_TRUE(failed);
}

TEST_F(HandshakeTest, OneThatTakesTooLong) {
  workspace.handshake_timeout = 3s;
  begin();
  pass(2999ms);
  EXPECT_FALSE(failed);
  pass(1ms);
  EXPECT_TRUE(failed);
  EXPECT_TRUE(wire.closed);
  begin();
  client->handshake();
  pump();
  pass(3s);
  EXPECT_TRUE(failed) << "half-way, too";
}

TEST_F(HandshakeTest, ForEver) {
  workspace.handshake_timeout = 0s;
  begin();
  EXPECT_TRUE(timers.empty());
}

TEST_F(HandshakeTest, GivingUpTellsNobody) {
  begin();
  transport->give_up();
  EXPECT_TRUE(wire.closed);
  EXPECT_FALSE(failed);
  EXPECT_EQ(workspace.counters.handshakes_failed, 1u);
}

// ---- Faults: every flight cut, damaged, reset, at every byte

TEST_F(HandshakeTest, CutAtEveryByte) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    begin({.max_version = version});
    client->handshake();
    const size_t first = client->take_wire().size();
    for (const bool reset : {false, true}) {
      for (size_t flight = 0; flight < 2; ++flight) {
        for (size_t cut = 0; cut < first; cut += flight == 0 ? 7 : 3) {
          begin({.max_version = version});
          client->handshake();
          if (flight == 1) {
            pump();
            client->handshake();
          }
          const std::string bytes = client->take_wire();
          if (cut >= bytes.size()) break;
          wire.inbound = bytes.substr(0, cut);
          while (!wire.closed && wire.turn()) {
          }
          (reset ? wire.peer_reset : wire.peer_finished) = true;
          while (!wire.closed && wire.turn()) {
          }
          ASSERT_TRUE(failed || done) << flight << " " << cut;
          if (flight == 0) {
            ASSERT_TRUE(failed) << cut;
          }
        }
      }
    }
  }
}

TEST_F(HandshakeTest, DamagedAnywhere) {
  std::mt19937 random(11);
  for (int i = 0; i < 600; ++i) {
    begin({.max_version = i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION});
    client->handshake();
    const bool second = i % 3 == 0;
    if (second) {
      pump();
      client->handshake();
    }
    std::string bytes = client->take_wire();
    for (unsigned flips = 1 + random() % 5; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
    }
    wire.inbound = bytes;
    while (!wire.closed && wire.turn()) {
    }
    if (done) continue;  // what was hit meant nothing
    wire.peer_finished = true;
    while (!wire.closed && wire.turn()) {
    }
    ASSERT_TRUE(failed || done) << i;
  }
}

}  // namespace
}  // namespace bao::tls
