#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bao::tls {

/// The cipher suites of TLS 1.3 that Bao protects records with (RFC 8446 section B.4).
enum class CipherSuite : uint8_t {
  aes_128_gcm_sha256,
  aes_256_gcm_sha384,
  chacha20_poly1305_sha256,
};

/// The one that has this number on the wire, if it is among them.
std::optional<CipherSuite> cipher_suite(uint16_t number);
/// "TLS_AES_128_GCM_SHA256"
const char* standard_name(CipherSuite suite);

/// What protects the records of one direction: the traffic secret, the key and the IV that follow
/// from it, and the number of the next record (RFC 8446 sections 5.3, 7.2 and 7.3). All of it lies
/// in the object, and is wiped when it is not needed any more.
class TrafficKeys {
 public:
  static constexpr size_t kLargestSecret = 48;
  static constexpr size_t kLargestKey = 32;
  static constexpr size_t kNonceSize = 12;
  using Nonce = std::array<uint8_t, kNonceSize>;

  TrafficKeys() = default;
  TrafficKeys(const TrafficKeys&) = delete;
  TrafficKeys& operator=(const TrafficKeys&) = delete;
  ~TrafficKeys() { wipe(); }

  /// Begins with `secret`, which must be as long as the suite's hash. False, and nothing is begun,
  /// if it is not or OpenSSL fails.
  bool start(CipherSuite suite, std::span<const uint8_t> secret);
  /// Goes on to the next generation of keys, whose records are numbered from zero. False if OpenSSL
  /// fails; then there are no keys any more.
  bool update();
  /// Forgets all.
  void wipe();
  /// Whether there are keys.
  bool started() const { return started_; }

  CipherSuite suite() const { return suite_; }
  std::span<const uint8_t> key() const;
  std::span<const uint8_t> iv() const { return iv_; }
  /// How many records these keys have protected: the number of the next one.
  uint64_t sequence() const { return sequence_; }
  /// The nonce of the next record, which counts as protected by it.
  Nonce next_nonce();
  /// Leaves out the numbers of records that somebody else has protected with these keys.
  void skip(uint64_t records) { sequence_ += records; }

  /// A mark of whoever has made something of these keys; zero once they have changed.
  uint64_t mark = 0;

 private:
  bool derive();
  bool expand(std::string_view label, std::span<uint8_t> result) const;

  std::array<uint8_t, kLargestSecret> secret_{};
  std::array<uint8_t, kLargestKey> key_{};
  std::array<uint8_t, kNonceSize> iv_{};
  CipherSuite suite_{};
  bool started_ = false;
  uint64_t sequence_ = 0;
};

}  // namespace bao::tls
