// Follows the turns of a conversation from the service's events: who speaks, what is unanswered,
// whether the answer to a finished input has been spoken. Pure: `now` is passed in.
// Thread-bound to whoever owns it. Never looks at words.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "protocol/events.h"

namespace oairt {

class TurnTracker {
 public:
  // After the end of the input this long nothing happens before the conversation counts as over:
  // the service may still be detecting the end of the last words.
  static constexpr Duration kQuietWithoutAnswer = std::chrono::seconds(4);
  static constexpr Duration kQuietAfterAnswer = milliseconds(400);
  // speech_started comes so long after the first sound.
  static constexpr Duration kOnset = milliseconds(500);

  // Nothing is answered: a turn is over when its words have come, or will not.
  void set_transcribing(bool on) { transcribing_ = on; }
  void handle(const ServerEvent &event, TimePoint now);
  // The call ended: nothing that was under way goes on.
  void reset(TimePoint now);

  bool user_speaking() const { return user_speaking_; }
  bool unanswered() const { return transcribing_ ? unwritten_since().has_value() : unanswered_; }
  // When the oldest turn began whose words have not come, spoken to its end or not; nothing: all
  // have. Only while transcribing.
  std::optional<TimePoint> unwritten_since() const;
  // When the user's last turn began, as far as it is known by its event.
  std::optional<TimePoint> turn_began_at() const { return turn_began_at_; }
  // A response is being made or its audio is being played by the service.
  bool model_active() const { return !responses_.empty() || !playing_.empty(); }
  bool model_speaking() const { return !playing_.empty(); }
  // When the model began to be heard; nothing: it is not speaking.
  std::optional<TimePoint> speaking_since() const { return speaking_since_; }
  TimePoint last_change() const { return last_change_; }
  bool quiet() const { return !user_speaking_ && !unanswered() && !model_active(); }

  void input_finished(TimePoint now);
  void input_resumed() { finished_at_.reset(); }
  // Something else is still to be answered: the conversation is not over.
  void keep_waiting(TimePoint now) {
    touch(now);
    answered_since_input_ = false;
  }
  // True once, when the input is finished and everything said has been answered and spoken.
  bool take_answer_finished(TimePoint now, bool playout_empty);

  std::optional<TimePoint> user_stopped_at() const { return user_stopped_at_; }
  void clear_user_stopped() { user_stopped_at_.reset(); }

 private:
  bool note_written(const std::string &item_id);
  void touch(TimePoint now) { last_change_ = now; }

  bool user_speaking_ = false;
  bool transcribing_ = false;
  std::map<std::string, TimePoint> unwritten_;  // by item: when the turn began
  TimePoint committed_at_{};
  bool unanswered_ = false;  // a turn was committed and no response has begun
  bool answered_since_input_ = false;
  std::set<std::string> responses_, playing_;
  TimePoint last_change_{};
  std::optional<TimePoint> finished_at_, user_stopped_at_, turn_began_at_, speaking_since_;
};

}  // namespace oairt
