#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <openssl/ssl.h>
#include <optional>
#include <utility>
#include <vector>

#include "net/timer_queue.h"
#include "tls/options.h"

namespace bao::tls {

/// The keys of one generation of session tickets. Forgotten for good when it is destroyed.
struct TicketKey {
  TicketKey() = default;
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
  ~TicketKey();

  std::array<uint8_t, 16> name{};
  std::array<uint8_t, 32> encryption{};
  std::array<uint8_t, 32> authentication{};
  /// Of encryption and of authentication: 32 for AES-256, 16 for AES-128.
  size_t size = 32;
};

/// Reads keys that are given, as nginx keeps them in files (ssl_session_ticket_key): 80 bytes,
/// which are a name of 16, the HMAC-SHA-256 key of 32 and the AES-256 key of 32; or 48, a name, the
/// AES-128 key and the HMAC key of 16 each. Throws OptionError.
std::vector<TicketKey> read_ticket_keys(const std::vector<Pem>& texts);

/// The keys that session tickets are sealed with (RFC 5077 section 4, RFC 8446 section 4.6.1). They
/// rotate: each seals for as long as a session lives, opens for as long again, and is then
/// forgotten, so whoever steals the memory of a server can read nothing older than that.
///
/// Or they are given, so that several processes resume each other's sessions; then who gives them
/// rotates them.
class TicketKeys {
 public:
  /// `lifetime`: how long a session can be resumed, above zero. `now` is the loop's clock and
  /// outlives it.
  TicketKeys(std::chrono::seconds lifetime, const net::TimePoint& now)
      : lifetime_(lifetime), now_(now) {}
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  std::chrono::seconds lifetime() const { return lifetime_; }

  /// Makes a context seal and open its tickets with these keys, which must outlive it and its
  /// connections.
  void use(SSL_CTX& context);

  /// These from now on, in every context: the first seals, all open. At least one.
  void replace(std::vector<TicketKey> given) { given_ = std::move(given); }

 private:
  struct Own {
    TicketKey key{};
    net::TimePoint made{};
  };

  static int on_ticket(SSL* connection, unsigned char* name, unsigned char* iv,
                       EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal);
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac, int version);
  void rotate();
  const TicketKey* sealing();
  const TicketKey* find(const unsigned char* name) const;

  const std::chrono::seconds lifetime_;
  const net::TimePoint& now_;
  std::vector<TicketKey> given_;
  std::optional<Own> current_;
  std::optional<Own> previous_;
};

}  // namespace bao::tls
