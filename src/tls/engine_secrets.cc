#include <new>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "tls/engine.h"

// How an engine lets OpenSSL's connection object go when the handshake is done.
namespace bao::tls {

namespace {

int hexadecimal(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// A secret as it is written in a log of keys. Wiped when it is not needed any more.
class Secret {
 public:
  explicit Secret(std::string_view digits) {
    for (; digits.size() >= 2 && size_ < sizeof bytes_; digits.remove_prefix(2)) {
      const int high = hexadecimal(digits[0]);
      const int low = hexadecimal(digits[1]);
      if (high < 0 || low < 0) break;
      bytes_[size_++] = static_cast<uint8_t>(high * 16 + low);
    }
    if (!digits.empty()) size_ = 0;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(bytes_, sizeof bytes_); }

  std::span<const uint8_t> bytes() const { return {bytes_, size_}; }

 private:
  uint8_t bytes_[TrafficKeys::kLargestSecret] = {};
  size_t size_ = 0;
};

// How many records there are in `bytes`, if each of them is protected; otherwise zero.
uint64_t count_protected(std::string_view bytes) {
  uint64_t count = 0;
  while (!bytes.empty()) {
    if (bytes.size() < kRecordHeader ||
        bytes[0] != static_cast<char>(ContentType::application_data)) {
      return 0;
    }
    const size_t size = record_size(bytes);
    if (bytes.size() < size) return 0;
    bytes.remove_prefix(size);
    ++count;
  }
  return count;
}

}  // namespace

// OpenSSL has no other way to give its traffic secrets than to log them.
void Engine::share_secrets(SSL_CTX& context) {
  SSL_CTX_set_keylog_callback(&context, on_secret);
}

// Called from within OpenSSL: nothing may be thrown.
void Engine::on_secret(const SSL* ssl, const char* line) {
  auto* self = static_cast<Engine*>(BIO_get_data(SSL_get_rbio(ssl)));
  if (self->ciphers_ == nullptr) return;
  try {
    self->take_secret(line);
  } catch (const std::bad_alloc&) {
    self->records_ = nullptr;
  }
}

// A line is a label, the client's random and the secret, both in hexadecimal digits.
void Engine::take_secret(std::string_view line) {
  const bool reading = line.starts_with("CLIENT_TRAFFIC_SECRET_0 ");
  if (!reading && !line.starts_with("SERVER_TRAFFIC_SECRET_0 ")) return;
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
  const auto suite = cipher_suite(cipher == nullptr ? 0 : SSL_CIPHER_get_protocol_id(cipher));
  if (!suite) return;
  const Secret secret(line.substr(line.rfind(' ') + 1));
  if (records_ == nullptr) records_ = std::make_unique<Records>(*ciphers_);
  if (reading) {
    records_->start_reading(*suite, secret.bytes());
  } else {
    records_->start_writing(*suite, secret.bytes());
  }
}

bool Engine::may_let_go() const {
  SSL* const ssl = ssl_.get();
  if (records_ == nullptr || SSL_version(ssl) != TLS1_3_VERSION || !records_->ready()) return false;
  // What OpenSSL has read of the wire and not used would be lost.
  if (SSL_has_pending(ssl) == 1) return false;
  // The client has asked for records of a size of its own (RFC 6066 section 4).
  return SSL_SESSION_get_max_fragment_length(SSL_get0_session(ssl)) ==
         TLSEXT_max_fragment_length_DISABLED;
}

// `written` is what the last step of the handshake has to say. Our Finished went with a step
// before, as the client's answers it, so all of this is protected by the keys for application data:
// tickets (RFC 8446 sections 4.4.4 and 4.6.1).
void Engine::let_go(std::string_view written) {
  const uint64_t count = count_protected(written);
  if (!may_let_go() || (count == 0 && !written.empty())) {
    records_ = nullptr;
    return;
  }
  records_->skip_written(count);
  facts_.protocol = protocol();
  facts_.peer = find_peer();
  facts_.resumed = resumed();
  ssl_ = nullptr;
  ERR_clear_error();
}

}  // namespace bao::tls
