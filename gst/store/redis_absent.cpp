#include "store/redis_backend.h"

namespace oairt {

Result<std::unique_ptr<Backend>> make_redis_backend(const StoreUri &, const StoreOptions &) {
  return config_error(
      "This build of the plugin has no Redis: use sqlite:PATH, or build it with libhiredis-dev "
      "installed and -Dredis=enabled.");
}

}  // namespace oairt
