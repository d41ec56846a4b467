#pragma once

#include <coroutine>
#include <memory>
#include <vector>

#include <bao/server.h>

#include "server/server.h"

namespace bao::detail {

/// What stands behind the handles of a server.
class ServerState {
 public:
  static std::shared_ptr<ServerState> start(Options options);

  server::Server& core() const { return *core_; }

 private:
  http::Reference<server::Server> core_;
};

/// Who waits for the end of a server.
struct StopState {
  bool done = false;
  std::vector<Stopping::Awaiter*> waiting;

  void finish();
};

}  // namespace bao::detail
