#include "store_bench.h"

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "base/reaper.h"
#include "support/check.h"
#include "support/loop_run.h"

namespace oairt::test {

namespace {

std::atomic<int> drivers{0};

}  // namespace

StateHome::StateHome() {
  GString_ made(g_dir_make_tmp("oairt-store-XXXXXX", nullptr));
  path_ = made.get();
  g_setenv("XDG_STATE_HOME", (path_ + "/state").c_str(), TRUE);
  g_unsetenv("CREDENTIALS_DIRECTORY");
}

StateHome::~StateHome() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

const char *Place::absent() {
  return g_strcmp0(g_getenv("OAIRT_STORE"), "redis") == 0 ? RedisServer::absent() : nullptr;
}

Place::Place() {
  const char *kind = g_getenv("OAIRT_STORE");
  kind_ = kind != nullptr ? kind : "sqlite";
  if (kind_ == "redis") redis_ = std::make_unique<RedisServer>();
}

StoreOptions Place::options(const std::string &session) const {
  StoreOptions options;
  options.session = session;
  options.uri = kind_ == "memory"  ? "memory:"
                : kind_ == "redis" ? redis_->uri()
                                   : "sqlite:" + home_.file("store/rows.sqlite");
  options.lease = milliseconds(1500);
  return options;
}

Driver::Driver(StoreOptions options, StoreHooks hooks) {
  ++drivers;
  run_in(loop_, [&] {
    Result<std::unique_ptr<Store>> made =
        make_store(loop_, std::move(options), *this, std::move(hooks));
    fail_unless(made.ok(), "%s", made.ok() ? "" : made.error().message.c_str());
    store_ = std::move(made).value();
    return true;
  });
}

Driver::~Driver() {
  destroy();
  loop_.stop();
  // The thread of another one may go on.
  if (--drivers > 0) return;
  fail_unless(reaper::wait_idle(Clock::now() + std::chrono::seconds(10)), "its thread still runs");
}

template <typename Task>
void Driver::run(Task task) {
  run_in(loop_, [&] {
    task();
    return true;
  });
}

void Driver::save(int64_t slot, const std::string &text, int64_t time_ms) {
  run([&] { store_->save_item({slot, time_ms != 0 ? time_ms : now_ms(), text}); });
}
void Driver::erase(int64_t slot) {
  run([&] { store_->erase_item(slot); });
}
void Driver::state(const std::string &text) {
  run([&] { store_->save_state(text); });
}
void Driver::close_record(int64_t now) {
  run([&] { store_->close_record(now); });
}
void Driver::set_retention(std::chrono::seconds retention) {
  run([&] { store_->set_retention(retention); });
}
void Driver::destroy() {
  run([&] { store_.reset(); });
}

Status Driver::erase_session() {
  Awaited<Status> answer;
  run([&] { store_->erase_session(answer.callback()); });
  std::optional<Status> status = answer.wait();
  fail_unless(status.has_value(), "erase_session has no end");
  return *status;
}

bool Driver::close(Duration within) {
  Awaited<bool> answer;
  run([&] { store_->close(Clock::now() + within, answer.callback()); });
  std::optional<bool> written = answer.wait(within + std::chrono::seconds(5));
  fail_unless(written.has_value(), "close has no end");
  return *written;
}

void Driver::add(std::string event) {
  LockGuard guard(lock_);
  events_.push_back(std::move(event));
}

void Driver::on_store_opened(StoredRecord record) {
  fail_unless(loop_.in_loop());
  LockGuard guard(lock_);
  record_ = std::move(record);
  events_.push_back("opened");
}

void Driver::on_store_trouble(const Error &error) {
  LockGuard guard(lock_);
  troubles_.push_back(error);
  events_.push_back("trouble: " + error.message);
}

std::vector<std::string> Driver::events() {
  LockGuard guard(lock_);
  return events_;
}

std::vector<Error> Driver::troubles() {
  LockGuard guard(lock_);
  return troubles_;
}

std::size_t Driver::count(const std::string &start) {
  std::vector<std::string> all = events();
  return std::count_if(all.begin(), all.end(), [&](const std::string &event) {
    return event.compare(0, start.size(), start) == 0;
  });
}

void Driver::wait_for_event(const std::string &start, std::size_t wanted, Duration limit) {
  bool seen = wait_for([&] { return count(start) >= wanted; }, limit);
  std::string all;
  for (const std::string &event : events()) all += event + "; ";
  fail_unless(seen, "no \"%s\" in: %s", start.c_str(), all.c_str());
}

StoredRecord Driver::wait_for_record(std::size_t wanted) {
  wait_for_event("opened", wanted);
  LockGuard guard(lock_);
  return record_;
}

int64_t now_ms() { return g_get_real_time() / 1000; }

std::string told(const StoredRecord &record) {
  std::string text;
  for (const StoredItem &item : record.items) {
    text += std::to_string(item.slot) + ":" + item.text + " ";
  }
  return text + "| " + record.state;
}

std::vector<StoredRecord> records_of(const StoreOptions &options) {
  Result<std::vector<StoredRecord>> records = read_all_records(options);
  fail_unless(records.ok(), "%s", records.ok() ? "" : records.error().message.c_str());
  return records.value();
}

std::vector<std::string> files_with(const std::string &directory, const std::string &bytes) {
  std::vector<std::string> found;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::string content((std::istreambuf_iterator<char>(file)), {});
    if (content.find(bytes) != std::string::npos) found.push_back(entry.path().string());
  }
  return found;
}

}  // namespace oairt::test
