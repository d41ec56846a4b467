#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <openssl/ssl.h>
#include <optional>

#include "net/timer_queue.h"

namespace bao::tls {

/// The keys that session tickets are sealed with (RFC 5077 section 4, RFC 8446 section 4.6.1). They
/// rotate: each seals for as long as a session lives, opens for as long again, and is then
/// forgotten, so whoever steals the memory of a server can read nothing older than that.
class TicketKeys {
 public:
  /// `lifetime`: how long a session can be resumed, above zero. `now` is the loop's clock and
  /// outlives it.
  TicketKeys(std::chrono::seconds lifetime, const net::TimePoint& now)
      : lifetime_(lifetime), now_(now) {}
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  std::chrono::seconds lifetime() const { return lifetime_; }

  /// Makes a context seal and open its tickets with these keys, which must outlive it and its
  /// connections.
  void use(SSL_CTX& context);

 private:
  struct Key {
    std::array<uint8_t, 16> name;
    std::array<uint8_t, 32> encryption;
    std::array<uint8_t, 32> authentication;
    net::TimePoint made;
  };

  static int on_ticket(SSL* connection, unsigned char* name, unsigned char* iv,
                       EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal);
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac, int version);
  void rotate();

  const std::chrono::seconds lifetime_;
  const net::TimePoint& now_;
  std::optional<Key> current_;
  std::optional<Key> previous_;
};

}  // namespace bao::tls
