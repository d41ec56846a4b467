#include "tls/ticket_keys.h"

#include <algorithm>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

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

bool authenticate(EVP_MAC_CTX* mac, std::array<uint8_t, 32>& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::~TicketKeys() {
  if (current_) OPENSSL_cleanse(&*current_, sizeof *current_);
  if (previous_) OPENSSL_cleanse(&*previous_, sizeof *previous_);
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
  if (previous_ && now_ - previous_->made > 2 * lifetime_) {
    OPENSSL_cleanse(&*previous_, sizeof *previous_);
    previous_.reset();
  }
  if (current_ && now_ - current_->made <= lifetime_) return;
  if (current_ && now_ - current_->made <= 2 * lifetime_) {
    previous_ = current_;
  }
  if (current_) OPENSSL_cleanse(&*current_, sizeof *current_);
  current_.emplace();
  current_->made = now_;
  if (RAND_bytes(current_->name.data(), static_cast<int>(current_->name.size())) != 1 ||
      RAND_priv_bytes(current_->encryption.data(), static_cast<int>(current_->encryption.size())) !=
          1 ||
      RAND_priv_bytes(current_->authentication.data(),
                      static_cast<int>(current_->authentication.size())) != 1) {
    current_.reset();
  }
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) {
  rotate();
  if (!current_) return kFailed;
  const EVP_CIPHER* aes = EVP_aes_256_cbc();
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) != 1 ||
      EVP_EncryptInit_ex(cipher, aes, nullptr, current_->encryption.data(), iv) != 1 ||
      !authenticate(mac, current_->authentication)) {
    return kFailed;
  }
  std::copy(current_->name.begin(), current_->name.end(), name);
  return kGood;
}

// In TLS 1.3 a ticket should be used once (RFC 8446 appendix C.4), so there is always another one.
int TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac, int version) {
  rotate();
  for (std::optional<Key>* key : {&current_, &previous_}) {
    if (!*key || !std::equal((*key)->name.begin(), (*key)->name.end(), name)) continue;
    if (!authenticate(mac, (*key)->authentication) ||
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, (*key)->encryption.data(), iv) !=
            1) {
      return kFailed;
    }
    return key == &current_ && version < TLS1_3_VERSION ? kGood : kRenew;
  }
  return kUnknown;
}

}  // namespace bao::tls
