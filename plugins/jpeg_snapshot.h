// A video frame as a JPEG picture of a bounded size.
// Any thread but a streaming one: it takes milliseconds.
// Never enlarges, never exceeds the limit, keeps nothing between two calls.
#pragma once

#include <atomic>
#include <string>

#include <gst/gst.h>

#include "base/result.h"

namespace oairt {

struct SnapshotLimits {
  int max_width = 0;  // in pixels
  std::size_t max_bytes = 0;
};

struct Snapshot {
  std::string jpeg;
  int width = 0, height = 0;
};

// Lowers the quality first, then the size, until it fits. Gives up when `cancelled`.
Result<Snapshot> make_snapshot(GstSample *sample, const SnapshotLimits &limits,
                               const std::atomic<bool> &cancelled);

}  // namespace oairt
