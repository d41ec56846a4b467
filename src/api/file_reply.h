#pragma once

#include <bao/response.h>

#include "server/file_reply.h"

namespace bao::detail {

/// What the server needs to know of a response with a file.
inline server::FileReply file_reply(const File& file, const Response& response) {
  return {file.path(), {file.begin(), file.end()}, response.status(), response.fields()};
}

}  // namespace bao::detail
