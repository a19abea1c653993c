// A request pad that gives captions: text/x-raw, sparse, live, with a streaming thread of its own,
// so that neither the audio nor the session ever waits for whoever draws the text.
// News may come from any thread; what they mean is found out on the pad's own thread.
// Never blocks who brings news, never keeps more than a bounded number of them.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <gst/gst.h>

#include "base/lock.h"
#include "captions/reader.h"
#include "captions/speech_captions.h"
#include "session/session_events.h"

namespace oairt {

extern GstStaticPadTemplate transcript_template;        // transcript_src
extern GstStaticPadTemplate input_transcript_template;  // input_transcript_src

// A frame of the audio that was given out. Running times.
struct CaptionFrame {
  Duration start{0};
  bool voice = false;
  captions::FrameSound sound;
};
struct CaptionEvent {
  SessionEvent event;
  Duration at{0};
};
struct CaptionEnd {};
using CaptionNews = std::variant<CaptionFrame, CaptionEvent, CaptionEnd>;

// What the words are: turns news into captions. Used by one pad's thread.
class CaptionMaker {
 public:
  virtual ~CaptionMaker() = default;
  virtual void set_mode(captions::Mode mode) = 0;
  virtual void set_delay(Duration) {}
  virtual void take(const CaptionNews &news) = 0;
  // Time passes; nothing: it stands still.
  virtual void pass(std::optional<Duration> now) = 0;
  virtual void finish() = 0;
  virtual void restart() = 0;
  virtual std::vector<captions::Caption> captions() = 0;
  virtual Duration position() const = 0;  // no caption will begin before it
};
std::unique_ptr<CaptionMaker> make_model_captions();
std::unique_ptr<CaptionMaker> make_user_captions();

class CaptionPad {
 public:
  // The running time of the element; nothing: it stands still.
  using Now = std::function<std::optional<Duration>()>;

  // The pad is made, not yet added to an element.
  CaptionPad(GstPadTemplate *templ, const char *name, std::unique_ptr<CaptionMaker> maker, Now now,
             std::string stream_id);
  ~CaptionPad();  // the pad is inactive by then
  CaptionPad(const CaptionPad &) = delete;
  CaptionPad &operator=(const CaptionPad &) = delete;

  GstPad *pad() const { return pad_.get(); }
  // --- thread-safe ---
  void tell(CaptionNews news) OAIRT_EXCLUDES(lock_);
  void set_mode(captions::Mode mode) { mode_ = mode; }
  // From the pad's next activation on.
  void set_delay(Duration delay) { delay_ = delay; }
  void flush_start() OAIRT_EXCLUDES(lock_);
  void flush_stop(bool reset_time) OAIRT_EXCLUDES(lock_);

 private:
  static gboolean activate(GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active);
  static gboolean query(GstPad *pad, GstObject *parent, GstQuery *query);
  static void run(gpointer self);

  void stop_running() OAIRT_EXCLUDES(lock_);
  void start_running() OAIRT_EXCLUDES(lock_);
  gboolean join() OAIRT_EXCLUDES(lock_);
  void set_pushing(bool pushing) OAIRT_EXCLUDES(lock_);
  void step() OAIRT_EXCLUDES(lock_);
  bool wait_for_news(std::deque<CaptionNews> &news) OAIRT_EXCLUDES(lock_);
  void begin_stream();
  bool push(const captions::Caption &caption);
  bool push_captions();
  void push_gap(Duration until);
  void end_stream();
  void fail(GstFlowReturn flow);

  Ref<GstPad> pad_;
  const std::unique_ptr<CaptionMaker> maker_;  // its pad's thread only
  const Now now_;
  const std::string stream_id_;
  std::atomic<captions::Mode> mode_{captions::Mode::Word};
  std::atomic<Duration> delay_{Duration(0)};
  // The pad's thread only.
  bool begun_ = false, segment_due_ = true;
  Duration told_until_{0};  // downstream knows all up to there
  Mutex lock_;
  Condition wake_;
  std::deque<CaptionNews> news_ OAIRT_GUARDED_BY(lock_);
  bool stopping_ OAIRT_GUARDED_BY(lock_) = true;
  bool pushing_ OAIRT_GUARDED_BY(lock_) = false;
};

}  // namespace oairt
