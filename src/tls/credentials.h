#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tls/openssl.h"
#include "tls/options.h"

namespace bao::tls {

/// Keys with the chains of their certificates, read and checked. Immutable, so connections may
/// share it.
class Credentials {
 public:
  /// Reads the keys and certificates of an entry. Throws OptionError for what holds no PEM, a wrong
  /// or missing passphrase, a key and a certificate that do not fit or lack each other. Adds a line
  /// to `warnings` for each certificate that has expired or is not valid yet.
  static std::shared_ptr<const Credentials> read(const Entry& entry, const EntryNames& names,
                                                 std::vector<std::string>& warnings);

  /// Puts them into a context, or into one connection before its handshake: of several of one kind
  /// of key the last. False if OpenSSL refuses them (a key that is too small, say): take_error
  /// tells why.
  bool use(SSL_CTX& context) const;
  bool use(SSL& connection) const;

  bool empty() const { return pairs_.empty(); }

 private:
  struct Pair {
    KeyPointer key;
    CertificatePointer certificate;
    ChainPointer chain;
  };
  std::vector<Pair> pairs_;
};

/// All certificates in a PEM text. Throws OptionError if there is none; `kind` says what is missing
/// ("certificate").
std::vector<CertificatePointer> read_certificates(const Pem& pem, std::string_view kind);

/// Why a text that should be PEM is not, and the mend, for a sentence that begins with the option.
std::string no_pem(std::string_view text, std::string_view kind);

}  // namespace bao::tls
