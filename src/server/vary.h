#pragma once

#include <bao/fields.h>

namespace bao::server {

/// Says that the reply would be another one with another Accept-Encoding (RFC 9110 section 12.5.5):
/// adds that to Vary, unless it is there, or `*` is.
void vary_by_encoding(Fields& fields);

}  // namespace bao::server
