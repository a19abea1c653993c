#include "stall_watch.h"

#include "gstopenairealtimemessages.h"

namespace oairt {
namespace {

constexpr int kFramesBetweenLooks = 50;

}  // namespace

void StallWatch::look(GstElement *element, const ElementCore &core) {
  if (++frames_ < kFramesBetweenLooks) return;
  frames_ = 0;
  auto session = core.session();
  if (!session) return;
  bool stalled = session->loop_delay() >= kPatience;
  if (stalled && !told_) {
    Error error{ErrorCode::Media,
                "The session has not answered for 10 s; what is said is not heard until it does. "
                "Restart the application, and please report this.",
                "the session's event loop stands still",
                {},
                {}};
    post_failure(element, error, false);
  }
  told_ = stalled;
}

}  // namespace oairt
