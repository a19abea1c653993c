// What of a session outlives its process, as plain values: the settings, the state of a record
// beside its items, and the texts that a store is given.
// Thread-safe: pure functions. Never trusts what it reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "conversation/item.h"
#include "conversation/replay.h"
#include "protocol/json.h"
#include "store/store.h"

namespace oairt {

enum class PersistenceMode { None, Memory, Disk };
enum class IdleAction { Split, HangUp };

struct PersistenceOptions {
  PersistenceMode mode = PersistenceMode::None;
  StoreOptions store;
  bool consent_required = false;
  ReplayLimits replay;
  Duration logical_session = std::chrono::hours(8);  // 0: without an end
  Duration idle = Duration::zero();                  // 0: never
  IdleAction idle_action = IdleAction::Split;
  Json preferences;  // the application's own; null: not set
};

// What is known of a record beside its items.
struct RecordState {
  static constexpr std::size_t kMaxPast = 100;

  bool consent = false;
  std::optional<bool> mute;
  std::optional<double> volume;
  Json preferences;
  int64_t input_tokens = 0, output_tokens = 0, total_tokens = 0;
  uint64_t reconnects = 0;
  std::vector<std::string> session_ids;  // of the service, oldest first; at most kMaxPast

  void add_session(const std::string &id);
};

// What came back from the store.
struct Restored {
  std::size_t items = 0;
  std::size_t unreadable = 0;
  int64_t opened_ms = 0;  // of its record; 0: there was none
};

Json state_to_json(const RecordState &state);
RecordState state_from_json(const Json &json);

// `after`: the slot of the item before it; 0: the first.
std::string stored_text(const ConversationItem &item, int64_t after);
// In the order of the conversation, with their slots; what cannot be read is left out.
std::vector<ConversationItem> restore_order(const std::vector<StoredItem> &stored);
int64_t stored_after(const StoredItem &stored);

}  // namespace oairt
