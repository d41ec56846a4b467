#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tls/options.h"

namespace bao::tls {

class Credentials;

/// Credentials::read, for those who know nothing of OpenSSL.
std::shared_ptr<const Credentials> read_credentials(const Entry& entry, const EntryNames& names,
                                                    std::vector<std::string>& warnings);

/// A handshake that waits for a certificate. Answer it once, now or later, on the loop's thread; an
/// answer to a client that has gone does nothing. One that is never answered ends with the
/// handshake's timeout.
class CertificateRequest {
 public:
  /// Who waits for it.
  class Waiter {
   public:
    virtual void on_certificate(std::shared_ptr<const Credentials> credentials) = 0;
    /// `reason` is for the log.
    virtual void on_no_certificate(const std::string& reason) = 0;

   protected:
    ~Waiter() = default;
  };

  CertificateRequest(std::string server_name, Waiter& waiter)
      : server_name_(std::move(server_name)), waiter_(&waiter) {}
  CertificateRequest(const CertificateRequest&) = delete;
  CertificateRequest& operator=(const CertificateRequest&) = delete;

  /// The name that the client asks for, in lower case without a trailing dot; empty if it names
  /// none, which is asked only where the first entry has no certificate.
  const std::string& server_name() const { return server_name_; }
  /// False once it is answered, or the client has gone.
  bool waiting() const { return waiter_ != nullptr; }

  /// Null, or credentials without a certificate: there is none of its own for that name, so the
  /// first entry's is served; if that has none the client is refused.
  void answer(std::shared_ptr<const Credentials> credentials) {
    if (auto* waiter = std::exchange(waiter_, nullptr)) {
      waiter->on_certificate(std::move(credentials));
    }
  }
  /// The search failed: the client is refused, the reason goes to the log.
  void fail(const std::string& reason) {
    if (auto* waiter = std::exchange(waiter_, nullptr)) waiter->on_no_certificate(reason);
  }
  /// Nobody waits any more.
  void abandon() { waiter_ = nullptr; }

 private:
  std::string server_name_;
  Waiter* waiter_;
};

}  // namespace bao::tls
