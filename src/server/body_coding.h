#pragma once

#include <cstdint>

namespace bao::server {

class Exchange;

/// Has the body of the request decoded if it has a content coding (RFC 9110 section 8.4): gzip or
/// deflate, one of them once. More than `limit` decoded bytes are answered with 413. False if it
/// has another coding, or several: then the request was answered with 415 and what is understood
/// (section 12.5.3). Nobody may have asked for the body.
bool decode_body(Exchange& exchange, uint64_t limit);

}  // namespace bao::server
