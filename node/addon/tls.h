#pragma once

#include <cstdint>
#include <memory>
#include <node_api.h>
#include <optional>
#include <unordered_map>

#include "net/transport.h"
#include "tls/certificate_request.h"
#include "tls/options.h"

namespace bao::node {

class Environment;

/// Handshakes that wait for a certificate of JavaScript's, by number.
class CertificateRequests {
 public:
  uint32_t add(std::shared_ptr<tls::CertificateRequest> request) {
    requests_[++last_] = std::move(request);
    return last_;
  }
  /// Null if there is none of that number.
  std::shared_ptr<tls::CertificateRequest> take(uint32_t number) {
    const auto found = requests_.find(number);
    if (found == requests_.end()) return nullptr;
    auto request = std::move(found->second);
    requests_.erase(found);
    return request;
  }

 private:
  std::unordered_map<uint32_t, std::shared_ptr<tls::CertificateRequest>> requests_;
  uint32_t last_ = 0;
};

/// The TlsSettings of native.d.ts; nothing is served if `settings` is undefined. Throws WrongValue.
tls::Options to_tls_options(Environment& environment, napi_value settings);

/// What `security` of native.d.ts gives.
napi_value describe_security(napi_env env, const std::optional<net::Security>& facts);

}  // namespace bao::node
