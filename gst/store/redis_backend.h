// Rows in Redis: for sessions that another machine is to take over. In a build without Redis all
// that is left is an error that says so. As backend.h.
// Never writes without showing its claim.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/backend.h"
#include "store/store_uri.h"

namespace oairt {

Result<std::unique_ptr<Backend>> make_redis_backend(const StoreUri &uri,
                                                    const StoreOptions &options);

}  // namespace oairt
