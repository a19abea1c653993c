#include "flusher.h"

#include <utility>

#include "base/log.h"
#include "base/ref.h"
#include "element_core.h"

OAIRT_LOG_USE(element)

namespace oairt {

Flusher::Flusher(GstElement *source, ElementWork &work, std::function<void()> flushed)
    : source_(source), work_(work), flushed_(std::move(flushed)) {}

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
  work_.run(source_, [this](GstElement *source, const ElementWork::Cancelled &) { flush(source); });
}

// A change of state flushes too, and may be waiting for this thread: then it is left to that. A
// sink that is flushed loses its state for a moment, which a change of the pipeline's must not meet
// half way: it would be left behind in PAUSED.
void Flusher::flush(GstElement *source) {
  heard_until_ = 0;
  pending_ = false;
  auto top = Ref<GstObject>::share(GST_OBJECT_CAST(source));
  while (auto parent = Ref<GstObject>::adopt(gst_object_get_parent(top.get()))) top = parent;
  GstElement *whole = GST_ELEMENT_CAST(top.get());
  if (!GST_STATE_TRYLOCK(whole)) return;
  bool free = GST_STATE_TRYLOCK(source);
  if (free && GST_STATE(source) == GST_STATE_PLAYING && GST_STATE(whole) == GST_STATE_PLAYING) {
    LOG_DEBUG("%s: flushing", GST_OBJECT_NAME(source));
    gst_element_send_event(source, gst_event_new_flush_start());
    flushed_();
    gst_element_send_event(source, gst_event_new_flush_stop(FALSE));
  }
  if (free) GST_STATE_UNLOCK(source);
  GST_STATE_UNLOCK(whole);
}

}  // namespace oairt
