// A launch line under test: what it posts, what comes out of its source, all with times.
// Thread-bound, except that the recording runs on the streaming thread under its own lock.
// Waits for conditions with a deadline, never for a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"

namespace oairt::test {

struct Posted {
  std::string name;     // the structure's name, or "error", "warning", "eos"
  std::string text;     // the structure as text, or the message and its detail
  std::string element;  // who posted it
  TimePoint at;
  UniqueStructure structure;
  int code = 0;  // of errors and warnings
  GQuark domain = 0;
  std::string field(const char *name) const;  // a string field, "" if it is none
};

struct Recorded {
  GstClockTime pts = 0, duration = 0;
  bool gap = false, discont = false;
  double level = 0;  // RMS, 0..1
  TimePoint at;
  std::vector<int16_t> samples;
};

class Pipeline {
 public:
  explicit Pipeline(const std::string &launch);
  ~Pipeline();  // NULL, and no warning may be left unexpected

  GstElement *get(const char *name);  // borrowed; aborts if it is not there
  GstElement *pipeline() const { return pipeline_.get(); }
  // Returns within 200 ms or aborts: state changes never wait for the network.
  GstStateChangeReturn set_state(GstState state);
  void play() { set_state(GST_STATE_PLAYING); }

  // Collects messages until the condition holds; false at the deadline.
  bool wait(const std::function<bool()> &condition, Duration limit = std::chrono::seconds(15));
  // Waits for `count` messages of that name, counted from the start.
  bool wait_for_message(const std::string &name, std::size_t count = 1,
                        Duration limit = std::chrono::seconds(15));
  bool wait_for_state(const std::string &connection_state,
                      Duration limit = std::chrono::seconds(15));
  std::vector<const Posted *> messages(const std::string &name);
  std::string transcript(const std::string &role);  // the final texts, joined by '|'
  std::string describe();                           // all messages, for a failed assertion
  void pump();                                      // takes what is on the bus now

  void send_text(const char *element, const char *text);  // must be accepted

  // Records what leaves that pad of that element from now on.
  void record(const char *element, const char *pad = "src");
  std::vector<Recorded> recorded();
  std::size_t recorded_count();
  // Timestamps without hole or overlap from the first to the last, apart from marked DISCONTs.
  void assert_continuous();

 private:
  static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer self);
  void take(GstMessage *message);

  Ref<GstElement> pipeline_;
  Ref<GstBus> bus_;
  std::vector<Posted> posted_;
  Mutex lock_;
  std::vector<Recorded> recorded_ OAIRT_GUARDED_BY(lock_);
  Ref<GstPad> recorded_pad_;
  gulong probe_ = 0;
};

// A WAV file of speech-like bursts (voiced tone, 48 kHz mono), then silence; removed at exit.
std::string make_speech_file(double speech_s, double silence_s, double frequency = 440,
                             int rate = 48000);
double level_of(const std::vector<int16_t> &samples);
// The share of energy at that frequency, 0..1 (Goertzel).
double tone_share(const std::vector<int16_t> &samples, double frequency, int rate = 48000);

}  // namespace oairt::test
