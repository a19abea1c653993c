// What the session says, in GStreamer's words: element messages, warnings, errors, statistics.
// Thread-safe: builds new objects; posts from the caller's thread.
// Never puts a secret into a message.
#pragma once

#include <functional>

#include <gst/gst.h>

#include "base/ref.h"
#include "base/result.h"
#include "session/session.h"
#include "session/session_events.h"

namespace oairt {

// openai-realtime/<what>, or nullptr: no message tells of that event.
UniqueStructure message_structure(const SessionEvent &event);

// GST_MESSAGE_ERROR for what does not heal, GST_MESSAGE_WARNING for what does; both with the
// sentence for the user, the detail for the engineer, and a structure of details.
void post_failure(GstElement *element, const Error &error, bool fatal);
// The same for what does not heal, once the pipeline has finished the state change it is in (at
// most 2 s): an ERROR in the middle of one aborts it, and the source would never get to run.
// Returns at once; `done` is called on another thread, which then holds the element no more.
void post_fatal_when_settled(GstElement *element, const Error &error, std::function<void()> done);

// application/x-openai-realtime-stats
UniqueStructure stats_structure(const SessionSnapshot &snapshot);

}  // namespace oairt
