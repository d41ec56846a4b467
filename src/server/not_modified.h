#pragma once

#include <bao/fields.h>

namespace bao::server {

/// What a 304 repeats of the fields of the 200 (RFC 9110 section 15.4.5), the program's own
/// included: all but those that describe the content, which is not sent.
Fields not_modified_fields(const Fields& fields);

}  // namespace bao::server
