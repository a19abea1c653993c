// When the model is asked to answer what was put into the conversation: texts, outputs of
// functions. Never while a response is being made, which the service refuses, nor over the user's
// own turn, whose answer takes care of it. Pure: the time is passed in.
// Thread-bound to whoever owns it.
// Never asks twice for one item, nor forgets one: an item is answered when a response begins after
// the service has acknowledged it, whoever asked for that response.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "protocol/events.h"

namespace oairt {

// The event_id of our response.create, and what stands before the id of an item in that of its
// conversation.item.create.
constexpr const char *kAskEventId = "oairt_answer";
constexpr const char *kItemEventPrefix = "item_";

class AnswerGate {
 public:
  // A response that was asked for begins sooner, or it was lost.
  static constexpr Duration kLongestAsk = std::chrono::seconds(10);
  // So long after a spoken turn its answer begins by itself.
  static constexpr Duration kTurnPatience = std::chrono::seconds(3);
  static constexpr Duration kLongestTurn = std::chrono::seconds(60);
  // Refused for a response that we do not know of.
  static constexpr Duration kRetry = milliseconds(500);

  // The item, which was sent, is to be answered by a response that has not begun yet.
  void owe(const std::string &item_id);
  // Of the call in use, in order.
  void handle(const ServerEvent &event, TimePoint now);
  // True: response.create is to be sent now. `answers_turns`: the service answers spoken turns by
  // itself.
  bool ready(TimePoint now, bool answers_turns) const;
  void asked(TimePoint now) { asked_at_ = now; }
  // Another call: nothing that the old one was doing goes on. What is owed still is. True: a
  // response that was asked for had not begun.
  bool call_changed(TimePoint now);
  void clear();
  bool owes() const { return !owed_.empty(); }

 private:
  struct Owed {
    std::string item_id;
    bool acknowledged = false;
  };

  void on_error(const ServerError &error, TimePoint now);

  static constexpr std::size_t kMaxRecent = 256;
  std::vector<Owed> owed_;
  std::deque<std::string> recent_;  // items that the service has acknowledged, newest last
  std::set<std::string> active_;    // responses of the conversation
  std::optional<TimePoint> asked_at_, speaking_since_, committed_at_;
  TimePoint not_before_{};
};

}  // namespace oairt
