// What the parts of a session share: its identity, configuration, conversation and way out.
// Thread-bound to the session.
// Never sends an event without an id, nor one in a shape that the service does not have.
#pragma once

#include <initializer_list>
#include <string>

#include "chance.h"
#include "conversation.h"
#include "script.h"
#include "session_config.h"
#include "session_host.h"
#include "timers.h"

namespace oairt::sim {

struct SessionCore {
  SessionCore(SessionHost &host, const SessionSettings &settings, Script &script,
              SessionConfig config, uint64_t seed);

  // One server event; deltas get their padding, and now and then a stranger goes ahead of it.
  void send(const std::string &type, std::initializer_list<Json::Member> members);
  void send_error(const ApiError &error, const std::string &client_event_id);
  // conversation.item.added or .done, with the item's place in the chain.
  void send_item(const char *type, const Item &item);

  SessionHost &host;
  const SessionSettings &settings;
  Script &script;
  SessionConfig config;
  Chance chance;
  Timers timers;
  Conversation conversation;
  TimePoint now{};
  std::string session_id, conversation_id;
  int64_t expires_at = 0;  // unix seconds
  bool open = false;       // the channel is up, events may go out
  bool spoke = false;      // assistant audio is present
};

}  // namespace oairt::sim
