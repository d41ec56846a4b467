#include "tls/context.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "tls/certificates.h"

// Certificates and keys are read and checked when the server starts; what is wrong is named.
namespace bao::tls {
namespace {

using testing::localhost_certificate;
using testing::TestCertificate;
using testing::TestKey;

constexpr EntryNames kNames{
    .key = "theKey",
    .cert = "theCert",
    .passphrase = "thePassphrase",
    .server_name = "theName",
    .ca = "theCa",
    .crl = "theCrl",
    .dh_params_file = "theDhFile",
    .ciphers = "theCiphers",
    .secure_options = "theOptions",
    .min_version = "theMinimum",
    .max_version = "theMaximum",
};

Pem pem(std::string text, const char* option) {
  return {.text = std::move(text), .option = option};
}

Entry good_entry() {
  const TestCertificate& certificate = localhost_certificate();
  Entry entry;
  entry.option = "tls";
  entry.keys = {pem(certificate.key().pem(), "tls.theKey")};
  entry.certificates = {pem(certificate.pem(), "tls.theCert")};
  return entry;
}

std::shared_ptr<const Context> make(std::vector<Entry> entries,
                                    std::vector<std::string>* warnings = nullptr) {
  Options options;
  options.names = kNames;
  options.entries = std::move(entries);
  std::vector<std::string> unseen;
  return Context::make(options, nullptr, warnings != nullptr ? *warnings : unseen);
}

// The message of the refusal; the option that it names is the one that is expected.
std::string refusal(std::vector<Entry> entries, const char* option) {
  try {
    make(std::move(entries));
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), option);
    EXPECT_TRUE(std::string(error.what()).starts_with("Option " + std::string(option)))
        << error.what();
    return error.what();
  }
  return "nothing was refused";
}
std::string refusal(const std::function<void(Entry&)>& spoil, const char* option) {
  Entry entry = good_entry();
  spoil(entry);
  return refusal(std::vector<Entry>{std::move(entry)}, option);
}

TEST(ContextTest, AGoodEntry) {
  std::vector<std::string> warnings;
  const auto context = make({good_entry()}, &warnings);
  EXPECT_TRUE(warnings.empty());
  const auto choice = context->choose("whatever.example");
  EXPECT_TRUE(choice.has_certificate);
  EXPECT_FALSE(choice.named);
  EXPECT_EQ(ERR_peek_error(), 0u) << "OpenSSL's queue is as it was";
}

TEST(ContextTest, ReadsOfErrorsLeaveNoneBehind) {
  refusal([](Entry& entry) { entry.keys[0].text = "-----BEGIN"; }, "tls.theKey");
  refusal([](Entry& entry) { entry.certificates[0].text = "nothing"; }, "tls.theCert");
  refusal([](Entry& entry) { entry.ciphers = "nothing"; }, "tls.theCiphers");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

// ---- Keys

TEST(ContextTest, AKeyThatDoesNotFit) {
  EXPECT_EQ(
      refusal([](Entry& entry) { entry.keys[0].text = TestKey::ec().pem(); }, "tls.theKey"),
      "Option tls.theKey does not fit the certificate \"CN = localhost\" in tls.theCert: give "
      "the private key that this certificate was made for");
  refusal([](Entry& entry) { entry.keys[0].text = TestKey::rsa().pem(); }, "tls.theKey");
}

TEST(ContextTest, APathInsteadOfContents) {
  EXPECT_EQ(refusal([](Entry& entry) { entry.keys[0].text = "/etc/key.pem"; }, "tls.theKey"),
            "Option tls.theKey holds no PEM private key but \"/etc/key.pem\": give the contents of "
            "the file, not its path");
}

TEST(ContextTest, NoPem) {
  EXPECT_EQ(refusal([](Entry& entry) { entry.keys[0].text = ""; }, "tls.theKey"),
            "Option tls.theKey holds no PEM private key, it is empty: give text with the line "
            "-----BEGIN PRIVATE KEY-----");
  EXPECT_EQ(refusal([](Entry& entry) { entry.keys[0].text = "0\x82\x01\n\n"; }, "tls.theKey"),
            "Option tls.theKey holds no PEM private key (it looks like DER): give text with the "
            "line -----BEGIN PRIVATE KEY-----");
  EXPECT_EQ(
      refusal([](Entry& entry) { entry.keys[0].text = entry.certificates[0].text; }, "tls.theKey"),
      "Option tls.theKey holds no PEM private key: give text with the line -----BEGIN "
      "PRIVATE KEY-----");
  EXPECT_EQ(
      refusal([](Entry& entry) { entry.certificates[0].text = entry.keys[0].text; }, "tls.theCert"),
      "Option tls.theCert holds no PEM certificate: give text with the line -----BEGIN "
      "CERTIFICATE-----");
}

TEST(ContextTest, DamagedPem) {
  auto damage = [](std::string& text) { text.replace(text.find('\n') + 20, 4, "!!!!"); };
  EXPECT_TRUE(refusal([&](Entry& entry) { damage(entry.keys[0].text); }, "tls.theKey")
                  .starts_with("Option tls.theKey holds a private key that cannot be read ("));
  EXPECT_TRUE(refusal([&](Entry& entry) { damage(entry.certificates[0].text); }, "tls.theCert")
                  .starts_with("Option tls.theCert holds a certificate that cannot be read ("));
}

TEST(ContextTest, EncryptedKeys) {
  const std::string encrypted = localhost_certificate().key().pem("open sesame");
  Entry entry = good_entry();
  entry.keys[0].text = encrypted;
  entry.passphrase = "open sesame";
  EXPECT_NO_THROW(make({entry}));
  entry.passphrase = "not this one";
  EXPECT_EQ(refusal(std::vector{entry}, "tls.thePassphrase"),
            "Option tls.thePassphrase does not decrypt the private key in tls.theKey: give the one "
            "that it was encrypted with");
  entry.passphrase.reset();
  EXPECT_EQ(refusal(std::vector{entry}, "tls.theKey"),
            "Option tls.theKey is an encrypted private key: give its passphrase in "
            "tls.thePassphrase");
  entry.keys[0].passphrase = "open sesame";
  entry.passphrase = "of other keys";
  EXPECT_NO_THROW(make({entry}));
}

TEST(ContextTest, APassphraseThatIsNotNeeded) {
  Entry entry = good_entry();
  entry.passphrase = "for nothing";
  EXPECT_NO_THROW(make({entry}));
}

TEST(ContextTest, OneWithoutTheOther) {
  EXPECT_EQ(refusal([](Entry& entry) { entry.keys.clear(); }, "tls.theKey"),
            "Option tls.theKey is missing: give the private key of the certificate in tls.theCert");
  EXPECT_EQ(refusal([](Entry& entry) { entry.certificates.clear(); }, "tls.theCert"),
            "Option tls.theCert is missing: give the certificate of the private key in tls.theKey");
  EXPECT_EQ(
      refusal([](Entry& entry) { entry.certificates.clear(), entry.keys.clear(); }, "tls.theKey"),
      "Option tls.theKey is missing: give the private key, and its certificate in "
      "tls.theCert");
}

// ---- Chains, several kinds of keys

TEST(ContextTest, TwoKindsOfKeysInAnyOrder) {
  const TestKey rsa = TestKey::rsa();
  const auto of_rsa = TestCertificate::make({.common_name = "rsa"}, rsa);
  Entry entry = good_entry();
  entry.keys.insert(entry.keys.begin(), pem(rsa.pem(), "tls.theKey[0]"));
  entry.certificates.push_back(pem(of_rsa.pem(), "tls.theCert[1]"));
  const auto context = make({entry});
  SSL_CTX* raw = context->choose("").context;
  std::vector<int> kinds;
  for (int more = SSL_CTX_set_current_cert(raw, SSL_CERT_SET_FIRST); more == 1;
       more = SSL_CTX_set_current_cert(raw, SSL_CERT_SET_NEXT)) {
    kinds.push_back(EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(raw)));
  }
  EXPECT_EQ(kinds, (std::vector{EVP_PKEY_RSA, EVP_PKEY_EC}));
}

TEST(ContextTest, AKeyTooMany) {
  EXPECT_EQ(
      refusal([](Entry& entry) { entry.keys.push_back(pem(TestKey::ec().pem(), "tls.theKey[1]")); },
              "tls.theKey[1]"),
      "Option tls.theKey[1] does not fit the certificate \"CN = localhost\" in tls.theCert: "
      "give the private key that this certificate was made for");
}

TEST(ContextTest, AChainInOneTextOrInSeveral) {
  const auto root = TestCertificate::make({.common_name = "root", .authority = true});
  const auto between = root.issue({.common_name = "between", .authority = true});
  const auto leaf = between.issue({.common_name = "leaf"});
  Entry entry = good_entry();
  entry.keys[0].text = leaf.key().pem();
  for (const bool one : {true, false}) {
    if (one) {
      entry.certificates = {pem(leaf.pem() + between.pem() + root.pem(), "tls.theCert")};
    } else {
      entry.certificates = {pem(leaf.pem(), "tls.theCert[0]"),
                            pem(between.pem() + root.pem(), "tls.theCert[1]")};
    }
    STACK_OF(X509)* chain = nullptr;
    const auto context = make({entry});
    ASSERT_EQ(SSL_CTX_get0_chain_certs(context->choose("").context, &chain), 1);
    EXPECT_EQ(sk_X509_num(chain), 2) << one;
  }
}

TEST(ContextTest, ExpiredAndEarlyCertificatesAreWarnedOf) {
  const auto old =
      TestCertificate::make({.common_name = "old", .valid_from = -7200, .valid_until = -3600});
  const auto early = TestCertificate::make({.common_name = "early", .valid_from = 3600});
  for (const auto& [certificate, words] :
       {std::pair(old, "expired on 20"), std::pair(early, "is not valid before 20")}) {
    Entry entry = good_entry();
    entry.keys[0].text = certificate.key().pem();
    entry.certificates[0].text = certificate.pem();
    std::vector<std::string> warnings;
    make({entry}, &warnings);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].find(words), std::string::npos) << warnings[0];
    EXPECT_NE(warnings[0].find("in tls.theCert"), std::string::npos) << warnings[0];
  }
}

TEST(ContextTest, AnExpiredLinkOfTheChainIsWarnedOf) {
  const auto root = TestCertificate::make(
      {.common_name = "gone", .authority = true, .valid_from = -7200, .valid_until = -3600});
  const auto leaf = root.issue({.common_name = "leaf"});
  Entry entry = good_entry();
  entry.keys[0].text = leaf.key().pem();
  entry.certificates[0].text = leaf.pem() + root.pem();
  std::vector<std::string> warnings;
  make({entry}, &warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("\"CN = gone\""), std::string::npos) << warnings[0];
}

TEST(ContextTest, AKeyThatIsTooSmall) {
  const auto weak = TestCertificate::make({.common_name = "weak"}, TestKey::rsa(1024));
  EXPECT_TRUE(refusal(
                  [&](Entry& entry) {
                    entry.keys[0].text = weak.key().pem();
                    entry.certificates[0].text = weak.pem();
                  },
                  "tls.theCert")
                  .starts_with("Option tls.theCert is refused by OpenSSL ("));
}

// ---- Names

TEST(ContextTest, TheEntryForAName) {
  std::vector<Entry> entries(3, good_entry());
  entries[1].server_name = "one.example";
  entries[2].server_name = "*.two.example";
  const auto context = make(entries);
  SSL_CTX* first = context->choose("").context;
  EXPECT_EQ(context->choose("other.example").context, first);
  EXPECT_NE(context->choose("one.example").context, first);
  EXPECT_TRUE(context->choose("one.example").named);
  EXPECT_NE(context->choose("a.two.example").context, first);
  EXPECT_NE(context->choose("a.two.example").context, context->choose("one.example").context);
}

TEST(ContextTest, EveryEntryButTheFirstNeedsAName) {
  std::vector<Entry> entries(2, good_entry());
  entries[1].option = "tls[1]";
  EXPECT_EQ(refusal(entries, "tls[1].theName"),
            "Option tls[1].theName is missing: only the first entry serves clients that name no "
            "server, give the name that this one is for");
  entries[1].server_name = "https://a";
  EXPECT_EQ(refusal(entries, "tls[1].theName"),
            "Option tls[1].theName is \"https://a\": give a host name, as in \"example.com\"");
}

// ---- The rest

TEST(ContextTest, Versions) {
  Entry entry = good_entry();
  const auto by_default = make({entry});
  EXPECT_EQ(SSL_CTX_get_min_proto_version(by_default->choose("").context), TLS1_2_VERSION);
  entry.min_version = entry.max_version = kTls13;
  const auto newest = make({entry});
  EXPECT_EQ(SSL_CTX_get_min_proto_version(newest->choose("").context), TLS1_3_VERSION);
  EXPECT_EQ(SSL_CTX_get_max_proto_version(newest->choose("").context), TLS1_3_VERSION);
  entry.max_version = kTls12;
  EXPECT_EQ(refusal(std::vector{entry}, "tls.theMaximum"),
            "Option tls.theMaximum is older than tls.theMinimum: give the same version or a newer "
            "one");
  entry.min_version = 0;
  entry.max_version = kTls11;
  EXPECT_EQ(refusal(std::vector{entry}, "tls.theMaximum"),
            "Option tls.theMaximum is older than tls.theMinimum, which is TLS 1.2 if it is not "
            "given: give the same version or a newer one");
  entry.max_version = 7;
  EXPECT_EQ(refusal(std::vector{entry}, "tls.theMaximum"),
            "Option tls.theMaximum is 7: give TLS 1.2 or TLS 1.3");
}

TEST(ContextTest, Ciphers) {
  Entry entry = good_entry();
  entry.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:TLS_CHACHA20_POLY1305_SHA256";
  const auto context = make({entry});
  STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context->choose("").context);
  ASSERT_EQ(sk_SSL_CIPHER_num(ciphers), 2);
  EXPECT_STREQ(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, 0)),
               "TLS_CHACHA20_POLY1305_SHA256");
  EXPECT_STREQ(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, 1)),
               "ECDHE-ECDSA-AES256-GCM-SHA384");
  entry.ciphers = "ROT13";
  EXPECT_EQ(refusal(std::vector{entry}, "tls.theCiphers"),
            "Option tls.theCiphers is \"ROT13\" (no cipher match): give names that `openssl "
            "ciphers` lists, with colons between them");
  entry.ciphers = "TLS_ROT13";
  refusal(std::vector{entry}, "tls.theCiphers");
}

TEST(ContextTest, WithoutParametersThereIsOnlyForwardSecrecyByCurves) {
  const auto context = make({good_entry()});
  STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context->choose("").context);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    EXPECT_EQ(SSL_CIPHER_is_aead(cipher), 1) << SSL_CIPHER_get_name(cipher);
    const int exchange = SSL_CIPHER_get_kx_nid(cipher);
    EXPECT_TRUE(exchange == NID_kx_ecdhe || exchange == NID_kx_any) << SSL_CIPHER_get_name(cipher);
  }
}

TEST(ContextTest, OptionsOfOpenSsl) {
  Entry entry = good_entry();
  entry.secure_options = SSL_OP_NO_TLSv1_3;
  const uint64_t options = SSL_CTX_get_options(make({entry})->choose("").context);
  EXPECT_NE(options & SSL_OP_NO_TLSv1_3, 0u);
  EXPECT_NE(options & SSL_OP_NO_RENEGOTIATION, 0u);
}

TEST(ContextTest, FilesThatHoldSomethingElse) {
  auto with = [](std::vector<Pem> Entry::* member, const char* option) {
    return refusal([&](Entry& entry) { entry.*member = {pem("other", option)}; }, option);
  };
  EXPECT_EQ(with(&Entry::ca, "tls.theCa"),
            "Option tls.theCa holds no PEM certificate but \"other\": give the contents of the "
            "file, not its path");
  EXPECT_EQ(
      with(&Entry::crl, "tls.theCrl"),
      "Option tls.theCrl holds no PEM revocation list but \"other\": give the contents of the "
      "file, not its path");
  EXPECT_EQ(refusal([](Entry& entry) { entry.dh_params = pem("some\ntext", "tls.theDhFile"); },
                    "tls.theDhFile"),
            "Option tls.theDhFile holds no PEM Diffie-Hellman parameters: give text with the line "
            "-----BEGIN DH PARAMETERS-----");
}

TEST(ContextTest, RevocationLists) {
  const auto root = TestCertificate::make({.common_name = "root", .authority = true});
  Entry entry = good_entry();
  entry.ca = {pem(root.pem(), "tls.theCa")};
  entry.crl = {pem(root.revoke({7, 8}), "tls.theCrl")};
  EXPECT_NO_THROW(make({entry}));
}

}  // namespace
}  // namespace bao::tls
