#include "tls/ticket_keys.h"

#include <algorithm>
#include <cstring>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string>

namespace bao::tls {

namespace {

// What OpenSSL's callback tells it.
constexpr int kFailed = -1;
constexpr int kUnknown = 0;
constexpr int kGood = 1;
constexpr int kRenew = 2;

int key_index() {
  // OpenSSL hands out a number for each program, once.
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// An HMAC-SHA-256 over the ticket.
bool authenticate(EVP_MAC_CTX* mac, const TicketKey& key) {
  char digest[] = "SHA256";
  auto* secret = const_cast<uint8_t*>(key.authentication.data());  // OpenSSL only reads it
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, key.size),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

const EVP_CIPHER* cipher_of(const TicketKey& key) {
  return key.size == 32 ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
}

bool make_random(TicketKey& key) {
  const auto size = static_cast<int>(key.size);
  return RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
         RAND_priv_bytes(key.encryption.data(), size) == 1 &&
         RAND_priv_bytes(key.authentication.data(), size) == 1;
}

TicketKey read_key(const Pem& pem) {
  constexpr size_t kName = 16;
  constexpr size_t kLong = kName + 2 * 32;
  constexpr size_t kShort = kName + 2 * 16;
  const std::string& bytes = pem.text;
  if (bytes.size() != kLong && bytes.size() != kShort) {
    throw OptionError(pem.option, "Option " + pem.option + " holds " +
                                      std::to_string(bytes.size()) +
                                      " bytes: give 80, as `openssl rand 80` makes them, or 48");
  }
  TicketKey key;
  key.size = (bytes.size() - kName) / 2;
  const bool authentication_first = bytes.size() == kLong;
  uint8_t* first = authentication_first ? key.authentication.data() : key.encryption.data();
  uint8_t* second = authentication_first ? key.encryption.data() : key.authentication.data();
  std::memcpy(key.name.data(), bytes.data(), kName);
  std::memcpy(first, bytes.data() + kName, key.size);
  std::memcpy(second, bytes.data() + kName + key.size, key.size);
  return key;
}

}  // namespace

TicketKey::~TicketKey() {
  OPENSSL_cleanse(encryption.data(), encryption.size());
  OPENSSL_cleanse(authentication.data(), authentication.size());
}

std::vector<TicketKey> read_ticket_keys(const std::vector<Pem>& texts) {
  std::vector<TicketKey> keys;
  keys.reserve(texts.size());
  for (const Pem& text : texts) keys.push_back(read_key(text));
  return keys;
}

void TicketKeys::use(SSL_CTX& context) {
  SSL_CTX_set_ex_data(&context, key_index(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, on_ticket);
}

int TicketKeys::on_ticket(SSL* connection, unsigned char* name, unsigned char* iv,
                          EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) {
  auto* keys =
      static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), key_index()));
  return seal != 0 ? keys->seal(name, iv, cipher, mac)
                   : keys->open(name, iv, cipher, mac, SSL_version(connection));
}

void TicketKeys::rotate() {
  if (previous_ && now_ - previous_->made > 2 * lifetime_) previous_.reset();
  if (current_ && now_ - current_->made <= lifetime_) return;
  if (current_ && now_ - current_->made <= 2 * lifetime_) previous_ = current_;
  current_ = Own{TicketKey(), now_};
  if (!make_random(current_->key)) current_.reset();
}

// The one for new tickets.
const TicketKey* TicketKeys::sealing() {
  if (!given_.empty()) return &given_[0];
  rotate();
  return current_ ? &current_->key : nullptr;
}

const TicketKey* TicketKeys::find(const unsigned char* name) const {
  const auto fits = [name](const TicketKey& key) {
    return std::equal(key.name.begin(), key.name.end(), name);
  };
  if (!given_.empty()) {
    const auto found = std::find_if(given_.begin(), given_.end(), fits);
    return found == given_.end() ? nullptr : &*found;
  }
  if (current_ && fits(current_->key)) return &current_->key;
  return previous_ && fits(previous_->key) ? &previous_->key : nullptr;
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) {
  const TicketKey* key = sealing();
  if (key == nullptr) return kFailed;
  const EVP_CIPHER* aes = cipher_of(*key);
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) != 1 ||
      EVP_EncryptInit_ex(cipher, aes, nullptr, key->encryption.data(), iv) != 1 ||
      !authenticate(mac, *key)) {
    return kFailed;
  }
  std::copy(key->name.begin(), key->name.end(), name);
  return kGood;
}

// In TLS 1.3 a ticket should be used once (RFC 8446 appendix C.4), so there is always another one.
int TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac, int version) {
  const TicketKey* newest = sealing();
  const TicketKey* key = find(name);
  if (key == nullptr) return kUnknown;
  if (!authenticate(mac, *key) ||
      EVP_DecryptInit_ex(cipher, cipher_of(*key), nullptr, key->encryption.data(), iv) != 1) {
    return kFailed;
  }
  return key == newest && version < TLS1_3_VERSION ? kGood : kRenew;
}

}  // namespace bao::tls
