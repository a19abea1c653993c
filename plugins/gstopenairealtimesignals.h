// The signals and action signals of the elements: one installation for all three classes.
// Signals are emitted from the session's threads, actions run on the caller's.
// Never logs what a signal carries.
#pragma once

#include <gst/gst.h>

#include "base/secret.h"
#include "session/session_events.h"

namespace oairt {

void install_signals(GstElementClass *klass);

bool has_listener(GstElement *element, const char *signal);
// Emits the signal that tells of this event, if somebody listens.
void emit_signals(GstElement *element, const SessionEvent &event);
// Emits `request-token` or `request-ice-servers`; empty: nobody answered.
Secret emit_request(GstElement *element, const char *signal);

}  // namespace oairt
