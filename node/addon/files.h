#pragma once

#include <node_api.h>

#include <bao/fields.h>

#include "server/file_reply.h"

namespace bao::node {

/// A file as native.d.ts describes it, `{ path, begin, end }`, as the content of a reply. `type`
/// may be null: then it is that of the name; so may be JavaScript's: then there is none. Throws
/// WrongValue.
server::FileReply to_file_reply(napi_env env, napi_value file, int status, Fields fields,
                                napi_value type);

}  // namespace bao::node
