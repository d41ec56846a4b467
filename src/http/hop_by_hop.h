#pragma once

#include <bao/fields.h>

namespace bao::http {

/// The fields that an intermediary sends on: without Connection, those that it names, and others
/// that are meant for one connection (RFC 9110 section 7.6.1).
Fields end_to_end_fields(const Fields& fields);

}  // namespace bao::http
