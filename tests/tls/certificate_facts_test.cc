#include "tls/certificate_facts.h"

#include <gtest/gtest.h>
#include <string>

#include "tls/certificates.h"

namespace bao::tls {
namespace {

using testing::TestCertificate;

std::string der_of(const TestCertificate& certificate) {
  std::string der(static_cast<size_t>(i2d_X509(certificate.get(), nullptr)), '\0');
  auto* to = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(certificate.get(), &to);
  return der;
}

TEST(CertificateFactsTest, WhatACertificateSays) {
  const auto authority = TestCertificate::make({.common_name = "authority", .authority = true});
  const auto certificate = authority.issue(
      {.common_name = "J\xC3\xBCrgen",
       .alternative_names = "DNS:a.example,DNS:*.b.example,IP:127.0.0.1,URI:spiffe://c/d",
       .serial = 0xABCDEF});
  const auto facts = describe_certificate(der_of(certificate));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->subject, "CN=J\xC3\xBCrgen");
  EXPECT_EQ(facts->issuer, "CN=authority");
  EXPECT_EQ(facts->serial_number, "ABCDEF");
  EXPECT_EQ(facts->alternative_names,
            (std::vector<std::string>{"DNS:a.example", "DNS:*.b.example", "IP Address:127.0.0.1",
                                      "URI:spiffe://c/d"}));
  EXPECT_EQ(facts->pem, certificate.pem());
  EXPECT_EQ(facts->valid_until - facts->valid_from, std::chrono::hours(25));
  unsigned char digest[32];
  ASSERT_EQ(X509_digest(certificate.get(), EVP_sha256(), digest, nullptr), 1);
  char first[3];
  std::snprintf(first, sizeof first, "%02X", digest[0]);
  EXPECT_TRUE(facts->fingerprint256.starts_with(first)) << facts->fingerprint256;
  EXPECT_EQ(facts->fingerprint256.size(), 95u);
}

TEST(CertificateFactsTest, CharactersThatNamesEscape) {
  const auto certificate = TestCertificate::make({.common_name = "a,b+c=d"});
  EXPECT_EQ(describe_certificate(der_of(certificate))->subject, "CN=a\\,b\\+c=d");
}

TEST(CertificateFactsTest, WhatIsNoCertificate) {
  EXPECT_FALSE(describe_certificate(""));
  EXPECT_FALSE(describe_certificate("nonsense"));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace bao::tls
