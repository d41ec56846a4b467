#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tls/openssl.h"
#include "tls/traffic_keys.h"

namespace bao::tls {

/// What a record carries (RFC 8446 section 5.1).
enum class ContentType : uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

// A record is a header of its type, a version and its length, and what is protected (RFC 8446
// section 5.2): the content, its type and zeros, and the tag of the AEAD.
inline constexpr size_t kRecordHeader = 5;
inline constexpr size_t kRecordTag = 16;
/// As much as a record may carry (section 5.1).
inline constexpr size_t kLargestContent = size_t{1} << 14;
/// The most that a header may announce (section 5.2).
inline constexpr size_t kLargestCiphertext = kLargestContent + 256;

/// The size of a record, its header included, by that header, which `bytes` begin with.
inline size_t record_size(std::string_view bytes) {
  return kRecordHeader + size_t{static_cast<uint8_t>(bytes[3])} * 256 +
         static_cast<uint8_t>(bytes[4]);
}

/// The ciphers that protect records, shared by all connections of a loop: so that an idle
/// connection owns nothing but its keys. What a cipher makes of keys is kept for the next record if
/// that has the same ones.
class RecordCiphers {
 public:
  /// Whether OpenSSL has the cipher. Must be true before records of that suite are protected.
  bool ready(CipherSuite suite);

  /// Appends a record to `output`, without padding; at most kLargestContent bytes. False if OpenSSL
  /// fails: `output` is as before then, but a number of `keys` is used up. Throws std::bad_alloc.
  bool seal(TrafficKeys& keys, ContentType type, std::string_view content, std::string& output);

  /// Decrypts a whole record of at most kLargestCiphertext bytes and its header, and at least its
  /// tag. `inner` gets the content, its type and the padding, as many bytes as the record without
  /// header and tag. False if it is not authentic; what is in `inner` must not be used then.
  bool open(TrafficKeys& keys, std::string_view record, char* inner);

  /// Nothing of these keys is left here.
  void forget(const TrafficKeys& keys);

  /// Where a record is decrypted that does not fit its place. Throws std::bad_alloc.
  std::span<char> scratch();

  /// How many records are sent under one key before it is changed: well below the 2^24.5 that are
  /// safe with AES-GCM (RFC 8446 section 5.5).
  uint64_t most_for_a_key = uint64_t{1} << 24;

 private:
  // A cipher in one direction, with the keys that it was last given.
  struct Keyed {
    std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>> context;
    uint64_t mark = 0;
  };
  using Pair = std::array<Keyed, 2>;  // to open, to seal

  Keyed& keyed(CipherSuite suite, bool sealing) {
    return keyed_[static_cast<size_t>(suite)][sealing ? 1 : 0];
  }
  // With the next nonce; null if OpenSSL fails.
  EVP_CIPHER_CTX* prepare(TrafficKeys& keys, bool sealing);

  std::array<Pair, 3> keyed_;
  uint64_t last_mark_ = 0;
  std::unique_ptr<char[]> scratch_;
};

}  // namespace bao::tls
