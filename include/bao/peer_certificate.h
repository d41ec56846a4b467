#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace bao {

/// A certificate that a client has shown.
struct PeerCertificate {
  /// Distinguished names in the form of RFC 4514: `CN=alice,O=Example`.
  std::string subject{};
  std::string issuer{};
  /// In hexadecimal, upper case.
  std::string serial_number{};
  /// `DNS:example.com`, `email:alice@example.com`, `IP Address:127.0.0.1`, `URI:…`
  std::vector<std::string> alternative_names{};
  std::chrono::system_clock::time_point valid_from{};
  std::chrono::system_clock::time_point valid_until{};
  /// SHA-256 of the certificate, hexadecimal in upper case with colons.
  std::string fingerprint256{};
  /// The whole of it.
  std::string pem{};
};

/// How TLS protects a request's connection.
struct TlsInfo {
  /// "TLSv1.3"
  std::string protocol{};
  /// "TLS_AES_128_GCM_SHA256"
  std::string cipher{};
  /// The name that the client asked for, in lower case; empty if it named none.
  std::string server_name{};
  /// The client has shown a certificate, and it is valid: signed by who is trusted, not expired,
  /// not revoked. Always so, with `.request_cert`, unless `.reject_unauthorized` is false.
  bool authorized = false;
  /// Why its certificate is not valid; empty if it is, or there is none.
  std::string authorization_error{};
  /// What the client has shown; none unless it was asked (`.request_cert`). Believe it only if
  /// `authorized`.
  std::optional<PeerCertificate> certificate{};
};

}  // namespace bao
