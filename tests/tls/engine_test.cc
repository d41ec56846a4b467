#include "tls/engine.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tls/transport_fixture.h"

// How a connection lets OpenSSL's object go, seen by OpenSSL's own client.
namespace bao::tls {
namespace {

using testing::ClientOptions;
using testing::entry_of;
using testing::MemoryClient;
using testing::TestCertificate;
using Status = Engine::Status;

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    entry.low_memory_mode = true;
    ticket_keys = std::make_shared<TicketKeys>(std::chrono::hours(2), now);
  }
  ~EngineTest() override { EXPECT_EQ(ERR_peek_error(), 0u); }

  void begin(const ClientOptions& with = {}) {
    Options options;
    options.entries = {entry};
    std::vector<std::string> warnings;
    context = Context::make(options, ticket_keys, warnings);
    before = std::move(client);
    client = std::make_unique<MemoryClient>(with);
    engine = std::make_unique<Engine>(*context->choose({}).context, output, &ciphers);
    text.clear();
  }
  // Until both are done. The client's last words may come together with `behind`.
  bool shake_hands(std::string_view behind = "") {
    bool client_done = false;
    Status status = Status::want_input;
    std::string input;
    for (int i = 0; i < 10 && status == Status::want_input; ++i) {
      const bool was_done = std::exchange(client_done, client->handshake());
      if (client_done && !was_done && !behind.empty()) client->send(behind);
      input = client->take_wire();
      engine->give(input);
      status = engine->handshake();
      // Tickets are sent to a client that reads them later.
      if (status == Status::want_input) client->receive(std::exchange(output, {}));
    }
    left = engine->rest();
    engine->give({});
    client->receive(std::exchange(output, {}));
    return client->handshake() && status == Status::ok;
  }
  bool connect(const ClientOptions& with = {}) {
    begin(with);
    return shake_hands();
  }
  bool has_let_go() const { return engine->ssl() == nullptr; }

  // What the client has said since.
  Status read() {
    const std::string input = std::exchange(left, {}) + client->take_wire();
    engine->give(input);
    std::string buffer(64 * 1024, '\0');
    Engine::ReadResult result{};
    do {
      result = engine->read({buffer.data(), buffer.size()});
      text.append(buffer, 0, result.bytes);
    } while (result.status == Status::ok);
    EXPECT_TRUE(engine->rest().empty());
    engine->give({});
    return result.status;
  }
  // What the server has said since.
  std::string client_reads() {
    client->receive(std::exchange(output, {}));
    std::string got = client->take();
    EXPECT_EQ(client->failure(), "");
    return got;
  }
  // Both directions work, for a while, and with changed keys.
  void talk() {
    const std::string large(16'384, 'x');
    for (const std::string& said : {std::string("a"), large, std::string("b")}) {
      client->send(said);
      EXPECT_EQ(read(), Status::want_input);
      EXPECT_EQ(std::exchange(text, {}), said);
      EXPECT_TRUE(engine->write(said));
      EXPECT_EQ(client_reads(), said);
      for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
        ASSERT_EQ(SSL_key_update(client->ssl(), kind), 1);
        client->send("k");
        EXPECT_EQ(read(), Status::want_input);
        EXPECT_EQ(std::exchange(text, {}), "k");
        EXPECT_TRUE(engine->write("l"));
        EXPECT_EQ(client_reads(), "l");
      }
    }
  }

  net::TimePoint now{std::chrono::hours(1)};
  Entry entry = entry_of(testing::localhost_certificate());
  std::shared_ptr<TicketKeys> ticket_keys;
  std::shared_ptr<const Context> context;
  RecordCiphers ciphers;
  std::string output;
  std::string left;
  std::unique_ptr<MemoryClient> before;
  std::unique_ptr<MemoryClient> client;
  std::unique_ptr<Engine> engine;
  std::string text;
};

TEST_F(EngineTest, GoesOnWithoutOpenSslWithEachCipher) {
  for (const char* cipher :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    begin();
    ASSERT_EQ(SSL_set_ciphersuites(client->ssl(), cipher), 1);
    ASSERT_TRUE(shake_hands()) << cipher;
    EXPECT_TRUE(has_let_go());
    EXPECT_EQ(engine->security().cipher, cipher);
    EXPECT_EQ(engine->security().protocol, "TLSv1.3");
    EXPECT_EQ(engine->protocol(), "http/1.1");
    EXPECT_FALSE(engine->resumed());
    talk();
    engine->finish();
    client_reads();
    EXPECT_TRUE(client->server_finished());
    EXPECT_FALSE(engine->write("more"));
    client->send("still here");
    client->finish();
    EXPECT_EQ(read(), Status::end);
    EXPECT_EQ(text, "still here");
  }
}

TEST_F(EngineTest, WithoutAlpnThereIsNoProtocol) {
  ASSERT_TRUE(connect({.alpn = ""}));
  EXPECT_TRUE(has_let_go());
  EXPECT_EQ(engine->protocol(), "");
}

TEST_F(EngineTest, DataRightBehindTheHandshake) {
  begin();
  ASSERT_TRUE(shake_hands("request"));
  EXPECT_TRUE(has_let_go());
  EXPECT_FALSE(left.empty()) << "OpenSSL has not touched it";
  EXPECT_EQ(read(), Status::want_input);
  EXPECT_EQ(text, "request");
}

// Tickets are the first records under the keys that go on (RFC 8446 section 4.6.1): two of them,
// one of a resumed session, or none.
TEST_F(EngineTest, SessionsAreResumed) {
  ASSERT_TRUE(connect());
  EXPECT_TRUE(has_let_go());
  talk();
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(client->session(), nullptr) << "the ticket has come";
    ASSERT_TRUE(connect({.session = client->session()}));
    EXPECT_TRUE(has_let_go());
    EXPECT_TRUE(engine->resumed());
    EXPECT_TRUE(client->resumed());
    talk();
  }
}

TEST_F(EngineTest, WithoutTickets) {
  ticket_keys = nullptr;
  ASSERT_TRUE(connect());
  EXPECT_TRUE(has_let_go());
  talk();
}

// RFC 8446 section 4.1.4
TEST_F(EngineTest, BehindAHelloRetryRequest) {
  begin();
  ASSERT_EQ(SSL_CTX_set1_groups_list(context->choose({}).context, "P-384"), 1);
  engine = std::make_unique<Engine>(*context->choose({}).context, output, &ciphers);
  ASSERT_EQ(SSL_set1_groups_list(client->ssl(), "X25519:P-384"), 1);
  ASSERT_TRUE(shake_hands());
  EXPECT_TRUE(has_let_go());
  talk();
}

TEST_F(EngineTest, CertificatesOfClientsAreRemembered) {
  const TestCertificate authority =
      TestCertificate::make({.common_name = "authority", .authority = true});
  const TestCertificate alice = authority.issue({.common_name = "alice"});
  const TestCertificate stranger = TestCertificate::make({.common_name = "stranger"});
  entry.request_cert = true;
  entry.reject_unauthorized = false;
  entry.ca = {{.text = authority.pem(), .option = "tls.ca"}};
  for (const TestCertificate* certificate : {&alice, &stranger}) {
    entry.low_memory_mode = false;
    ASSERT_TRUE(connect({.certificate = certificate}));
    ASSERT_FALSE(has_let_go());
    const net::Security usual = engine->security();
    entry.low_memory_mode = true;
    ASSERT_TRUE(connect({.certificate = certificate}));
    ASSERT_TRUE(has_let_go());
    talk();
    const net::Security facts = engine->security();
    EXPECT_EQ(facts.peer_certificate, usual.peer_certificate);
    EXPECT_FALSE(facts.peer_certificate.empty());
    EXPECT_EQ(facts.authorized, certificate == &alice);
    EXPECT_EQ(facts.authorized, usual.authorized);
    EXPECT_EQ(facts.authorization_error, usual.authorization_error);
    // The session remembers it.
    ASSERT_TRUE(connect({.certificate = certificate, .session = client->session()}));
    EXPECT_TRUE(has_let_go());
    EXPECT_TRUE(engine->resumed());
    EXPECT_EQ(engine->security().peer_certificate, usual.peer_certificate);
    EXPECT_EQ(engine->security().authorized, usual.authorized);
    talk();
  }
  ASSERT_TRUE(connect());
  EXPECT_TRUE(has_let_go());
  EXPECT_EQ(engine->security().peer_certificate, "");
  EXPECT_FALSE(engine->security().authorized);
}

// ---- Where OpenSSL goes on

TEST_F(EngineTest, NotWithTls12) {
  ASSERT_TRUE(connect({.max_version = TLS1_2_VERSION}));
  EXPECT_FALSE(has_let_go());
  EXPECT_EQ(engine->security().protocol, "TLSv1.2");
  client->send("text");
  EXPECT_EQ(read(), Status::want_input);
  EXPECT_EQ(text, "text");
  EXPECT_TRUE(engine->write("answer"));
  EXPECT_EQ(client_reads(), "answer");
}

TEST_F(EngineTest, NotWithOtherCiphers) {
  entry.ciphers = "TLS_AES_128_CCM_SHA256";
  begin();
  ASSERT_EQ(SSL_set_ciphersuites(client->ssl(), "TLS_AES_128_CCM_SHA256"), 1);
  ASSERT_TRUE(shake_hands());
  EXPECT_FALSE(has_let_go());
  talk();
}

TEST_F(EngineTest, NotUnlessTheContextSharesItsSecrets) {
  entry.low_memory_mode = false;
  ASSERT_TRUE(connect());
  EXPECT_FALSE(has_let_go());
  talk();
}

TEST_F(EngineTest, NotUnlessThereAreCiphers) {
  begin();
  engine = std::make_unique<Engine>(*context->choose({}).context, output);
  ASSERT_TRUE(shake_hands());
  EXPECT_FALSE(has_let_go());
  talk();
}

// RFC 6066 section 4: records are as small as the client has asked for.
TEST_F(EngineTest, NotWithSmallFragments) {
  begin();
  ASSERT_EQ(SSL_set_tlsext_max_fragment_length(client->ssl(), TLSEXT_max_fragment_length_512), 1);
  ASSERT_TRUE(shake_hands());
  EXPECT_FALSE(has_let_go());
  const std::string large(5'000, 'x');
  EXPECT_TRUE(engine->write(large));
  EXPECT_EQ(client_reads(), large);
}

// ---- Faults

TEST_F(EngineTest, AFaultIsToldByAnAlert) {
  ASSERT_TRUE(connect());
  client->send("good");
  std::string wire = client->take_wire();
  client->send("damaged");
  wire += client->take_wire();
  wire.back() = static_cast<char>(wire.back() ^ 1);
  left = wire;
  EXPECT_EQ(read(), Status::failed);
  EXPECT_EQ(text, "good");
  EXPECT_FALSE(engine->write("more"));
  engine->finish();
  client->receive(std::exchange(output, {}));
  client->take();
  EXPECT_EQ(client->failure(), "sslv3 alert bad record mac");
}

TEST_F(EngineTest, AnAlertOfTheClientIsTheEnd) {
  ASSERT_TRUE(connect());
  client->receive(std::string("\x17\3\3\0\x20", 5) + std::string(32, 'x'));
  client->take();
  EXPECT_NE(client->failure(), "");
  EXPECT_EQ(read(), Status::failed);
  EXPECT_TRUE(output.empty()) << "no answer to an alert";
  EXPECT_FALSE(engine->write("more"));
}

}  // namespace
}  // namespace bao::tls
