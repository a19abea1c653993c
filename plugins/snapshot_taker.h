// Decides which video frame becomes a picture for the model, and makes it: one at a time, on a
// thread that lives only while there is something to do.
// Thread-safe: frames come from the streaming thread, requests from any.
// Never keeps more than the newest frame, never lets the streaming thread wait.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "session/session.h"

namespace oairt {

class SnapshotTaker {
 public:
  using GetSession = std::function<std::shared_ptr<Session>()>;
  using Warn = std::function<void(const Error &)>;
  static constexpr std::size_t kMaxRequests = 8;
  // While another picture is on its way, one that was asked for waits.
  static constexpr Duration kRetry = milliseconds(30);
  static constexpr Duration kLongestWait = std::chrono::seconds(20);

  SnapshotTaker(GetSession session, Warn warn);
  ~SnapshotTaker();  // stop()

  void set_options(Duration interval, int max_width);  // 0: only on request
  void frame(GstBuffer *buffer, GstCaps *caps);
  // A picture of the newest frame, or of the next one, if there is none yet.
  Status request(const std::string &text);
  // Upstream wants its buffers back.
  void drain();
  // Waits for the picture that is being made, some milliseconds.
  void stop();

 private:
  struct Job {
    Ref<GstSample> sample;
    std::string text;
    bool requested = false;
    int max_width = 0;
  };

  bool is_due(TimePoint now) OAIRT_REQUIRES(lock_);
  void start(Job job) OAIRT_REQUIRES(lock_);
  void run(Job job);
  void take(const Job &job);
  bool next(Job &job);

  const GetSession session_;
  const Warn warn_;
  std::atomic<bool> cancelled_{false};

  Mutex lock_;
  Condition wake_;
  Ref<GstSample> newest_ OAIRT_GUARDED_BY(lock_);
  std::deque<std::string> requests_ OAIRT_GUARDED_BY(lock_);
  Duration interval_ OAIRT_GUARDED_BY(lock_){0};
  int max_width_ OAIRT_GUARDED_BY(lock_) = 0;
  TimePoint due_ OAIRT_GUARDED_BY(lock_){};
  bool busy_ OAIRT_GUARDED_BY(lock_) = false;
  std::thread thread_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt
