// Client events on their way: held while the service is not heard, and items sent again that a
// lost call may have taken along.
// Thread-bound to the event loop.
// Never grows without bound, never sends an item twice that the service has acknowledged.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "conversation/conversation.h"
#include "protocol/events.h"

namespace oairt {

class Outbox {
 public:
  static constexpr std::size_t kMaxHeld = 1000;

  // Unlike any other, also after a restart: the service refuses an id that it knows. Any thread.
  static std::string new_item_id();
  // Gives an item of ours an id, by which its acknowledgement is known.
  void name_item(ClientEvent &event);
  // The same for an event of the application's own making; gives the id, or nothing: it makes no
  // item. Any thread.
  static std::string name_item(std::string &json);
  // False: full, the event is dropped. `item_id`: of an item that it makes.
  bool hold(std::string json, std::string item_id = "");
  // They go out on the call in use now.
  std::vector<std::string> take_held(TimePoint now = Clock::now());
  // It went out on the call in use. `item_id`: of an item that it makes; others are not remembered.
  void sent(std::string item_id, std::string json, TimePoint now);
  // Items that went out since then, and are not in the conversation.
  std::vector<std::string> unacknowledged(TimePoint since, const Conversation &conversation) const;
  void clear();

 private:
  struct Sent {
    std::string item_id, json;
    TimePoint at;
  };
  static constexpr std::size_t kMaxSent = 64;
  std::deque<Sent> held_;
  std::deque<Sent> sent_;
};

}  // namespace oairt
