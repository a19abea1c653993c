// Tells that a session stands still, which the session itself cannot.
// Thread-bound to a streaming thread, which calls it with each frame.
// Never waits, and says it once per standstill.
#pragma once

#include <gst/gst.h>

#include "base/clock.h"
#include "element_core.h"

namespace oairt {

class StallWatch {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(10);

  void look(GstElement *element, const ElementCore &core);

 private:
  int frames_ = 0;
  bool told_ = false;
};

}  // namespace oairt
