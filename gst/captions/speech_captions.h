// Captions of the model's answers: which words are heard when. It is told the texts, which come
// ahead of the voice, what the service says of its playing, and each frame of 20 ms that is given
// out; a word is shown from where it is taken to begin (speech_clock.h). The captions are known so
// much later than the frames as the delay is: who waits for what comes next places a word better.
//
//   Waiting --(the service plays a response)--> armed --(a voiced frame)--> following its words
//   following --(played to its end, and quiet)--> the rest is shown, held for a moment, gone
//   following --(cut)--> what was heard stays for a moment, the rest is never shown
//
// Thread-bound to whoever owns it. Pure: time is that of the frames.
// Never shows a word before its voice began, or after it was cut.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "captions/ear.h"
#include "captions/reader.h"
#include "captions/screen.h"
#include "captions/speech_clock.h"
#include "captions/words.h"

namespace oairt::captions {

constexpr Duration kLongestHold = milliseconds(240);  // that a caption promises at once

class SpeechCaptions {
 public:
  SpeechCaptions() : reader_(screen_) {}
  SpeechCaptions(const SpeechCaptions &) = delete;
  SpeechCaptions &operator=(const SpeechCaptions &) = delete;

  void set_mode(Mode mode) { screen_.set_mode(mode); }
  // Before the first frame, or after restart(). 0: a word is shown with its frame.
  void set_delay(Duration delay) { delay_ = delay; }

  // More of an item's text, or the whole of it. Not spoken: a text answer.
  void text(const std::string &item_id, const std::string &response_id, std::string_view text,
            bool whole, bool spoken);
  void voice_started(const std::string &response_id);
  void voice_ended(const std::string &response_id);
  // Nothing more is heard of what is playing.
  void voice_cut();
  // What was said is nobody's business any more.
  void forget();

  // A frame of the output, of 20 ms.
  void frame(Duration start, bool voice, const FrameSound &sound);
  // No frame came until then.
  void pass(Duration until);
  // The stream ends.
  void finish();
  // The running time began anew.
  void restart();

  std::vector<Caption> take() { return screen_.take(); }
  // No caption will begin before this.
  Duration position() const { return std::max({Duration(0), heard_ - delay_, passed_}); }

 private:
  struct Item {
    std::string id, response_id;
    Words words;
  };
  struct Started {
    std::string response_id;
    bool ended = false;
  };
  struct Voice {
    std::string response_id;
    std::string item_id;  // empty: its text is not there yet
    SpeechClock clock;
    std::size_t line = 0, shown = 0;
    bool whole_line = false;
    bool ended = false;
    int frames_since_end = 0;
  };

  Item *find(const std::string &item_id);
  Item *first_of(const std::string &response_id);
  void begin_voice();
  void take_item();
  void follow(Duration start, bool voice, const FrameSound &sound);
  void show_words(std::size_t count);
  Duration begin_of(std::size_t word) const;
  void end_item();
  void refresh();
  Duration hold() const;
  bool is_gone(const std::string &response_id) const;
  void remember_gone(const std::string &response_id);

  Screen screen_;
  Reader reader_;
  Pace pace_;
  std::deque<Item> items_;
  std::deque<Started> started_;   // responses that are played
  std::deque<std::string> gone_;  // those of which nothing more is heard
  std::optional<Voice> voice_;
  // The end of the last frame; so far the time has come without one, if it is farther.
  Duration heard_{0}, passed_{0};
  Duration last_voice_{0}, delay_{0};
};

}  // namespace oairt::captions
