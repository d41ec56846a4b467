#pragma once

#include <node_api.h>

#include "environment.h"
#include "server/settings.h"
#include "server/table.h"

namespace bao::node {

/// Checked settings out of `Settings` of native.d.ts. Throws server::SettingsError and WrongValue.
server::Settings to_settings(Environment& environment, napi_value options);

/// Checked settings out of `WebSocketSettings` of native.d.ts. Throws server::SettingsError.
server::WebSocketSettings to_web_socket_settings(napi_env env, napi_value options);

/// A table out of `Routes` of native.d.ts. Throws routing::PatternError and WrongValue.
http::Reference<server::Table> to_table(Environment& environment, napi_value routes);

}  // namespace bao::node
