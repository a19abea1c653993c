#include "session/record_keeper.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/log.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

// A transcript may come late, but changes none but the newest items.
constexpr std::size_t kRecent = 64;
constexpr int64_t kNever = -1;  // the slot of an item that was erased from the store on demand

}  // namespace

RecordKeeper::RecordKeeper(EventLoop &loop, Conversation &conversation, KeeperListener &listener)
    : loop_(loop), conversation_(conversation), listener_(listener) {}

RecordKeeper::~RecordKeeper() = default;

void RecordKeeper::set_options(const PersistenceOptions &options) {
  bool told = options.preferences != options_.preferences;
  if (store_ && options.store.retention != options_.store.retention) {
    store_->set_retention(options.store.retention);
  }
  options_ = options;
  if (!told || options_.preferences.is_null()) return;
  state_.preferences = options_.preferences;
  save_state();
}

void RecordKeeper::open() {
  loop_.assert_in_loop();
  if (standing_ != Standing::Closed) return;
  standing_ = Standing::Opening;
  if (keeps()) {
    auto store = Store::create(loop_, options_.store, *this);
    if (store) {
      store_ = std::move(store).value();
      return;
    }
    listener_.on_keeper_trouble(store.error());
  }
  std::weak_ptr<bool> alive = alive_;
  loop_.post([this, alive] {
    if (!alive.expired() && standing_ == Standing::Opening) become_ready({});
  });
}

void RecordKeeper::become_ready(const Restored &restored) {
  standing_ = Standing::Ready;
  listener_.on_keeper_ready(restored);
}

// --- from the store ---

void RecordKeeper::on_store_opened(StoredRecord record) {
  opened_ = true;
  bool late = standing_ == Standing::Ready;
  if (late && !listener_.may_restore()) {
    // The conversation went on without the store: it is another one than what was left there.
    LOG_INFO("the store is there at last: what was said meanwhile is saved");
    if (record.number != 0) store_->close_record(wall_ms());
    save_everything();
    return;
  }
  take_over(record);
  become_ready({conversation_.items().size(), record.unreadable, record.opened_ms});
}

void RecordKeeper::take_over(const StoredRecord &record) {
  saved_.clear();
  last_slot_ = 0;
  opened_ms_ = record.opened_ms;
  // What cannot be read is left alone: its slot is not used again, and not erased.
  auto items = restore_order(record.items);
  for (const ConversationItem &item : items) saved_[item.slot].id = item.id;
  for (const StoredItem &stored : record.items) {
    last_slot_ = std::max(last_slot_, stored.slot);
    auto saved = saved_.find(stored.slot);
    if (saved == saved_.end()) continue;
    saved->second.after = stored_after(stored);
    saved->second.hash = std::hash<std::string>()(stored.text);
  }
  // What this process was told already is newer.
  RecordState told = std::move(state_);
  auto state = Json::parse(record.state);
  state_ = state ? state_from_json(state.value()) : RecordState();
  if (told.mute) state_.mute = told.mute;
  if (told.volume) state_.volume = told.volume;
  if (told.consent) state_.consent = true;
  if (!options_.preferences.is_null()) state_.preferences = options_.preferences;
  conversation_.restore(std::move(items));
  revision_ = conversation_.revision();
}

void RecordKeeper::on_store_standby() {
  opened_ = false;
  standing_ = Standing::Standby;
  listener_.on_keeper_standby();
}

void RecordKeeper::on_store_lost() {
  conversation_.clear();
  on_store_standby();
}

void RecordKeeper::on_store_trouble(const Error &error) {
  listener_.on_keeper_trouble(error);
  if (standing_ == Standing::Opening) become_ready({});
}

void RecordKeeper::on_store_healed() {}

// What it held is gone while we drive: a place that was emptied, a file that was set aside.
void RecordKeeper::on_store_emptied() {
  if (!may_save()) return;
  for (auto &[slot, saved] : saved_) saved.hash = 0;
  state_text_.clear();
  save_state();
  save_changed(0);
}

// --- to the store ---

bool RecordKeeper::may_save() const {
  return store_ && opened_ && !withdrawn_ && (!options_.consent_required || state_.consent);
}

void RecordKeeper::follow() {
  if (conversation_.revision() == revision_) return;
  if (opened_ms_ == 0 && !conversation_.items().empty()) opened_ms_ = wall_ms();
  if (!may_save()) return;
  revision_ = conversation_.revision();
  std::size_t size = conversation_.items().size();
  save_changed(size > kRecent ? size - kRecent : 0);
  erase_missing();
}

void RecordKeeper::save_changed(std::size_t first) {
  const auto &items = conversation_.items();
  int64_t previous = 0;
  for (std::size_t i = first; i > 0 && previous <= 0; --i) previous = items[i - 1].slot;
  previous = std::max<int64_t>(previous, 0);
  for (std::size_t i = first; i < items.size(); ++i) {
    if (items[i].finished() && items[i].slot != kNever) save(items[i], previous);
    if (items[i].slot > 0) previous = items[i].slot;
  }
}

void RecordKeeper::save(const ConversationItem &item, int64_t previous_slot) {
  bool is_new = item.slot == 0;
  int64_t slot = is_new ? last_slot_ + 1 : item.slot;
  Saved &saved = saved_[slot];
  if (is_new) {
    last_slot_ = slot;
    saved.after = previous_slot;
    conversation_.set_slot(item.id, slot);
  }
  saved.id = item.id;
  std::string text = stored_text(item, saved.after);
  std::size_t hash = std::hash<std::string>()(text);
  if (hash == std::exchange(saved.hash, hash) && !is_new) return;
  store_->save_item({slot, item.created_ms, std::move(text)});
}

// What was deleted goes from the store too; what was dropped for being too much stays there.
void RecordKeeper::erase_missing() {
  const auto &items = conversation_.items();
  auto stored =
      std::count_if(items.begin(), items.end(), [](const auto &item) { return item.slot > 0; });
  if (static_cast<std::size_t>(stored) == saved_.size()) return;
  std::set<int64_t> present;
  for (const auto &item : items) {
    if (item.slot > 0) present.insert(item.slot);
  }
  bool all_gone = present.empty();
  int64_t oldest = all_gone ? 0 : *present.begin();
  std::set<int64_t> moved;
  for (auto saved = saved_.begin(); saved != saved_.end();) {
    auto [slot, gone] = *saved;
    if (present.count(slot) > 0) {
      ++saved;
      continue;
    }
    if (slot > oldest || conversation_.is_gone(gone.id)) store_->erase_item(slot);
    saved = saved_.erase(saved);
    // Those behind it are from now on behind the one before it.
    for (auto &[other, place] : saved_) {
      if (place.after != slot) continue;
      place.after = gone.after;
      if (!all_gone) moved.insert(other);
    }
  }
  for (const auto &item : conversation_.items()) {
    if (moved.count(item.slot) > 0) save(item, 0);
  }
}

void RecordKeeper::save_state() {
  if (!may_save()) return;
  std::string text = state_to_json(state_).dump();
  if (text == std::exchange(state_text_, text)) return;
  store_->save_state(std::move(text));
}

void RecordKeeper::forget_places(int64_t slot) {
  saved_.clear();
  last_slot_ = 0;
  state_text_.clear();
  for (const auto &item : conversation_.items()) {
    if (item.slot != kNever) conversation_.set_slot(item.id, slot);
  }
}

void RecordKeeper::save_everything() {
  forget_places(0);
  if (!may_save()) return;
  revision_ = conversation_.revision();
  save_state();
  save_changed(0);
}

// --- records ---

void RecordKeeper::begin_record() {
  if (store_ && opened_) store_->close_record(wall_ms());
  forget_places(kNever);
  opened_ms_ = 0;
  RecordState fresh;
  fresh.preferences = options_.preferences;
  fresh.mute = state_.mute;
  fresh.volume = state_.volume;
  state_ = std::move(fresh);
}

void RecordKeeper::grant_consent() {
  bool granted = may_save();
  state_.consent = true;
  withdrawn_ = false;
  if (!granted) save_everything();
}

void RecordKeeper::withdraw_consent() {
  state_.consent = false;
  withdrawn_ = true;
  erase();
}

void RecordKeeper::erase() {
  forget_places(kNever);
  if (!store_) return;
  std::weak_ptr<bool> alive = alive_;
  store_->erase_session([this, alive](const Status &status) {
    if (!alive.expired() && !status) listener_.on_keeper_trouble(status.error());
  });
}

void RecordKeeper::close(TimePoint deadline, std::function<void()> done) {
  standing_ = Standing::Closed;
  opened_ = false;
  if (!store_) {
    loop_.post(std::move(done));
    return;
  }
  std::weak_ptr<bool> alive = alive_;
  store_->close(deadline, [this, alive, done = std::move(done)](bool all_written) {
    if (!all_written) {
      LOG_WARNING("the session ended before all that was said could be written to its store");
    }
    if (!alive.expired()) loop_.post([store = std::shared_ptr<Store>(std::move(store_))] {});
    done();
  });
}

}  // namespace oairt
