#pragma once

#include <cstdint>
#include <memory>

#include <bao/routes.h>

namespace bao::testing {

/// Adds the routes that ServerProcess describes. `handlers` counts the runs of suspending handlers
/// that have not ended.
void add_playground(Routes& routes, const std::shared_ptr<int64_t>& handlers);

}  // namespace bao::testing
