#include "policy/speech_watch.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {

constexpr Duration kPause = milliseconds(300);   // shorter ones are part of speech
constexpr Duration kSpeech = milliseconds(200);  // shorter sounds are none
constexpr Duration kAskAgain = std::chrono::seconds(2);
// Several questions on the way let SCTP see at once that one of them, or its answer, was lost.
constexpr Duration kInsist = milliseconds(120);

}  // namespace

void SpeechWatch::reset(TimePoint now) {
  began_ = last_event_ = now;
  voice_since_.reset();
  asked_at_.reset();
}

void SpeechWatch::heard_event(TimePoint now) { last_event_ = now; }

void SpeechWatch::path_proven(TimePoint now) {
  if (!asked_at_ || std::exchange(proven_, true)) return;
  asked_at_ = now;  // before that it may not have heard the question
}

SpeechWatch::Finding SpeechWatch::look(TimePoint last_voice, TimePoint now) {
  Finding finding;
  if (now - last_voice > kPause || last_voice < began_) {
    voice_since_.reset();
  } else if (!voice_since_ || last_voice - last_voice_ > kPause) {
    voice_since_ = last_voice;
  }
  last_voice_ = last_voice;
  // A question that was asked is waited for, whether the speech goes on or not.
  if (asked_at_ && last_event_ < *asked_at_ && now - *asked_at_ >= patience_) {
    if (now - *asked_at_ < patience_ + kAskAgain) (proven_ ? finding.mute : finding.deaf) = true;
    asked_at_.reset();
    return finding;
  }
  if (asked_at_ && last_event_ < *asked_at_ && now - insisted_at_ >= kInsist) {
    insisted_at_ = now;
    finding.ask = true;
    return finding;
  }
  bool speech = voice_since_ && last_voice - *voice_since_ >= kSpeech;
  bool told = voice_since_ && last_event_ >= *voice_since_;
  bool asked = asked_at_ && now - *asked_at_ < std::max(patience_, Duration(kAskAgain));
  if (speech && !told && !asked) {
    asked_at_ = insisted_at_ = now;
    proven_ = false;
    finding.ask = true;
  }
  return finding;
}

}  // namespace oairt
