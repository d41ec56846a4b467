#include "tls/record_ciphers.h"

#include <openssl/err.h>

namespace bao::tls {

namespace {

// OpenSSL's names, in the order of CipherSuite.
constexpr const char* kNames[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};

auto* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool seal_in_place(EVP_CIPHER_CTX* context, unsigned char* record, size_t inner_size) {
  unsigned char* const inner = record + kRecordHeader;
  int size = 0;
  return EVP_EncryptUpdate(context, nullptr, &size, record, kRecordHeader) == 1 &&
         EVP_EncryptUpdate(context, inner, &size, inner, static_cast<int>(inner_size)) == 1 &&
         EVP_EncryptFinal_ex(context, inner + size, &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kRecordTag, inner + inner_size) == 1;
}

}  // namespace

bool RecordCiphers::ready(CipherSuite suite) {
  for (const bool sealing : {false, true}) {
    Keyed& one = keyed(suite, sealing);
    if (one.context != nullptr) continue;
    using Cipher = std::unique_ptr<EVP_CIPHER, FreeWith<EVP_CIPHER_free>>;
    const Cipher cipher(EVP_CIPHER_fetch(nullptr, kNames[static_cast<size_t>(suite)], nullptr));
    decltype(one.context) made(cipher == nullptr ? nullptr : EVP_CIPHER_CTX_new());
    // From here on it has its cipher, and is only given keys: naming that again would make it anew.
    if (made == nullptr || EVP_CipherInit_ex2(made.get(), cipher.get(), nullptr, nullptr,
                                              sealing ? 1 : 0, nullptr) != 1) {
      ERR_clear_error();
      return false;
    }
    one.context = std::move(made);
  }
  return true;
}

EVP_CIPHER_CTX* RecordCiphers::prepare(TrafficKeys& keys, bool sealing) {
  Keyed& one = keyed(keys.suite(), sealing);
  if (!keys.started() || one.context == nullptr) return nullptr;
  if (keys.mark == 0) keys.mark = ++last_mark_;
  const bool known = one.mark == keys.mark;
  const TrafficKeys::Nonce nonce = keys.next_nonce();
  one.mark = 0;
  if (EVP_CipherInit_ex2(one.context.get(), nullptr, known ? nullptr : keys.key().data(),
                         nonce.data(), sealing ? 1 : 0, nullptr) != 1) {
    return nullptr;
  }
  one.mark = keys.mark;
  return one.context.get();
}

bool RecordCiphers::seal(TrafficKeys& keys, ContentType type, std::string_view content,
                         std::string& output) {
  const size_t before = output.size();
  const size_t inner_size = content.size() + 1;
  const size_t size = inner_size + kRecordTag;
  // RFC 8446 section 5.2
  const char header[] = {static_cast<char>(ContentType::application_data), 3, 3,
                         static_cast<char>(size >> 8), static_cast<char>(size)};
  output.reserve(before + kRecordHeader + size);
  output.append(header, kRecordHeader).append(content).append(1, static_cast<char>(type));
  output.append(kRecordTag, '\0');
  EVP_CIPHER_CTX* const context = prepare(keys, true);
  auto* const record = reinterpret_cast<unsigned char*>(output.data() + before);
  if (context != nullptr && seal_in_place(context, record, inner_size)) return true;
  ERR_clear_error();
  output.resize(before);
  return false;
}

bool RecordCiphers::open(TrafficKeys& keys, std::string_view record, char* inner) {
  EVP_CIPHER_CTX* const context = prepare(keys, false);
  const std::string_view header = record.substr(0, kRecordHeader);
  const std::string_view tag = record.substr(record.size() - kRecordTag);
  const std::string_view sealed =
      record.substr(kRecordHeader, record.size() - kRecordHeader - kRecordTag);
  auto* const to = reinterpret_cast<unsigned char*>(inner);
  int size = 0;
  if (context != nullptr &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kRecordTag,
                          const_cast<char*>(tag.data())) == 1 &&
      EVP_DecryptUpdate(context, nullptr, &size, bytes_of(header), kRecordHeader) == 1 &&
      EVP_DecryptUpdate(context, to, &size, bytes_of(sealed), static_cast<int>(sealed.size())) ==
          1 &&
      EVP_DecryptFinal_ex(context, to + size, &size) == 1) {
    return true;
  }
  ERR_clear_error();
  return false;
}

void RecordCiphers::forget(const TrafficKeys& keys) {
  if (keys.mark == 0) return;
  static constexpr unsigned char kNothing[TrafficKeys::kLargestKey] = {};
  for (const bool sealing : {false, true}) {
    Keyed& one = keyed(keys.suite(), sealing);
    if (one.mark != keys.mark) continue;
    one.mark = 0;
    EVP_CipherInit_ex2(one.context.get(), nullptr, kNothing, nullptr, sealing ? 1 : 0, nullptr);
  }
}

std::span<char> RecordCiphers::scratch() {
  if (scratch_ == nullptr) scratch_ = std::make_unique_for_overwrite<char[]>(kLargestCiphertext);
  return {scratch_.get(), kLargestCiphertext};
}

}  // namespace bao::tls
