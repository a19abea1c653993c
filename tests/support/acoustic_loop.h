// A room between the bin's source and its sink: what a loudspeaker plays comes back to the
// microphone, late, weaker and with reflections, together with noise and with a person who speaks.
// A thread of its own plays the microphone, in real time.
// Never hears a sample before it was played.
#pragma once

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "support/pipeline.h"

namespace oairt::test {

struct Room {
  double delay_ms = 95;     // of the loudspeaker, beyond what the pipeline knows, and of the air
  double gain_db = -6;      // of the direct path
  double noise_db = -65;    // of the room, below full scale
  double latency_ms = 200;  // of the sound card, which the pipeline knows
};

// Speech by espeak-ng: 48 kHz, mono.
std::vector<int16_t> speak_text(const std::string &text, const std::string &voice = "en-us");

class AcousticLoop {
 public:
  // `properties`: of the openairealtimebin, whose name is b.
  AcousticLoop(const Room &room, const std::string &properties);
  ~AcousticLoop();
  Pipeline &pipeline() { return pipeline_; }

  void move(double delay_ms) { delay_ms_ = delay_ms; }
  void set_loudspeaker(bool on) { loudspeaker_ = on; }
  // The person begins to speak.
  void say(const std::vector<int16_t> &speech);
  bool person_speaks() const;

  // Levels of 10 ms each, in the order of time: what the microphone heard, of that the person
  // alone, and what went on to the service. Power, 1 is full scale.
  struct Block {
    double echo = 0, person = 0, sent = 0;
    GstClockTime at = 0;
    bool complete = false;  // `sent` is known
  };
  std::vector<Block> blocks() const;
  // Samples that the loudspeaker got too late to play them: the machine is too busy.
  uint64_t stutter() const { return stutter_; }
  // What went on to the service, for a failed assertion: when, and how loud.
  std::string describe() const;
  // The running time now.
  GstClockTime now() const;

 private:
  static std::string line(const Room &room, const std::string &properties);
  static void on_played(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer self);
  static GstPadProbeReturn on_sent(GstPad *pad, GstPadProbeInfo *info, gpointer self);
  void run();
  Ref<GstBuffer> capture(GstClockTime at);
  double played_at(int64_t sample) const OAIRT_REQUIRES(lock_);

  const Room room_;
  std::atomic<double> delay_ms_;
  std::atomic<bool> loudspeaker_ = true, ending_ = false;
  Pipeline pipeline_;
  std::vector<std::pair<int, double>> reflections_;  // samples behind the direct path, gain
  std::mt19937 chance_{17};
  mutable Mutex lock_;
  std::vector<int16_t> played_ OAIRT_GUARDED_BY(lock_);  // a ring, by the time it is heard
  std::vector<int16_t> speech_ OAIRT_GUARDED_BY(lock_);
  std::size_t spoken_ OAIRT_GUARDED_BY(lock_) = 0;
  int64_t captured_ OAIRT_GUARDED_BY(lock_) = 0;  // played samples that were heard so far
  std::atomic<uint64_t> stutter_ = 0;
  std::map<GstClockTime, Block> blocks_ OAIRT_GUARDED_BY(lock_);
  GThread *thread_ = nullptr;
};

// 10 x log10 of what went in over what came out, in those blocks.
double echo_loss_db(const std::vector<AcousticLoop::Block> &blocks, GstClockTime from,
                    GstClockTime to);

}  // namespace oairt::test
