// Where the news of a session's core go.
// Called in the loop, except where marked.
// Never blocks the loop.
#pragma once

#include "base/secret.h"
#include "session/session.h"
#include "session/session_events.h"

namespace oairt {

// Outlives the core.
class CoreOutput {
 public:
  virtual ~CoreOutput() = default;
  virtual void emit(const SessionEvent &event) = 0;
  virtual void publish(const SessionSnapshot &snapshot) = 0;
  virtual bool somebody_answers_request_token() = 0;
  virtual Secret request_token() = 0;  // on a worker thread
  virtual bool somebody_answers_request_ice_servers() { return false; }
  virtual Secret request_ice_servers() { return {}; }  // on a worker thread; JSON
};

}  // namespace oairt
