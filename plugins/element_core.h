// What sink, src and bin have in common: what was set, the membership of a session, and the way
// of the session's news to bus and signals.
// Thread-safe, but for the hooks, which are set before the element is handed out.
// Never waits for the network; never holds a lock over a call out.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gst/gst.h>

#include "base/lock.h"
#include "base/result.h"
#include "element_work.h"
#include "gstopenairealtimeprops.h"
#include "session/session.h"

namespace oairt {

// Marks threads that must not wait for the end of sessions: the session's own, and streaming ones.
class NoWaitScope {
 public:
  NoWaitScope() { ++depth_; }
  ~NoWaitScope() { --depth_; }
  NoWaitScope(const NoWaitScope &) = delete;
  NoWaitScope &operator=(const NoWaitScope &) = delete;
  static bool active() { return depth_ > 0; }

 private:
  static thread_local int depth_;
};

class ElementCore {
 public:
  // Made in the element's init, destroyed in its finalize. Finds itself again with of().
  explicit ElementCore(GstElement *element);
  // The last one of the process waits for the ended sessions, so that gst_deinit() may follow.
  ~ElementCore();
  ElementCore(const ElementCore &) = delete;
  ElementCore &operator=(const ElementCore &) = delete;
  static ElementCore *of(gpointer element);

  // Called with the element's own settings, on its way up and when one changes.
  std::function<void(const Settings &)> on_settings;
  // The session is there, and it will be gone; streaming runs only in between.
  std::function<void(Session &)> on_attached;
  std::function<void()> on_detached;
  // Every event, before messages and signals; in the session's loop.
  std::function<void(const SessionEvent &)> on_event;
  // A picture of the video, with words or without; where there may be a pad for it.
  std::function<Status(const std::string &text)> on_snapshot;

  // For the GObject functions; unknown ids are warned about as GObject does.
  void set_property(guint id, const GValue *value, GParamSpec *spec);
  void get_property(guint id, GValue *value, GParamSpec *spec);
  Settings settings() const;

  // Wraps the parent's change_state with the membership.
  GstStateChangeReturn change_state(GstElementClass *parent, GstStateChange transition);

  // An inner element of the bin: takes its session from there, and leaves the talking to it.
  void set_hosted() { hosted_ = true; }
  void set_host_key(std::string key);
  std::string session_key() const;

  std::shared_ptr<Session> session() const;  // nullptr in NULL
  void refuse(const char *action, const Error &error);
  // What the element does on a thread of its own; given up before the session is left.
  ElementWork &work() { return work_; }

 private:
  class Observer;

  bool attach();
  void detach();
  void set_running(bool running);
  void deliver(const SessionEvent &event);
  void note_audio(const PropertyRow &row);
  void restore_audio(const RestoredEvent &event);
  void get_read_only(ReadOnly which, GValue *value);
  void forward(const PropertyRow &row);

  GstElement *const element_;
  bool hosted_ = false;
  std::shared_ptr<Observer> observer_;
  ElementWork work_;

  mutable Mutex lock_;
  Settings settings_ OAIRT_GUARDED_BY(lock_);
  std::string host_key_ OAIRT_GUARDED_BY(lock_);
  std::shared_ptr<Session> session_ OAIRT_GUARDED_BY(lock_);
  Session::MemberId member_ OAIRT_GUARDED_BY(lock_) = 0;
};

}  // namespace oairt
