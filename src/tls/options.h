#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bao::tls {

class CertificateRequest;

/// A wrong option. The sentence names the option (`tls[1].key`), what is wrong and the mend.
class OptionError : public std::invalid_argument {
 public:
  OptionError(std::string_view option, const std::string& sentence)
      : std::invalid_argument(sentence), option_(option) {}
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

/// The contents of a PEM file, as they were given.
struct Pem {
  std::string text{};
  /// The option that they came from, for messages: `tls[1].key`, or `tls[1].key[0]` of several.
  std::string option{};
  /// Keys only: instead of the entry's.
  std::optional<std::string> passphrase{};
};

/// Versions, by their numbers on the wire (RFC 8446 section 4.2.1).
inline constexpr int kTls10 = 0x0301;
inline constexpr int kTls11 = 0x0302;
inline constexpr int kTls12 = 0x0303;
inline constexpr int kTls13 = 0x0304;

/// A certificate (or several, of different kinds of keys) and how it is served. Strings are
/// contents, not paths.
struct Entry {
  /// The option that it came from, for messages: `tls`, or `tls[1]` of several.
  std::string option{};
  /// Private keys, and the chains of their certificates, leaf first; in any order.
  std::vector<Pem> keys{};
  std::vector<Pem> certificates{};
  /// Of encrypted keys.
  std::optional<std::string> passphrase{};
  /// The name that it is for; see ServerNames. Empty: the first entry needs none.
  std::string server_name{};
  /// Who may have signed client certificates. Empty: whom the system trusts.
  std::vector<Pem> ca{};
  /// The same, but clients are not told of them: many, known to everybody.
  std::vector<Pem> roots{};
  /// Client certificates that were revoked.
  std::vector<Pem> crl{};
  /// Clients are asked for a certificate.
  bool request_cert = false;
  /// Clients without a valid one are refused, if they are asked.
  bool reject_unauthorized = true;
  /// Diffie-Hellman parameters for TLS 1.2.
  std::optional<Pem> dh_params{};
  /// OpenSSL's list of ciphers, names of TLS 1.3 among them. Empty: the default.
  std::string ciphers{};
  /// More of OpenSSL's SSL_OP_ bits.
  uint64_t secure_options = 0;
  /// 0: TLS 1.2, and the newest.
  int min_version = 0;
  int max_version = 0;
  /// Smaller records, so that connections with unsent output hold less; and those of TLS 1.3 go on
  /// without OpenSSL's object, so that idle ones do.
  bool low_memory_mode = false;
};

/// A face's names for the members of an entry, for messages.
struct EntryNames {
  std::string_view key, cert, passphrase, server_name, ca, crl, dh_params_file, ciphers,
      secure_options, min_version, max_version;
};

/// Finds certificates for names that no entry has, while the handshake waits; see
/// CertificateRequest. Called on the loop's thread. Must not throw.
using CertificateSource = std::function<void(std::shared_ptr<CertificateRequest>)>;

/// What a server serves by TLS.
struct Options {
  /// The first one is for clients that name no server, or one that no entry has.
  std::vector<Entry> entries{};
  CertificateSource certificate_for{};
  /// Keys for session tickets that other processes have, too: no PEM but bytes, see
  /// read_ticket_keys. Empty: the server's own, which rotate.
  std::vector<Pem> ticket_keys{};
  EntryNames names{};

  /// Whether there is anything to serve.
  bool enabled() const { return !entries.empty() || certificate_for != nullptr; }
};

}  // namespace bao::tls
