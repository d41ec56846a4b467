#pragma once

#include <optional>
#include <string_view>

#include <bao/peer_certificate.h>

namespace bao::tls {

/// What a certificate (DER) says. Nothing if it cannot be read.
std::optional<PeerCertificate> describe_certificate(std::string_view der);

}  // namespace bao::tls
