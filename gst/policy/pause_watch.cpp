#include "policy/pause_watch.h"

namespace oairt {

bool PauseWatch::look(TimePoint last_voice, TimePoint now) {
  bool news = last_voice > last_voice_;
  last_voice_ = last_voice;
  if (!began_ && news && now - last_voice < kPause) began_ = last_voice;
  if (!began_) return false;
  bool paused = now - last_voice >= kPause;
  if (!paused && now - *began_ < kLongestTurn) return false;
  bool said = last_voice - *began_ >= kShortestVoice;  // a click is none
  began_.reset();
  return said;
}

}  // namespace oairt
