#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "tls/transport_fixture.h"

// Certificates of clients, and sessions, which remember them.
namespace bao::tls {
namespace {

using testing::ClientOptions;
using testing::entry_of;
using testing::TestCertificate;

// ---- Client certificates

// With OpenSSL's connection object behind the handshake, and without it.
class ClientCertificateTest : public testing::TlsTransportTest,
                              public ::testing::WithParamInterface<bool> {
 protected:
  ClientCertificateTest() {
    Entry& entry = options.entries[0];
    entry.low_memory_mode = GetParam();
    entry.request_cert = true;
    entry.ca = {{.text = authority.pem(), .option = "tls.ca"}};
  }
  TestCertificate authority =
      TestCertificate::make({.common_name = "authority", .authority = true});
  TestCertificate alice = authority.issue({.common_name = "alice", .serial = 7});
  TestCertificate stranger = TestCertificate::make({.common_name = "stranger"});
};

std::string name_of(const ::testing::TestParamInfo<bool>& mode) {
  return mode.param ? "LowMemory" : "Usual";
}
INSTANTIATE_TEST_SUITE_P(Modes, ClientCertificateTest, ::testing::Bool(), name_of);

TEST_P(ClientCertificateTest, OneThatIsValid) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ASSERT_TRUE(connect({.certificate = &alice, .max_version = version}));
    const auto facts = transport->security();
    EXPECT_TRUE(facts->authorized);
    EXPECT_EQ(facts->authorization_error, "");
    EXPECT_FALSE(facts->peer_certificate.empty());
  }
}

TEST_P(ClientCertificateTest, NoneOrOneOfAStrangerIsRefused) {
  connect({.max_version = TLS1_2_VERSION});
  EXPECT_FALSE(done);
  EXPECT_FALSE(client->failure().empty());
  connect();
  EXPECT_FALSE(done);
  EXPECT_EQ(client->failure(), "tlsv13 alert certificate required");
  connect({.certificate = &stranger});
  EXPECT_FALSE(done);
  EXPECT_EQ(client->failure(), "tlsv1 alert unknown ca");
}

TEST_P(ClientCertificateTest, TheHandlerMayJudge) {
  options.entries[0].reject_unauthorized = false;
  ASSERT_TRUE(connect({.certificate = &stranger}));
  auto facts = transport->security();
  EXPECT_FALSE(facts->authorized);
  EXPECT_FALSE(facts->authorization_error.empty());
  EXPECT_FALSE(facts->peer_certificate.empty());
  ASSERT_TRUE(connect());
  facts = transport->security();
  EXPECT_FALSE(facts->authorized);
  EXPECT_TRUE(facts->authorization_error.empty());
  EXPECT_TRUE(facts->peer_certificate.empty());
}

TEST_P(ClientCertificateTest, OneThatWasTakenBack) {
  options.entries[0].crl = {{.text = authority.revoke({7}), .option = "tls.crl"}};
  connect({.certificate = &alice});
  EXPECT_FALSE(done);
  EXPECT_EQ(client->failure(), "sslv3 alert certificate revoked");
  const TestCertificate bob = authority.issue({.common_name = "bob", .serial = 8});
  EXPECT_TRUE(connect({.certificate = &bob}));
}

TEST_P(ClientCertificateTest, AnAuthorityAloneAsksForNone) {
  options.entries[0].request_cert = false;
  ASSERT_TRUE(connect({.certificate = &alice}));
  EXPECT_TRUE(transport->security()->peer_certificate.empty());
}

// ---- Sessions

class SessionTest : public ClientCertificateTest {
 protected:
  SessionTest() {
    options.entries[0].request_cert = false;
    ticket_keys = std::make_shared<TicketKeys>(std::chrono::hours(2), now);
  }
  // From now on a server with other memory, and these keys.
  void use_other_process(const std::vector<Pem>& keys) {
    if (transport != nullptr && !wire.closed) transport->close(true);
    transport = nullptr;
    context = nullptr;
    ticket_keys = std::make_shared<TicketKeys>(std::chrono::hours(2), now);
    ticket_keys->replace(read_ticket_keys(keys));
  }
  // Connects once more with the session of the last time; true if the server went on with it.
  bool resumes(ClientOptions with = {}) {
    pump();
    const auto before = std::move(client);
    with.session = before->session();
    if (with.session == nullptr || !connect(with)) return false;
    return client->resumed();
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, SessionTest, ::testing::Bool(), name_of);

TEST_P(SessionTest, AreResumedByTickets) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ASSERT_TRUE(connect({.max_version = version}));
    EXPECT_FALSE(client->resumed());
    EXPECT_TRUE(resumes({.max_version = version})) << version;
  }
  EXPECT_EQ(workspace.counters.handshakes_resumed, 2u);
}

TEST_P(SessionTest, AcrossAReload) {
  ASSERT_TRUE(connect());
  context = nullptr;
  options.entries = {entry_of(TestCertificate::make({.common_name = "renewed"}))};
  options.entries[0].low_memory_mode = GetParam();
  EXPECT_TRUE(resumes());
  EXPECT_EQ(workspace.counters.handshakes_resumed, 1u);
}

// Each key seals for one lifetime and opens for one more.
TEST_P(SessionTest, KeysRotate) {
  ASSERT_TRUE(connect());
  now += std::chrono::minutes(119);
  ASSERT_TRUE(resumes()) << "by the same key";
  now += std::chrono::minutes(2);
  ASSERT_TRUE(resumes()) << "by the previous key";
  now += std::chrono::hours(5);
  EXPECT_FALSE(resumes()) << "the key is forgotten";
}

// What one process sealed, another one opens that was given the same keys.
TEST_P(SessionTest, GivenKeysAreShared) {
  for (const size_t size : {size_t{80}, size_t{48}}) {
    const Pem key{.text = std::string(size, 'k'), .option = "ticketKeys"};
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      use_other_process({key});
      ASSERT_TRUE(connect({.max_version = version}));
      use_other_process({key});
      EXPECT_TRUE(resumes({.max_version = version})) << size << ' ' << version;
    }
  }
}

TEST_P(SessionTest, TheFirstGivenKeySealsAndAllOpen) {
  const Pem old_key{.text = std::string(80, 'o'), .option = "ticketKeys[1]"};
  const Pem new_key{.text = std::string(80, 'n'), .option = "ticketKeys[0]"};
  use_other_process({old_key});
  ASSERT_TRUE(connect());
  use_other_process({new_key, old_key});
  ASSERT_TRUE(resumes()) << "by the old key, and gets a ticket of the new one";
  use_other_process({new_key});
  EXPECT_TRUE(resumes());
  use_other_process({old_key});
  EXPECT_FALSE(resumes());
}

TEST_P(SessionTest, GivenKeysAreReplacedUnderOpenContexts) {
  ASSERT_TRUE(connect());
  ticket_keys->replace(read_ticket_keys({{.text = std::string(80, 'k'), .option = "keys"}}));
  EXPECT_FALSE(resumes()) << "its own key is not used any more";
  EXPECT_TRUE(resumes());
}

// However long its key is kept, a session ends with its timeout (RFC 8446 section 4.6.1).
TEST_P(SessionTest, TheTimeoutOfASessionIsToldToClients) {
  const Pem key{.text = std::string(80, 'k'), .option = "ticketKeys"};
  use_other_process({key});
  ASSERT_TRUE(connect());
  pump();
  ASSERT_NE(client->session(), nullptr);
  EXPECT_EQ(SSL_SESSION_get_ticket_lifetime_hint(client->session()), 7200u);
}

TEST_P(SessionTest, WithoutKeysThereAreNoTickets) {
  ticket_keys = nullptr;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ASSERT_TRUE(connect({.max_version = version}));
    EXPECT_FALSE(resumes({.max_version = version}));
  }
}

// Whoever was let in without a certificate is asked once it is required.
TEST_P(SessionTest, NotUnderOtherConditions) {
  ASSERT_TRUE(connect());
  context = nullptr;
  options.entries[0].request_cert = true;
  EXPECT_FALSE(resumes({.certificate = &alice}));
  EXPECT_TRUE(done) << "a full handshake instead";
  ASSERT_TRUE(resumes({.certificate = &alice}));
  EXPECT_TRUE(transport->security()->authorized) << "the session remembers the certificate";
  context = nullptr;
  options.entries[0].crl = {{.text = authority.revoke({7}), .option = "tls.crl"}};
  EXPECT_FALSE(resumes({.certificate = &alice}));
  EXPECT_FALSE(done) << "taken back since";
}

}  // namespace
}  // namespace bao::tls
