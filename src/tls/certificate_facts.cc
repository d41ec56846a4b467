#include "tls/certificate_facts.h"

#include <ctime>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/openssl.h"

namespace bao::tls {

namespace {

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

std::string name_text(const X509_NAME* name) {
  BioPointer bio(BIO_new(BIO_s_mem()));
  // UTF-8 as it is, not as escapes of its bytes.
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~unsigned{ASN1_STRFLGS_ESC_MSB});
  return text_in(bio.get());
}

std::chrono::system_clock::time_point time_point(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string serial_text(const X509* certificate) {
  using Number = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
  Number number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* digits = number == nullptr ? nullptr : BN_bn2hex(number.get());
  std::string text = digits == nullptr ? "" : digits;
  OPENSSL_free(digits);
  return text;
}

std::string fingerprint(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    if (i > 0) text += ':';
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> texts;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (names == nullptr) return texts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    BioPointer bio(BIO_new(BIO_s_mem()));
    GENERAL_NAME_print(bio.get(), sk_GENERAL_NAME_value(names, i));
    texts.push_back(text_in(bio.get()));
  }
  GENERAL_NAMES_free(names);
  return texts;
}

}  // namespace

std::optional<PeerCertificate> describe_certificate(std::string_view der) {
  auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  CertificatePointer certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
  if (certificate == nullptr) {
    ERR_clear_error();
    return std::nullopt;
  }
  PeerCertificate facts;
  facts.subject = name_text(X509_get_subject_name(certificate.get()));
  facts.issuer = name_text(X509_get_issuer_name(certificate.get()));
  facts.serial_number = serial_text(certificate.get());
  facts.alternative_names = alternative_names(certificate.get());
  facts.valid_from = time_point(X509_get0_notBefore(certificate.get()));
  facts.valid_until = time_point(X509_get0_notAfter(certificate.get()));
  facts.fingerprint256 = fingerprint(certificate.get());
  BioPointer bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  facts.pem = text_in(bio.get());
  return facts;
}

}  // namespace bao::tls
