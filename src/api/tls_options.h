#pragma once

#include <memory>
#include <vector>

#include <bao/tls.h>

#include "tls/options.h"

namespace bao::detail {

/// The options of TLS as the engine takes them; files are read here. Throws OptionError for a file
/// that cannot be read.
tls::Options tls_options(const std::vector<Tls>& entries, const CertificateFor& certificate_for,
                         const Pem& ticket_keys);

}  // namespace bao::detail
