#include "flusher.h"

#include <utility>

#include "base/log.h"
#include "element_core.h"

OAIRT_LOG_USE(element)

namespace oairt {

Flusher::Flusher(GstElement *source, std::function<void()> flushed)
    : source_(source), flushed_(std::move(flushed)) {}

void Flusher::note_voice(TimePoint now) {
  heard_until_ = now.time_since_epoch().count() + latency_;
}

void Flusher::reset() {
  ended_ = false;
  heard_until_ = 0;
}

void Flusher::cut(TimePoint now) {
  if (!enabled_ || ended_ || now.time_since_epoch().count() >= heard_until_) return;
  if (pending_.exchange(true)) return;
  gst_element_call_async(source_, flush, this, nullptr);  // holds the element, and so this
}

// The element's state lock keeps changes of state away from each of the two events; what is between
// them is settled by the second.
void Flusher::flush(GstElement *source, gpointer self) {
  NoWaitScope no_wait;
  auto *flusher = static_cast<Flusher *>(self);
  flusher->heard_until_ = 0;
  flusher->pending_ = false;
  if (GST_STATE(source) != GST_STATE_PLAYING) return;
  LOG_DEBUG("%s: flushing", GST_OBJECT_NAME(source));
  gst_element_send_event(source, gst_event_new_flush_start());
  flusher->flushed_();
  gst_element_send_event(source, gst_event_new_flush_stop(FALSE));
}

}  // namespace oairt
