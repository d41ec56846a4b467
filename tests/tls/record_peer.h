#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tls/records.h"
#include "tls/traffic_keys.h"

// A client's end of TLS 1.3 after the handshake, which may say what no good client says.
namespace bao::testing {

/// Secrets as a handshake would have them.
inline std::string test_secret(tls::CipherSuite suite, char filling) {
  return std::string(suite == tls::CipherSuite::aes_256_gcm_sha384 ? 48 : 32, filling);
}
inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Records in the order in which they are written down; operators do not promise that.
inline std::string joined(std::initializer_list<std::string> records) {
  std::string bytes;
  for (const std::string& record : records) bytes += record;
  return bytes;
}

/// Protects and opens records by OpenSSL's functions alone, one context for each record.
class RecordPeer {
 public:
  struct Record {
    std::uint8_t type;
    std::string content;
    bool operator==(const Record&) const = default;
  };

  explicit RecordPeer(tls::CipherSuite suite, char client = 'c', char server = 's') {
    require(sending_.start(suite, bytes_of(test_secret(suite, client))));
    require(receiving_.start(suite, bytes_of(test_secret(suite, server))));
  }

  /// The same secrets for the server's end.
  static void start(tls::Records& records, tls::CipherSuite suite, char client = 'c',
                    char server = 's') {
    require(records.start_reading(suite, bytes_of(test_secret(suite, client))));
    require(records.start_writing(suite, bytes_of(test_secret(suite, server))));
    require(records.ready());
  }

  /// A record around an inner plaintext: content, type and zeros.
  std::string seal_inner(std::string_view inner, char minor_version = 3) {
    const std::size_t size = inner.size() + tls::kRecordTag;
    std::string record = {23, 3, minor_version, static_cast<char>(size >> 8),
                          static_cast<char>(size)};
    record.append(inner).append(tls::kRecordTag, '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(record.data());
    unsigned char* const body = bytes + tls::kRecordHeader;
    const auto context = begin(sending_, 1);
    int count = 0;
    require(EVP_EncryptUpdate(context.get(), nullptr, &count, bytes, tls::kRecordHeader) == 1);
    require(EVP_EncryptUpdate(context.get(), body, &count, body, static_cast<int>(inner.size())) ==
            1);
    require(EVP_EncryptFinal_ex(context.get(), body + count, &count) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tls::kRecordTag,
                                body + inner.size()) == 1);
    return record;
  }
  std::string seal(std::uint8_t type, std::string_view content, std::size_t padding = 0) {
    std::string inner(content);
    inner.append(1, static_cast<char>(type)).append(padding, '\0');
    return seal_inner(inner);
  }
  std::string data(std::string_view content) { return seal(23, content); }
  /// A KeyUpdate; what follows is under the next keys.
  std::string key_update(bool requested) {
    std::string record = seal(22, key_update_message(requested));
    update_sending();
    return record;
  }
  static std::string key_update_message(bool requested) {
    return {24, 0, 0, 1, static_cast<char>(requested)};
  }
  void update_sending() { require(sending_.update()); }

  /// The server's records. Follows its changes of keys.
  std::vector<Record> open(std::string_view bytes) {
    std::vector<Record> records;
    while (!bytes.empty()) {
      require(bytes.size() >= tls::kRecordHeader && bytes[0] == 23);
      const std::size_t size = static_cast<unsigned char>(bytes[3]) * 256u +
                               static_cast<unsigned char>(bytes[4]) + tls::kRecordHeader;
      require(bytes.size() >= size);
      records.push_back(open_one(bytes.substr(0, size)));
      bytes.remove_prefix(size);
      if (records.back().type == 22) require(receiving_.update());
    }
    return records;
  }

 private:
  using Context = std::unique_ptr<EVP_CIPHER_CTX, tls::FreeWith<EVP_CIPHER_CTX_free>>;

  static void require(bool good) {
    if (!good) std::abort();
  }

  static Context begin(tls::TrafficKeys& keys, int sealing) {
    const EVP_CIPHER* cipher =
        keys.suite() == tls::CipherSuite::aes_128_gcm_sha256   ? EVP_aes_128_gcm()
        : keys.suite() == tls::CipherSuite::aes_256_gcm_sha384 ? EVP_aes_256_gcm()
                                                               : EVP_chacha20_poly1305();
    Context context(EVP_CIPHER_CTX_new());
    const auto nonce = keys.next_nonce();
    require(EVP_CipherInit_ex(context.get(), cipher, nullptr, keys.key().data(), nonce.data(),
                              sealing) == 1);
    return context;
  }

  Record open_one(std::string_view record) {
    auto* bytes = reinterpret_cast<const unsigned char*>(record.data());
    const std::size_t size = record.size() - tls::kRecordHeader - tls::kRecordTag;
    std::string inner(size, '\0');
    auto* to = reinterpret_cast<unsigned char*>(inner.data());
    const auto context = begin(receiving_, 0);
    int count = 0;
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tls::kRecordTag,
                                const_cast<unsigned char*>(bytes + tls::kRecordHeader + size)) ==
            1);
    require(EVP_DecryptUpdate(context.get(), nullptr, &count, bytes, tls::kRecordHeader) == 1);
    require(EVP_DecryptUpdate(context.get(), to, &count, bytes + tls::kRecordHeader,
                              static_cast<int>(size)) == 1);
    require(EVP_DecryptFinal_ex(context.get(), to + count, &count) == 1);
    const auto type = static_cast<std::uint8_t>(inner.back());
    inner.pop_back();
    return {type, inner};
  }

  tls::TrafficKeys sending_;
  tls::TrafficKeys receiving_;
};

}  // namespace bao::testing
