// A day of conversation in a minute: what the store, the memory and the replay have grown to after
// each hour of it.
//   bench-day [--hours N] [--turns-per-minute N]
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <gio/gio.h>

#include "base/event_loop.h"
#include "base/ref.h"
#include "figures.h"
#include "protocol/codec.h"
#include "session/record_keeper.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::Awaited;
using oairt::test::run_in;

namespace {

constexpr Duration kLimit = std::chrono::seconds(60);
constexpr int64_t kMinute_ms = 60 * 1000;

class Listener final : public KeeperListener {
 public:
  void on_keeper_ready(const Restored &) override { ready.callback()(true); }
  void on_keeper_standby() override {}
  void on_keeper_trouble(const Error &error) override {
    std::fprintf(stderr, "%s\n", error.message.c_str());
  }
  bool may_restore() override { return true; }

  Awaited<bool> ready;
};

class Day {
 public:
  explicit Day(const std::string &folder) : folder_(folder) {
    run_in(loop_, [&] {
      keeper_ = std::make_unique<RecordKeeper>(loop_, conversation_, listener_);
      PersistenceOptions options;
      options.mode = PersistenceMode::Disk;
      options.store.uri = "sqlite:" + folder + "/store.sqlite";
      options.store.key_file = folder + "/key";
      options.store.session = "kiosk";
      keeper_->set_options(options);
      keeper_->open();
      return true;
    });
    fail_unless(listener_.ready.wait().has_value());
  }
  ~Day() { close(); }

  void turn(int number, int64_t now_ms) {
    std::string user = "item_u" + std::to_string(number), model = "item_a" + std::to_string(number);
    std::string response = "resp_" + std::to_string(number);
    run_in(loop_, [&] {
      tell(InputCommitted{user, ""}, now_ms);
      tell(InputTranscriptCompleted{user, "Where do I find the platform of the next train?", 0},
           now_ms + 300);
      tell(ResponseCreated{response}, now_ms + 400);
      Json item = Json::object({{"id", model},
                                {"type", "message"},
                                {"role", "assistant"},
                                {"status", "in_progress"},
                                {"content", Json::array()}});
      tell(ItemAdded{item, model, user}, now_ms + 500);
      tell(OutputAudioStarted{response}, now_ms + 600);
      tell(OutputTranscriptDelta{response, model, "It leaves from platform seven, "}, now_ms + 700);
      tell(OutputTranscriptDone{response, model,
                                "It leaves from platform seven, in about ten minutes."},
           now_ms + 900);
      ResponseDone done;
      done.response_id = response;
      done.status = "completed";
      tell(done, now_ms + 1000);
      item.set("status", "completed");
      tell(ItemDone{item, model, user}, now_ms + 1000);
      tell(OutputAudioStopped{response}, now_ms + 3000);
      return true;
    });
  }
  void next_call(int64_t now_ms) {
    run_in(loop_, [&] {
      conversation_.call_ended(now_ms);
      keeper_->follow();
      return true;
    });
  }
  void split() {
    run_in(loop_, [&] {
      keeper_->begin_record();
      conversation_.clear();
      keeper_->follow();
      return true;
    });
  }
  // All that is to be written is.
  void settle() {
    close();
    run_in(loop_, [&] { return keeper_->open(), true; });
    fail_unless(wait_for_ready());
  }
  void print(int hour) {
    std::size_t bytes = 0;
    for (const auto &entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.is_regular_file()) bytes += entry.file_size();
    }
    auto plan = run_in(loop_, [&] { return plan_replay(conversation_); });
    std::size_t replay = 0;
    for (const auto &event : plan.events) replay += build_client_event(event).size();
    std::string when = "after " + std::to_string(hour) + " h";
    print_figure("store, " + when, "ours", "kB", static_cast<double>(bytes) / 1000);
    print_figure("memory of the process, " + when, "ours", "kB", process_use().memory_kb);
    print_figure("replay, " + when, "ours", "kB", static_cast<double>(replay) / 1000);
    print_figure("items replayed, " + when, "ours", "", static_cast<double>(plan.events.size()));
  }

 private:
  template <typename Body>
  void tell(Body body, int64_t now_ms) {
    conversation_.handle(ServerEvent{"", "", std::move(body)}, now_ms);
    keeper_->follow();
  }
  bool wait_for_ready() {
    return test::wait_for([&] { return run_in(loop_, [&] { return keeper_->ready(); }); }, kLimit);
  }
  void close() {
    Awaited<bool> closed;
    run_in(loop_, [&] {
      keeper_->close(Clock::now() + kLimit, [done = closed.callback()] { done(true); });
      return true;
    });
    fail_unless(closed.wait(kLimit).has_value());
  }

  std::string folder_;
  Listener listener_;
  Conversation conversation_;
  EventLoop loop_{"bench"};
  std::unique_ptr<RecordKeeper> keeper_;
};

int run(int argc, char **argv) {
  int hours = static_cast<int>(number_option(argc, argv, "--hours", 24));
  int pace = static_cast<int>(number_option(argc, argv, "--turns-per-minute", 6));
  GString_ folder(g_dir_make_tmp("oairt-bench-XXXXXX", nullptr));
  std::string place = folder.get();
  std::ofstream(place + "/key") << std::string(64, '7') << "\n";
  std::filesystem::permissions(place + "/key", std::filesystem::perms::owner_read);
  {
    Day day(place);
    int64_t begin_ms = wall_ms() - int64_t{hours} * 60 * kMinute_ms;
    int number = 0;
    for (int hour = 0; hour < hours; ++hour) {
      for (int turn = 0; turn < 60 * pace; ++turn) {
        int64_t now_ms = begin_ms + (int64_t{hour} * 60 + turn / pace) * kMinute_ms;
        day.turn(++number, now_ms);
      }
      day.next_call(begin_ms + int64_t{hour + 1} * 60 * kMinute_ms);  // the service's limit
      if (hour % 8 == 7) day.split();                                 // logical-session-duration
      if (hour % 4 == 3) {
        day.settle();
        day.print(hour + 1);
      }
    }
  }
  std::filesystem::remove_all(place);
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
