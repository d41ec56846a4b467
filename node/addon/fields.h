#pragma once

#include <node_api.h>
#include <string_view>

#include <bao/fields.h>

namespace bao::node {

/// Field lines ("name: value CRLF" each) from JavaScript. Throws std::invalid_argument that names a
/// field that cannot be sent.
Fields to_fields(napi_env env, napi_value lines);

}  // namespace bao::node
