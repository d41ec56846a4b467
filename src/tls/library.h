#pragma once

#include <string>

namespace bao::tls {

/// The version of the OpenSSL that is linked in, as "3.0.22".
std::string openssl_version();

/// Readies an OpenSSL that a process has beside another one: it does not read the configuration
/// that is meant for the other, and does not clean up when the process ends, because threads of the
/// host may still run. Once, before anything else of OpenSSL is used.
void begin_second_openssl();

}  // namespace bao::tls
