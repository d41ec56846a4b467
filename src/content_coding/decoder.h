#pragma once

#include <memory>

#include "http/accept_encoding.h"
#include "http/exchange.h"

namespace bao::content_coding {

/// Undoes gzip (RFC 1952, one member or several) or deflate (RFC 9110 section 8.4.1.2: the zlib
/// format of RFC 1950; bare deflate data, which some clients send instead, is taken as well).
/// `coding` is one of these. Bytes in, bytes out: what is put waits until it is decoded. No content
/// at all is taken for none. Throws std::bad_alloc, also while it decodes.
std::unique_ptr<http::BodyFilter> make_decoder(http::Coding coding);

}  // namespace bao::content_coding
