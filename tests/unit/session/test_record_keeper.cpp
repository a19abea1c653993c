// The conversation and its store in step: the real store, in memory and on disk.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/ref.h"
#include "session/record_keeper.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

// A session without calls: a conversation, its keeper, and what that tells.
class Scene final : public KeeperListener {
 public:
  explicit Scene(PersistenceOptions options) : options_(std::move(options)) {
    run_in(loop_, [&] {
      keeper_ = std::make_unique<RecordKeeper>(loop_, conversation_, *this);
      keeper_->set_options(options_);
      keeper_->open();
      return true;
    });
  }
  ~Scene() override {
    Awaited<bool> closed;
    run_in(loop_, [&] {
      keeper_->close(Clock::now() + std::chrono::seconds(5),
                     [done = closed.callback()] { done(true); });
      return true;
    });
    fail_unless(closed.wait().has_value());
    run_in(loop_, [&] { return keeper_.reset(), true; });
  }

  void say(const std::string &id, const std::string &words, const std::string &after = "") {
    act([&] {
      Json part = Json::object({{"type", "input_text"}, {"text", words}});
      Json item = Json::object({{"id", id},
                                {"type", "message"},
                                {"role", "user"},
                                {"status", "completed"},
                                {"content", Json::array({part})}});
      conversation_.handle(ServerEvent{"", "", ItemAdded{item, id, after}}, wall_ms());
      conversation_.handle(ServerEvent{"", "", ItemDone{item, id, after}}, wall_ms());
    });
  }
  void remove(const std::string &id) {
    act([&] { conversation_.handle(ServerEvent{"", "", ItemDeleted{id}}, wall_ms()); });
  }
  // In the loop; then what changed is saved.
  template <typename Action>
  void act(Action action) {
    run_in(loop_, [&] {
      action();
      keeper_->follow();
      return true;
    });
  }
  RecordKeeper &keeper() { return *keeper_; }
  Conversation &conversation() { return conversation_; }
  std::string words() {
    return run_in(loop_, [&] {
      std::string all;
      for (const auto &item : conversation_.items()) all += item.text + " ";
      return all;
    });
  }
  bool wait_until_ready() {
    return wait_for([&] { return run_in(loop_, [&] { return keeper_->ready(); }); });
  }
  int told(const int Scene::*count) {
    return run_in(loop_, [&] { return this->*count; });
  }
  void hold_back() {
    run_in(loop_, [&] { return in_call_ = true; });
  }

  int ready_ = 0, troubles_ = 0;

 private:
  void on_keeper_ready(const Restored &) override { ++ready_; }
  void on_keeper_standby() override {}
  void on_keeper_trouble(const Error &) override { ++troubles_; }
  bool may_restore() override { return !in_call_; }

  PersistenceOptions options_;
  bool in_call_ = false;
  Conversation conversation_;
  EventLoop loop_{"test-loop"};
  std::unique_ptr<RecordKeeper> keeper_;
};

PersistenceOptions in_memory(const std::string &name) {
  PersistenceOptions options;
  options.mode = PersistenceMode::Memory;
  options.store.uri = "memory:";
  options.store.session = name;
  return options;
}

std::string left_in(const PersistenceOptions &options) {
  Scene scene(options);
  fail_unless(scene.wait_until_ready());
  return scene.words();
}

}  // namespace

GST_START_TEST(without_persistence_it_is_ready_and_keeps_nothing) {
  PersistenceOptions options = in_memory("none");
  options.mode = PersistenceMode::None;
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
  }
  options.mode = PersistenceMode::Memory;
  assert_text(left_in(options), "");
}
GST_END_TEST

GST_START_TEST(what_is_added_put_between_changed_and_deleted_comes_back_as_it_was) {
  PersistenceOptions options = in_memory("order");
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
    scene.say("c", "three", "a");
    scene.say("b", "two", "a");
    scene.say("x", "wrong", "c");
    scene.say("d", "four", "x");
    scene.remove("x");
    assert_text(scene.words(), "one two three four ");
  }
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    assert_text(scene.words(), "one two three four ");
    scene.say("e", "five");
    scene.remove("b");
    scene.remove("a");
  }
  assert_text(left_in(options), "three four five ");
}
GST_END_TEST

GST_START_TEST(a_new_record_begins_empty_and_with_the_preferences) {
  PersistenceOptions options = in_memory("split");
  options.preferences = Json::object({{"language", "de"}});
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
    scene.act([&] {
      scene.keeper().state().total_tokens = 7;
      scene.keeper().begin_record();
      scene.conversation().clear();
    });
    scene.say("b", "two");
    scene.act([&] { scene.keeper().save_state(); });
  }
  Scene scene(options);
  fail_unless(scene.wait_until_ready());
  assert_text(scene.words(), "two ");
  scene.act([&] {
    fail_unless_equals_int(scene.keeper().state().total_tokens, 0);
    assert_text(scene.keeper().state().preferences["language"].as_string(), "de");
  });
}
GST_END_TEST

GST_START_TEST(consent_decides_what_is_saved_and_withdrawing_erases) {
  PersistenceOptions options = in_memory("consent");
  options.consent_required = true;
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
  }
  assert_text(left_in(options), "");
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
    scene.act([&] { scene.keeper().grant_consent(); });
    scene.say("b", "two");
  }
  assert_text(left_in(options), "one two ");
  {
    Scene scene(options);  // the consent is remembered with what it was given for
    fail_unless(scene.wait_until_ready());
    scene.say("c", "three");
    scene.act([&] { scene.keeper().withdraw_consent(); });
    scene.say("d", "four");
    assert_text(scene.words(), "one two three four ");
    scene.act([&] {
      scene.keeper().begin_record();
      scene.conversation().clear();
    });
    scene.say("e", "five");
  }
  assert_text(left_in(options), "");
}
GST_END_TEST

GST_START_TEST(consent_that_is_given_again_does_not_bring_back_what_was_erased) {
  PersistenceOptions options = in_memory("again");
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
    scene.act([&] { scene.keeper().withdraw_consent(); });
    scene.act([&] { scene.keeper().grant_consent(); });
    scene.say("b", "two");
  }
  assert_text(left_in(options), "two ");
}
GST_END_TEST

constexpr const char *kStrange = "{\"kind\":\"hologram\",\"after\":1}";

class Nobody final : public StoreListener {
  void on_store_opened(StoredRecord) override {}
  void on_store_standby() override {}
  void on_store_lost() override {}
  void on_store_trouble(const Error &) override {}
  void on_store_healed() override {}
};

void place_strange_item(const StoreOptions &options, int64_t slot) {
  EventLoop loop("test-loop");
  Nobody nobody;
  std::unique_ptr<Store> store;
  Awaited<bool> closed;
  run_in(loop, [&] {
    store = std::move(Store::create(loop, options, nobody)).value();
    store->save_item({slot, wall_ms(), kStrange});
    store->close(Clock::now() + std::chrono::seconds(5), closed.callback());
    return true;
  });
  fail_unless(closed.wait().value_or(false));
  run_in(loop, [&] { return store.reset(), true; });
}

// A file is where the folder of the store should be, until it is not.
class Obstacle {
 public:
  Obstacle() {
    GString_ made(g_dir_make_tmp("oairt-keeper-XXXXXX", nullptr));
    folder_ = made.get();
    std::ofstream(folder_ + "/key") << std::string(64, '7') << "\n";
    std::filesystem::permissions(folder_ + "/key", std::filesystem::perms::owner_read);
    put();
  }
  ~Obstacle() { std::filesystem::remove_all(folder_); }
  void put() { std::ofstream(folder_ + "/place") << "in the way"; }
  void remove() { std::filesystem::remove(folder_ + "/place"); }
  PersistenceOptions options() const {
    PersistenceOptions options;
    options.mode = PersistenceMode::Disk;
    options.store.uri = "sqlite:" + folder_ + "/place/store.sqlite";
    options.store.key_file = folder_ + "/key";
    options.store.session = "kiosk";
    return options;
  }

 private:
  std::string folder_;
};

GST_START_TEST(a_store_that_is_there_late_is_given_what_was_said_meanwhile) {
  Obstacle obstacle;
  {
    Scene scene(obstacle.options());
    fail_unless(scene.wait_until_ready());
    fail_unless_equals_int(scene.told(&Scene::troubles_), 1);
    scene.hold_back();
    scene.say("a", "one");
    scene.say("b", "two", "a");
    obstacle.remove();
    scene.say("c", "three", "b");
    fail_unless(wait_for([&] {
      auto all = read_all_records(obstacle.options().store);
      return all && !all->empty() && all->back().items.size() == 3;
    }));
    fail_unless_equals_int(scene.told(&Scene::ready_), 1);
  }
  assert_text(left_in(obstacle.options()), "one two three ");
}
GST_END_TEST

GST_START_TEST(a_store_that_is_there_before_the_first_call_gives_what_it_has) {
  Obstacle obstacle;
  obstacle.remove();
  {
    Scene scene(obstacle.options());
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
  }
  PersistenceOptions options = obstacle.options();
  std::string place = options.store.uri.substr(7);
  place = place.substr(0, place.rfind('/'));
  std::filesystem::rename(place, place + ".away");
  obstacle.put();
  Scene scene(options);
  fail_unless(scene.wait_until_ready());
  assert_text(scene.words(), "");
  obstacle.remove();
  std::filesystem::rename(place + ".away", place);
  fail_unless(wait_for([&] { return scene.words() == "one "; }));
  fail_unless_equals_int(scene.told(&Scene::ready_), 2);
}
GST_END_TEST

GST_START_TEST(a_store_that_is_deleted_meanwhile_is_given_everything_again) {
  Obstacle obstacle;
  obstacle.remove();
  PersistenceOptions options = obstacle.options();
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
    scene.say("b", "two", "a");
    fail_unless(wait_for([&] {
      auto all = read_all_records(options.store);
      return all && !all->empty() && all->back().items.size() == 2;
    }));
    std::string place = options.store.uri.substr(7);
    for (const char *suffix : {"", "-wal", "-shm"}) std::filesystem::remove(place + suffix);
    scene.say("c", "three", "b");
    fail_unless(wait_for([&] {
      auto all = read_all_records(options.store);
      return all && !all->empty() && all->back().items.size() == 3;
    }));
  }
  assert_text(left_in(options), "one two three ");
}
GST_END_TEST

GST_START_TEST(withdrawn_consent_holds_for_the_next_record_until_it_is_given) {
  PersistenceOptions options = in_memory("withdrawn");
  {
    Scene scene(options);
    fail_unless(scene.wait_until_ready());
    scene.act([&] {
      scene.keeper().withdraw_consent();
      scene.keeper().begin_record();
    });
    scene.say("a", "one");
    scene.act([&] { scene.keeper().begin_record(); });
    scene.act([&] { scene.keeper().grant_consent(); });
    scene.say("b", "two");
  }
  assert_text(left_in(options), "two ");
}
GST_END_TEST

// An item of a newer version, say: it is not ours to erase.
GST_START_TEST(what_cannot_be_read_stays_where_it_is) {
  Obstacle obstacle;
  obstacle.remove();
  StoreOptions place = obstacle.options().store;
  {
    Scene scene(obstacle.options());
    fail_unless(scene.wait_until_ready());
    scene.say("a", "one");
  }
  place_strange_item(place, 2);
  {
    Scene scene(obstacle.options());
    fail_unless(scene.wait_until_ready());
    assert_text(scene.words(), "one ");
    scene.say("b", "two", "a");
  }
  auto all = read_all_records(place);
  fail_unless(all.ok() && all->size() == 1);
  fail_unless_equals_int(all->front().items.size(), 3);
  assert_text(all->front().items[1].text, kStrange);
}
GST_END_TEST

OAIRT_TEST_MAIN(record_keeper, without_persistence_it_is_ready_and_keeps_nothing,
                what_is_added_put_between_changed_and_deleted_comes_back_as_it_was,
                a_new_record_begins_empty_and_with_the_preferences,
                consent_decides_what_is_saved_and_withdrawing_erases,
                consent_that_is_given_again_does_not_bring_back_what_was_erased,
                a_store_that_is_there_late_is_given_what_was_said_meanwhile,
                a_store_that_is_there_before_the_first_call_gives_what_it_has,
                a_store_that_is_deleted_meanwhile_is_given_everything_again,
                withdrawn_consent_holds_for_the_next_record_until_it_is_given,
                what_cannot_be_read_stays_where_it_is)
