#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string>

/// OpenSSL's objects with owners.
namespace bao::tls {

template <auto free_function>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    free_function(object);
  }
};

inline void free_certificates(STACK_OF(X509) * certificates) {
  sk_X509_pop_free(certificates, X509_free);
}

using BioPointer = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using CertificatePointer = std::unique_ptr<X509, FreeWith<X509_free>>;
using ChainPointer = std::unique_ptr<STACK_OF(X509), FreeWith<free_certificates>>;
using CrlPointer = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using ContextPointer = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using ConnectionPointer = std::unique_ptr<SSL, FreeWith<SSL_free>>;

/// Empties OpenSSL's queue of errors, which is the thread's: the reason of the oldest one in
/// OpenSSL's words, or empty.
std::string take_error();

}  // namespace bao::tls
