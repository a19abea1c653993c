// What leaves a caption pad, and how it compares with what a simulator's voice said when.
// The recording runs on the pad's streaming thread under its own lock; the rest is thread-bound.
// Never holds a stream up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"
#include "protocol/json.h"

namespace oairt::test {

struct ShownCaption {
  std::string text;
  double start_ms = 0, duration_ms = 0;
  bool final = false;
  std::optional<double> spoken_ms;  // where it was spoken
  TimePoint at;
};
struct ShownWord {
  std::string text;
  double ms = 0;  // the first caption that shows it begins there
  bool first_of_line = false;
};

class CaptionTap {
 public:
  // That pad of that element, which has it already.
  CaptionTap(GstElement *element, const char *pad);
  ~CaptionTap();
  CaptionTap(const CaptionTap &) = delete;
  CaptionTap &operator=(const CaptionTap &) = delete;

  std::vector<ShownCaption> captions();
  std::vector<ShownWord> words();
  std::vector<std::string> lines();  // the final ones, rows joined by a blank
  std::size_t gaps();
  bool ended();
  // Until where downstream knows that all is said: the ends of captions and gaps.
  double known_until_ms();
  // Starts and ends in order, nothing overlaps, no final line twice in a row.
  void assert_sound();

 private:
  static GstPadProbeReturn on_data(GstPad *pad, GstPadProbeInfo *info, gpointer self);

  Ref<GstPad> pad_;
  gulong probe_ = 0;
  Mutex lock_;
  std::vector<ShownCaption> captions_ OAIRT_GUARDED_BY(lock_);
  std::size_t gaps_ OAIRT_GUARDED_BY(lock_) = 0;
  double known_until_ms_ OAIRT_GUARDED_BY(lock_) = 0;
  bool ended_ OAIRT_GUARDED_BY(lock_) = false;
};

// The words of these captions, each once.
std::vector<ShownWord> words_of(const std::vector<ShownCaption> &captions);

struct TrueWord {
  std::string text;
  double ms = 0;     // in the answer's sound
  bool own = false;  // its place is known, not guessed
};
// What the simulator said, answer by answer, from its log lines of kind "words".
std::vector<std::vector<TrueWord>> true_words(const std::vector<Json> &log);

}  // namespace oairt::test
