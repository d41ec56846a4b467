#pragma once

#include <node_api.h>
#include <string>

#include "http/request_head.h"

namespace bao::node {

/// The development page of an error of JavaScript and its causes (ErrorDescription of native.d.ts),
/// with excerpts of the sources.
std::string error_page(napi_env env, napi_value error, napi_value causes,
                       const http::RequestHead& head);

/// The page for a handler that returned no Response.
std::string no_response_page(const http::RequestHead& head);

}  // namespace bao::node
