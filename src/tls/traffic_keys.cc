#include "tls/traffic_keys.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <string_view>

namespace bao::tls {

namespace {

struct SuiteFacts {
  uint16_t number;
  const char* name;
  const EVP_MD* (*hash)();
  size_t secret_size;  // the hash's
  size_t key_size;
};

// RFC 8446 section B.4, in the order of CipherSuite.
constexpr SuiteFacts kSuites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256", EVP_sha256, 32, 16},
    {0x1302, "TLS_AES_256_GCM_SHA384", EVP_sha384, 48, 32},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", EVP_sha256, 32, 32},
};

const SuiteFacts& facts(CipherSuite suite) {
  return kSuites[static_cast<size_t>(suite)];
}

}  // namespace

std::optional<CipherSuite> cipher_suite(uint16_t number) {
  for (size_t i = 0; i < std::size(kSuites); ++i) {
    if (kSuites[i].number == number) return static_cast<CipherSuite>(i);
  }
  return std::nullopt;
}

const char* standard_name(CipherSuite suite) {
  return facts(suite).name;
}

bool TrafficKeys::start(CipherSuite suite, std::span<const uint8_t> secret) {
  wipe();
  if (secret.size() != facts(suite).secret_size) return false;
  suite_ = suite;
  std::copy(secret.begin(), secret.end(), secret_.begin());
  return derive();
}

// RFC 8446 section 7.2
bool TrafficKeys::update() {
  std::array<uint8_t, kLargestSecret> next{};
  const std::span<uint8_t> used(next.data(), facts(suite_).secret_size);
  const bool good = started_ && expand("traffic upd", used);
  const CipherSuite suite = suite_;
  const bool begun = good && start(suite, used);
  if (!begun) wipe();
  OPENSSL_cleanse(next.data(), next.size());
  return begun;
}

// RFC 8446 section 7.3
bool TrafficKeys::derive() {
  started_ = expand("key", {key_.data(), facts(suite_).key_size}) && expand("iv", iv_);
  if (!started_) wipe();
  return started_;
}

// HKDF-Expand-Label (RFC 8446 section 7.1) without a context, of no more bytes than the hash has:
// then HKDF-Expand (RFC 5869 section 2.3) is one HMAC.
bool TrafficKeys::expand(std::string_view label, std::span<uint8_t> result) const {
  constexpr std::string_view kPrefix = "tls13 ";
  uint8_t info[32];
  size_t size = 0;
  info[size++] = 0;
  info[size++] = static_cast<uint8_t>(result.size());
  info[size++] = static_cast<uint8_t>(kPrefix.size() + label.size());
  for (const std::string_view part : {kPrefix, label}) {
    size = static_cast<size_t>(std::copy(part.begin(), part.end(), info + size) - info);
  }
  info[size++] = 0;  // the context's length
  info[size++] = 1;  // HKDF's counter
  const SuiteFacts& suite = facts(suite_);
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned digest_size = 0;
  const bool good = HMAC(suite.hash(), secret_.data(), static_cast<int>(suite.secret_size), info,
                         size, digest, &digest_size) != nullptr &&
                    digest_size >= result.size();
  if (good) {
    std::copy_n(digest, result.size(), result.begin());
  } else {
    ERR_clear_error();
  }
  OPENSSL_cleanse(digest, sizeof digest);
  return good;
}

void TrafficKeys::wipe() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
  OPENSSL_cleanse(key_.data(), key_.size());
  OPENSSL_cleanse(iv_.data(), iv_.size());
  started_ = false;
  sequence_ = 0;
  mark = 0;
}

std::span<const uint8_t> TrafficKeys::key() const {
  return {key_.data(), facts(suite_).key_size};
}

// RFC 8446 section 5.3. Numbers do not wrap: keys are changed long before, and no peer sends 2^64
// records.
TrafficKeys::Nonce TrafficKeys::next_nonce() {
  Nonce nonce = iv_;
  for (size_t i = 0; i < 8; ++i) {
    nonce[kNonceSize - 1 - i] ^= static_cast<uint8_t>(sequence_ >> (8 * i));
  }
  ++sequence_;
  return nonce;
}

}  // namespace bao::tls
