#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <bao/file.h>
#include <bao/task.h>

namespace bao {

namespace detail {
class TlsCertificateState;
struct TlsCertificateAccess;
}  // namespace detail

/// The contents of PEM files: a string, bytes, a file that is read when the server starts, or
/// several of these.
///
///     .key = bao::file("key.pem")
///     .key = "-----BEGIN PRIVATE KEY-----\n…"
///     .key = {bao::file("ec.pem"), bao::file("rsa.pem")}
class Pem {
 public:
  using Part = std::variant<std::string, File>;

  Pem() = default;
  Pem(std::string contents) { parts_.emplace_back(std::move(contents)); }
  Pem(std::string_view contents) : Pem(std::string(contents)) {}
  Pem(const char* contents) : Pem(std::string(contents)) {}
  Pem(std::span<const std::byte> contents)
      : Pem(std::string(reinterpret_cast<const char*>(contents.data()), contents.size())) {}
  Pem(File file) { parts_.emplace_back(std::move(file)); }
  Pem(std::initializer_list<Pem> several) {
    for (const Pem& one : several)
      parts_.insert(parts_.end(), one.parts_.begin(), one.parts_.end());
  }

  /// What it was made of.
  const std::vector<Part>& parts() const { return parts_; }

 private:
  std::vector<Part> parts_;
};

/// A version of TLS. What is older than 1.2 is insecure: it needs `.ciphers` with `@SECLEVEL=0`.
enum class TlsVersion : std::uint16_t {
  tls_1_0 = 0x0301,
  tls_1_1 = 0x0302,
  tls_1_2 = 0x0303,
  tls_1_3 = 0x0304,
};

/// A certificate, how it is served and to whom: an entry of the option `.tls`.
struct Tls {
  /// The private key; several for certificates with different kinds of keys.
  Pem key = {};
  /// Its certificate and, behind that, those that lead to an authority that clients know.
  Pem cert = {};
  /// Of an encrypted key.
  std::string passphrase = {};
  /// The host name that this certificate is for, `*.example.com` for all names with one label more.
  /// The first entry needs none: it serves clients that name no server, or one without an entry.
  std::string server_name = {};

  /// The authorities that may have signed client certificates. Empty: those that the system trusts.
  Pem ca = {};
  /// Asks clients for a certificate; Request::tls tells it.
  bool request_cert = false;
  /// With `.request_cert`: refuses clients without a valid one. False leaves it to the handler.
  bool reject_unauthorized = true;
  /// Lists of client certificates that were revoked, of each authority of the chain.
  Pem crl = {};

  /// Unset: TLS 1.2.
  std::optional<TlsVersion> min_version = {};
  /// Unset: the newest.
  std::optional<TlsVersion> max_version = {};
  /// OpenSSL's list of ciphers, names of TLS 1.3 among them. Empty: those with forward secrecy.
  std::string ciphers = {};
  /// The path of a PEM file with Diffie-Hellman parameters, for clients of TLS 1.2 without elliptic
  /// curves.
  std::string dh_params_file = {};
  /// More bits of OpenSSL's SSL_OP_.
  std::uint64_t secure_options = 0;
  /// Less memory for each connection: records of 4 KiB, so that slow clients hold less; and with
  /// TLS 1.3 OpenSSL's object is let go when the handshake is done, so that an idle connection
  /// costs little more than one without TLS. Idle ones never own buffers.
  bool low_memory_mode = false;
};

/// A certificate with its key, read and checked, for `.certificate_for`. A handle: copies share it,
/// so keep it instead of reading it for each handshake.
class TlsCertificate {
 public:
  /// Throws OptionError, with `.key`, `.cert` or `.passphrase` as the option's name.
  TlsCertificate(const Pem& key, const Pem& cert, const std::string& passphrase = {});

 private:
  friend struct detail::TlsCertificateAccess;
  std::shared_ptr<const detail::TlsCertificateState> state_;
};

/// Finds the certificate for a server name that no entry of `.tls` has, while the handshake waits:
/// any callable that takes a `const std::string&` and returns a TlsCertificate, a
/// `std::optional<TlsCertificate>` or a `Task` of either. Nothing: the first entry's is served, or
/// the client is refused if that has none. It throws: the client is refused, what() goes to `.log`.
/// The name lives until the task has ended; it is in lower case without a trailing dot, and empty
/// only where a client names no server and the first entry has no certificate.
///
/// It is asked at each handshake, so it should keep what it has found.
class CertificateFor {
 public:
  using Found = std::variant<std::optional<TlsCertificate>, Task<TlsCertificate>,
                             Task<std::optional<TlsCertificate>>>;

  CertificateFor() = default;
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, CertificateFor> &&
             std::invocable<std::remove_cvref_t<F>&, const std::string&>)
  CertificateFor(F&& f)
      : call_([shared = std::make_shared<std::remove_cvref_t<F>>(std::forward<F>(f))](
                  const std::string& name) -> Found {
          using Result = std::invoke_result_t<std::remove_cvref_t<F>&, const std::string&>;
          if constexpr (std::convertible_to<Result, std::optional<TlsCertificate>>) {
            return std::optional<TlsCertificate>((*shared)(name));
          } else {
            return (*shared)(name);
          }
        }) {}

  explicit operator bool() const { return call_ != nullptr; }
  /// For the engine.
  Found operator()(const std::string& name) const { return call_(name); }

 private:
  std::function<Found(const std::string&)> call_;
};

}  // namespace bao
