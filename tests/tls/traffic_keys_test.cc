#include "tls/traffic_keys.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "tls/record_peer.h"

namespace bao::tls {
namespace {

using testing::bytes_of;

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(0, 2)), nullptr, 16));
  }
  return bytes;
}

std::string text_of(std::span<const uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string nonce_of(TrafficKeys& keys) {
  const auto nonce = keys.next_nonce();
  return text_of(nonce);
}

// RFC 8448 section 3 (RFC 8446 section 7.3)
TEST(TrafficKeysTest, TheKeysOfThePublishedExample) {
  TrafficKeys client;
  ASSERT_TRUE(client.start(
      CipherSuite::aes_128_gcm_sha256,
      bytes_of(from_hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"))));
  EXPECT_EQ(text_of(client.key()), from_hex("17422dda596ed5d9acd890e3c63f5051"));
  EXPECT_EQ(text_of(client.iv()), from_hex("5b78923dee08579033e523d9"));
  TrafficKeys server;
  ASSERT_TRUE(server.start(
      CipherSuite::aes_128_gcm_sha256,
      bytes_of(from_hex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"))));
  EXPECT_EQ(text_of(server.key()), from_hex("9f02283b6c9c07efc26bb9f2ac92e356"));
  EXPECT_EQ(text_of(server.iv()), from_hex("cf782b88dd83549aadf1e984"));
}

// RFC 8446 section 5.3
TEST(TrafficKeysTest, TheNonceIsTheIvAndTheNumber) {
  TrafficKeys keys;
  ASSERT_TRUE(keys.start(CipherSuite::aes_128_gcm_sha256, bytes_of(std::string(32, 'x'))));
  std::string expected = text_of(keys.iv());
  EXPECT_EQ(nonce_of(keys), expected);
  expected.back() = static_cast<char>(expected.back() ^ 1);
  EXPECT_EQ(nonce_of(keys), expected);
  expected = text_of(keys.iv());
  keys.skip(0x0102030405060708 - 2);
  for (size_t i = 0; i < 8; ++i) {
    expected[4 + i] = static_cast<char>(expected[4 + i] ^ static_cast<char>(i + 1));
  }
  EXPECT_EQ(nonce_of(keys), expected);
  EXPECT_EQ(keys.sequence(), 0x0102030405060709u);
}

// RFC 8446 section 7.2
TEST(TrafficKeysTest, EachGenerationIsAnother) {
  TrafficKeys keys;
  const std::string secret(48, 'x');
  ASSERT_TRUE(keys.start(CipherSuite::aes_256_gcm_sha384, bytes_of(secret)));
  EXPECT_EQ(keys.key().size(), 32u);
  const std::string key = text_of(keys.key());
  const std::string iv = text_of(keys.iv());
  keys.next_nonce();
  keys.mark = 7;
  ASSERT_TRUE(keys.update());
  EXPECT_NE(text_of(keys.key()), key);
  EXPECT_NE(text_of(keys.iv()), iv);
  EXPECT_EQ(keys.sequence(), 0u);
  EXPECT_EQ(keys.mark, 0u);
  EXPECT_EQ(keys.suite(), CipherSuite::aes_256_gcm_sha384);
}

TEST(TrafficKeysTest, ASecretIsAsLongAsTheHash) {
  TrafficKeys keys;
  for (const size_t size : {0u, 31u, 33u, 48u}) {
    EXPECT_FALSE(keys.start(CipherSuite::chacha20_poly1305_sha256, bytes_of(std::string(size, 1))));
    EXPECT_FALSE(keys.started());
  }
  EXPECT_FALSE(keys.start(CipherSuite::aes_256_gcm_sha384, bytes_of(std::string(32, 1))));
  EXPECT_FALSE(keys.update()) << "there is none";
}

TEST(TrafficKeysTest, NothingIsLeftWhereTheyWere) {
  alignas(TrafficKeys) unsigned char memory[sizeof(TrafficKeys)];
  auto* keys = new (memory) TrafficKeys;
  ASSERT_TRUE(keys->start(CipherSuite::aes_256_gcm_sha384, bytes_of(std::string(48, 'x'))));
  const std::string key = text_of(keys->key());
  keys->wipe();
  EXPECT_FALSE(keys->started());
  const std::string left(reinterpret_cast<char*>(memory), sizeof memory);
  EXPECT_EQ(left.find(std::string(8, 'x')), std::string::npos);
  EXPECT_EQ(left.find(key.substr(0, 8)), std::string::npos);
  keys->~TrafficKeys();
}

// RFC 8446 section B.4
TEST(TrafficKeysTest, SuitesHaveNumbersAndNames) {
  EXPECT_STREQ(standard_name(*cipher_suite(0x1301)), "TLS_AES_128_GCM_SHA256");
  EXPECT_STREQ(standard_name(*cipher_suite(0x1302)), "TLS_AES_256_GCM_SHA384");
  EXPECT_STREQ(standard_name(*cipher_suite(0x1303)), "TLS_CHACHA20_POLY1305_SHA256");
  for (const uint16_t number : {0, 0x1300, 0x1304, 0x1305, 0xc02f}) {
    EXPECT_FALSE(cipher_suite(number));
  }
}

}  // namespace
}  // namespace bao::tls
