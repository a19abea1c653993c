// Keeps a store in step with the conversation: what an earlier process left comes back, what is
// finished is saved.
// Thread-bound to the event loop; the listener is called there.
// Never holds the conversation up: without the store it goes on, and is saved when the store is
// back. Never saves a word without consent where that is required.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conversation/conversation.h"
#include "protocol/json.h"
#include "session/persistence.h"
#include "store/store.h"

namespace oairt {

class KeeperListener {
 public:
  virtual ~KeeperListener() = default;
  // Calls may be made: the conversation holds what was kept. Again after on_standby.
  virtual void on_keeper_ready(const Restored &restored) = 0;
  // Another process drives the session: no call until on_keeper_ready.
  virtual void on_keeper_standby() = 0;
  virtual void on_keeper_trouble(const Error &error) = 0;
  // The store was out of order at first: may what it has take the place of the conversation?
  virtual bool may_restore() = 0;
};

class RecordKeeper final : private StoreListener {
 public:
  RecordKeeper(EventLoop &loop, Conversation &conversation, KeeperListener &listener);
  ~RecordKeeper() override;

  // While the store is open only what can change there takes effect; the rest with the next open.
  void set_options(const PersistenceOptions &options);
  // on_keeper_ready follows, never inline; at once if nothing is kept.
  void open();
  bool ready() const { return standing_ == Standing::Ready; }
  // The conversation outlives its calls and its elements.
  bool keeps() const { return options_.mode != PersistenceMode::None; }

  // After each change; cheap when nothing was finished.
  void follow();
  RecordState &state() { return state_; }
  void save_state();
  int64_t record_opened_ms() const { return opened_ms_; }
  // What was said is another visitor's from now on. The conversation is the caller's to clear.
  void begin_record();

  bool may_save() const;
  void grant_consent();
  // What is stored is erased, and nothing is saved until consent is granted again.
  void withdraw_consent();
  void erase();
  // Everything is written, at most until then; the store is closed.
  void close(TimePoint deadline, std::function<void()> done);

 private:
  enum class Standing { Closed, Opening, Ready, Standby };
  struct Saved {
    std::string id;
    std::size_t hash = 0;
    int64_t after = 0;  // the slot that it followed when it was saved first
  };

  void on_store_opened(StoredRecord record) override;
  void on_store_standby() override;
  void on_store_lost() override;
  void on_store_trouble(const Error &error) override;
  void on_store_healed() override;
  void on_store_emptied() override;

  void become_ready(const Restored &restored);
  void take_over(const StoredRecord &record);
  void save_changed(std::size_t first);
  void save(const ConversationItem &item, int64_t previous_slot);
  void erase_missing();
  void save_everything();
  void forget_places(int64_t slot);

  EventLoop &loop_;
  Conversation &conversation_;
  KeeperListener &listener_;
  PersistenceOptions options_;
  std::unique_ptr<Store> store_;
  Standing standing_ = Standing::Closed;
  bool opened_ = false;     // the store has shown what it had
  bool withdrawn_ = false;  // the consent
  RecordState state_;
  int64_t opened_ms_ = 0;           // of the record in use; 0: nothing is in it
  std::map<int64_t, Saved> saved_;  // by slot
  int64_t last_slot_ = 0;
  uint64_t revision_ = 0;  // of the conversation, as it was saved last
  std::string state_text_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace oairt
