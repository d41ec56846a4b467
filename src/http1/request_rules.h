#pragma once

#include "http/request_head.h"
#include "http1/request_parser.h"

namespace bao::http1 {

/// What the fields of a parsed head mean for the message and the connection, by RFC 9112
/// sections 3.2 (target and Host), 6 (message body length), 9.3 and 9.6 (persistence) and RFC 9110
/// section 10.1.1 (Expect). Fills the head's authority, path, query, content_length, chunked,
/// keep_alive and expects_continue.
///
/// Anything ambiguous about where the message ends is refused: the connection must be closed after
/// every refusal.
///
/// `secure`: the request came by TLS. Without it one for an https URL is refused.
/// `takes_all`: CONNECT, with the path "/", and expectations that are not 100-continue are let
/// through, for handlers that answer them; else they are refused with 501 and 417.
Refusal apply_request_rules(http::RequestHead& head, bool secure = false, bool takes_all = false);

}  // namespace bao::http1
