#pragma once

#include <node_api.h>

#include <bao/fields.h>

#include "server/directory_reply.h"
#include "server/file_reply.h"

namespace bao::node {

/// A file as native.d.ts describes it, `{ path, begin, end }`, as the content of a reply. `type`
/// may be null: then it is that of the name; so may be JavaScript's: then there is none. Throws
/// WrongValue.
server::FileReply to_file_reply(napi_env env, napi_value file, int status, Fields fields,
                                napi_value type);

/// The files below a folder, described in the same way. Throws WrongValue, and std::system_error
/// if the folder cannot be opened; both name it.
server::DirectoryReply to_directory_reply(napi_env env, napi_value directory, Fields fields);

}  // namespace bao::node
