#pragma once

#include <bao/fields.h>

#include "http/accept_encoding.h"
#include "http/exchange.h"

namespace bao::server {

/// Sends a reply whose content is encoded piece by piece, with `fields` in the place of its own: a
/// streamed one by a filter of its own, which flushes at each piece; one whose content is here, in
/// memory or in a file, as a stream that is written from now on as fast as the client reads, with
/// turns for others. The length that the reply declares is watched as the stream would: to miss it
/// cuts the connection. The exchange is one of a server.
void send_coded(http::Exchange& exchange, http::Stream& stream, http::Coding coding,
                const http::Reply& reply, const Fields& fields);

}  // namespace bao::server
