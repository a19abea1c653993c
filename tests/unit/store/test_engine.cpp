// The front door, whatever happens behind it: a place that hangs, fails, or comes late.
#include <atomic>
#include <condition_variable>

#include "base/reaper.h"
#include "store_bench.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

// What the test does to the place behind the store.
struct Control {
  std::atomic<bool> hang{false};      // writes hang
  std::atomic<bool> deaf{false};      // and do not hear interrupt()
  std::atomic<int> failures{0};       // so many writes fail
  std::atomic<bool> no_place{false};  // open() fails
  std::atomic<bool> in_write{false};
  std::atomic<bool> interrupted{false};
  std::atomic<int> writes{0}, opens{0};
};

class Whimsical final : public Backend {
 public:
  Whimsical(std::shared_ptr<Control> control, const std::string &session)
      : control_(std::move(control)), inner_(make_memory_backend(session)) {}

  Result<Opened> open() override {
    ++control_->opens;
    if (control_->no_place) return storage_error("There is no place.");
    return inner_->open();
  }
  void disconnect() override { inner_->disconnect(); }
  Result<Claim> claim() override { return inner_->claim(); }
  void release() override { inner_->release(); }
  Duration standby_pause() const override { return inner_->standby_pause(); }
  Result<std::vector<Row>> read_heads() override { return inner_->read_heads(); }
  Result<std::vector<Row>> read_record(int64_t record) override {
    return inner_->read_record(record);
  }
  Result<Written> write(const Batch &batch) override {
    ++control_->writes;
    control_->in_write = true;
    while (control_->hang && (control_->deaf || !control_->interrupted)) g_usleep(1000);
    control_->in_write = false;
    if (control_->interrupted) return storage_error("Interrupted.");
    if (control_->failures > 0) {
      --control_->failures;
      return storage_error("It does not want to.");
    }
    return inner_->write(batch);
  }
  void interrupt() override { control_->interrupted = true; }

 private:
  std::shared_ptr<Control> control_;
  std::unique_ptr<Backend> inner_;
};

StoreOptions options_for() {
  StoreOptions options;
  options.uri = "memory:";
  options.session = "kiosk";
  return options;
}

StoreHooks hooks_for(const std::shared_ptr<Control> &control) {
  StoreHooks hooks;
  hooks.make_backend = [control] { return std::make_unique<Whimsical>(control, "kiosk"); };
  return hooks;
}

GST_START_TEST(wrong_options_are_refused_at_once) {
  EventLoop loop("test");
  struct Nobody final : StoreListener {
    void on_store_opened(StoredRecord) override {}
    void on_store_standby() override {}
    void on_store_lost() override {}
    void on_store_trouble(const Error &) override {}
    void on_store_healed() override {}
  } nobody;
  StoreOptions options = options_for();
  options.uri = "redis://u:hunter2@host/x";
  Result<std::unique_ptr<Store>> store = Store::create(loop, options, nobody);
  fail_unless(!store && store.error().code == ErrorCode::Config);
  fail_unless(store.error().message.find("hunter2") == std::string::npos);
}
GST_END_TEST

GST_START_TEST(a_write_that_hangs_holds_nobody_up) {
  auto control = std::make_shared<Control>();
  control->hang = control->deaf = true;
  {
    EventLoop loop("test");
    struct Silent final : StoreListener {
      std::atomic<bool> opened{false}, gone{false};
      void on_store_opened(StoredRecord) override { opened = true; }
      void on_store_standby() override { fail_if(gone); }
      void on_store_lost() override { fail_if(gone); }
      void on_store_trouble(const Error &) override { fail_if(gone); }
      void on_store_healed() override { fail_if(gone); }
    } listener;
    std::unique_ptr<Store> store = run_in(loop, [&] {
      return std::move(make_store(loop, options_for(), listener, hooks_for(control))).value();
    });
    fail_unless(wait_for([&] { return listener.opened.load(); }));
    TimePoint start = Clock::now();
    run_in(loop, [&] {
      store->save_item({1, 1, "one"});
      return true;
    });
    fail_unless(wait_for([&] { return control->in_write.load(); }));
    run_in(loop, [&] {
      for (int slot = 2; slot < 1000; ++slot) store->save_item({slot, 1, "more"});
      listener.gone = true;
      store.reset();
      return true;
    });
    loop.stop();
    fail_unless(Clock::now() - start < std::chrono::seconds(1));
  }
  fail_if(reaper::wait_idle(Clock::now() + milliseconds(50)), "the thread is not waited for");
  control->hang = false;
  fail_unless(reaper::wait_idle(Clock::now() + std::chrono::seconds(5)));
}
GST_END_TEST

GST_START_TEST(a_close_ends_at_its_deadline) {
  auto control = std::make_shared<Control>();
  control->hang = true;
  Driver driver(options_for(), hooks_for(control));
  driver.wait_for_record();
  driver.save(1, "one");
  TimePoint start = Clock::now();
  fail_if(driver.close(milliseconds(300)));
  fail_unless(Clock::now() - start < std::chrono::seconds(2));
}
GST_END_TEST

GST_START_TEST(what_fails_is_written_later_and_told_once) {
  auto control = std::make_shared<Control>();
  Driver driver(options_for(), hooks_for(control));
  driver.wait_for_record();
  control->failures = 3;
  for (int slot = 1; slot <= 5; ++slot) driver.save(slot, std::to_string(slot));
  driver.wait_for_event("trouble");
  for (int turn = 0; turn < 100; ++turn) driver.state(std::to_string(turn));
  driver.erase(3);
  driver.wait_for_event("healed");
  int writes = control->writes;
  fail_unless(driver.close());
  assert_equals_int(driver.count("trouble"), 1);
  assert_equals_int(driver.count("healed"), 1);
  fail_unless(control->writes - writes <= 2);
  assert_text(oairt::test::told(records_of(options_for()).at(0)), "1:1 2:2 4:4 5:5 | 99");
}
GST_END_TEST

GST_START_TEST(what_is_saved_before_there_is_a_place_waits) {
  auto control = std::make_shared<Control>();
  control->no_place = true;
  Driver driver(options_for(), hooks_for(control));
  driver.save(1, "early");
  driver.wait_for_event("trouble");
  driver.save(2, "later");
  fail_unless(wait_for([&] { return control->opens >= 3; }));
  assert_equals_int(driver.events().size(), 1);
  control->no_place = false;
  driver.wait_for_record();
  driver.wait_for_event("healed");
  fail_unless(driver.close());
  assert_text(told(records_of(options_for()).at(0)), "1:early 2:later | ");
}
GST_END_TEST

GST_START_TEST(an_erasure_in_trouble_is_done_when_it_is_over) {
  auto control = std::make_shared<Control>();
  Driver driver(options_for(), hooks_for(control));
  driver.wait_for_record();
  driver.save(1, "one");
  fail_unless(wait_for([] { return !records_of(options_for()).empty(); }));
  control->failures = 2;
  driver.save(2, "two");
  driver.wait_for_event("trouble");
  fail_unless(driver.erase_session().ok());
  fail_unless(records_of(options_for()).empty());
  fail_unless(driver.close());
  fail_unless(records_of(options_for()).empty());
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(store_engine, wrong_options_are_refused_at_once, a_write_that_hangs_holds_nobody_up,
                a_close_ends_at_its_deadline, what_fails_is_written_later_and_told_once,
                what_is_saved_before_there_is_a_place_waits,
                an_erasure_in_trouble_is_done_when_it_is_over)
