#pragma once

#include <cstdlib>
#include <memory>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string>
#include <string_view>
#include <vector>

// Certificates that tests make for themselves.
namespace bao::testing {

inline void require(bool good) {
  if (!good) std::abort();
}

/// A private key.
class TestKey {
 public:
  static TestKey ec() { return TestKey(EVP_EC_gen("P-256")); }
  static TestKey rsa(unsigned bits = 2048) { return TestKey(EVP_RSA_gen(bits)); }

  EVP_PKEY* get() const { return key_.get(); }
  /// Encrypted if a passphrase is given.
  std::string pem(const char* passphrase = nullptr) const {
    BIO* bio = BIO_new(BIO_s_mem());
    require(PEM_write_bio_PKCS8PrivateKey(
                bio, key_.get(), passphrase != nullptr ? EVP_aes_256_cbc() : nullptr, passphrase,
                passphrase != nullptr ? static_cast<int>(std::string_view(passphrase).size()) : 0,
                nullptr, nullptr) == 1);
    return take(bio);
  }

  static std::string take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }

 private:
  explicit TestKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { require(key != nullptr); }
  std::shared_ptr<EVP_PKEY> key_;
};

/// What a certificate says.
struct TestSubject {
  std::string common_name = "localhost";
  std::string alternative_names = "";  ///< "DNS:localhost,IP:127.0.0.1"
  bool authority = false;
  long valid_from = -3600;  ///< seconds from now
  long valid_until = 24 * 3600;
  long serial = 1;
};

/// A certificate with its key.
class TestCertificate {
 public:
  /// Signed by itself.
  static TestCertificate make(const TestSubject& subject, TestKey key = TestKey::ec()) {
    return TestCertificate(subject, std::move(key), nullptr);
  }
  /// Signed by this one.
  TestCertificate issue(const TestSubject& subject, TestKey key = TestKey::ec()) const {
    return TestCertificate(subject, std::move(key), this);
  }

  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    require(PEM_write_bio_X509(bio, certificate_.get()) == 1);
    return TestKey::take(bio);
  }
  const TestKey& key() const { return key_; }
  X509* get() const { return certificate_.get(); }

  /// A list of those that this one takes back, by their serial numbers.
  std::string revoke(const std::vector<long>& serials) const {
    X509_CRL* list = X509_CRL_new();
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate_.get()));
    ASN1_TIME* now = X509_gmtime_adj(nullptr, -60);
    ASN1_TIME* later = X509_gmtime_adj(nullptr, 24 * 3600);
    X509_CRL_set1_lastUpdate(list, now);
    X509_CRL_set1_nextUpdate(list, later);
    for (const long serial : serials) {
      X509_REVOKED* revoked = X509_REVOKED_new();
      ASN1_INTEGER* number = ASN1_INTEGER_new();
      ASN1_INTEGER_set(number, serial);
      X509_REVOKED_set_serialNumber(revoked, number);
      X509_REVOKED_set_revocationDate(revoked, now);
      X509_CRL_add0_revoked(list, revoked);
      ASN1_INTEGER_free(number);
    }
    ASN1_TIME_free(now);
    ASN1_TIME_free(later);
    X509_CRL_sort(list);
    require(X509_CRL_sign(list, key_.get(), EVP_sha256()) > 0);
    BIO* bio = BIO_new(BIO_s_mem());
    require(PEM_write_bio_X509_CRL(bio, list) == 1);
    X509_CRL_free(list);
    return TestKey::take(bio);
  }

 private:
  TestCertificate(const TestSubject& subject, TestKey key, const TestCertificate* issuer)
      : key_(std::move(key)), certificate_(X509_new(), X509_free) {
    X509* const made = certificate_.get();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), subject.serial);
    X509_gmtime_adj(X509_getm_notBefore(made), subject.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(made), subject.valid_until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject.common_name.c_str()),
                               -1, -1, 0);
    X509* const signer = issuer != nullptr ? issuer->get() : made;
    X509_set_issuer_name(made, X509_get_subject_name(signer));
    X509_set_pubkey(made, key_.get());
    extend(signer, NID_basic_constraints, subject.authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!subject.alternative_names.empty()) {
      extend(signer, NID_subject_alt_name, subject.alternative_names.c_str());
    }
    if (subject.authority) extend(signer, NID_subject_key_identifier, "hash");
    const TestKey& signing = issuer != nullptr ? issuer->key_ : key_;
    require(X509_sign(made, signing.get(), EVP_sha256()) > 0);
  }

  void extend(X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate_.get(), nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    require(extension != nullptr);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  TestKey key_;
  std::shared_ptr<X509> certificate_;
};

/// Diffie-Hellman parameters (the group ffdhe2048 of RFC 7919).
inline std::string dh_parameters() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr);
  require(EVP_PKEY_paramgen_init(context) == 1 &&
          EVP_PKEY_CTX_set_group_name(context, "ffdhe2048") == 1);
  EVP_PKEY* parameters = nullptr;
  require(EVP_PKEY_paramgen(context, &parameters) == 1);
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_Parameters(bio, parameters) == 1);
  EVP_PKEY_free(parameters);
  EVP_PKEY_CTX_free(context);
  return TestKey::take(bio);
}

/// One for localhost, the same for a whole program: a key costs time.
inline const TestCertificate& localhost_certificate() {
  static const TestCertificate certificate = TestCertificate::make(
      {.common_name = "localhost", .alternative_names = "DNS:localhost,IP:127.0.0.1"});
  return certificate;
}

}  // namespace bao::testing
