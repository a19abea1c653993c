// A process that was killed and starts again: how long until the model has the history, and what
// the replay alone costs on a long way.
//   bench-resume [--runs N]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <gio/gio.h>

#include "base/event_loop.h"
#include "base/ref.h"
#include "figures.h"
#include "session/persistence.h"
#include "store/store.h"
#include "support/check.h"
#include "support/loop_run.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::Awaited;
using oairt::test::Pipeline;
using oairt::test::run_in;

namespace {

constexpr Duration kLimit = std::chrono::seconds(30);
constexpr Duration kOneWay = milliseconds(50);
constexpr int kItems[] = {0, 10, 100, 1000};

// Only what is asked of it here.
class Listener final : public StoreListener {
 public:
  void on_store_opened(StoredRecord) override {}
  void on_store_standby() override {}
  void on_store_lost() override {}
  void on_store_trouble(const Error &error) override {
    std::fprintf(stderr, "%s\n", error.message.c_str());
  }
  void on_store_healed() override {}
};

StoreOptions options_in(const std::string &folder) {
  StoreOptions options;
  options.uri = "sqlite:" + folder + "/store.sqlite";
  options.key_file = folder + "/key";
  options.session = "kiosk";
  return options;
}

// What an earlier process left: turns of both sides, as long as spoken ones are.
void leave(const std::string &folder, int items) {
  EventLoop loop("bench");
  Listener listener;
  std::unique_ptr<Store> store;
  Awaited<bool> closed;
  run_in(loop, [&] {
    auto made = Store::create(loop, options_in(folder), listener);
    fail_unless(made.ok());
    store = std::move(made).value();
    for (int i = 1; i <= items; ++i) {
      ConversationItem item;
      item.id = item.replay_id = "item_" + std::to_string(i);
      item.role = i % 2 == 1 ? "user" : "assistant";
      item.text = "This is what was said in turn " + std::to_string(i) +
                  ", about as long as people speak when they ask a machine.";
      item.spoken = true;
      item.status = ConversationItem::Status::Completed;
      store->save_item({i, wall_ms(), stored_text(item, i - 1)});
    }
    store->close(Clock::now() + kLimit, closed.callback());
    return true;
  });
  fail_unless(closed.wait(kLimit).value_or(false), "the store was not written");
  run_in(loop, [&] { return store.reset(), true; });
}

// Prints the ms from its parent's start of it, and of the step from the open channel to ready.
int child(const char *base_url, const char *folder, const char *started_us) {
  StoreOptions options = options_in(folder);
  Pipeline pipeline(std::string("audiotestsrc is-live=true wave=silence ! openairealtimebin name=b "
                                "session=kiosk persistence=disk replay-limit=20000 base-url=") +
                    base_url + " api-key=" + test::SimulatorProcess::kApiKey + " store=" +
                    options.uri + " store-key-file=" + options.key_file + " ! fakesink sync=false");
  pipeline.play();
  if (!pipeline.wait_for_state("connected", kLimit)) {
    std::fprintf(stderr, "not connected: %s\n", pipeline.describe().c_str());
    return 1;
  }
  double total_ms =
      static_cast<double>(g_get_monotonic_time() - std::strtoll(started_us, nullptr, 10)) / 1000;
  GstStructure *stats = nullptr;
  g_object_get(pipeline.get("b"), "stats", &stats, nullptr);
  double session_ms = 0;
  gst_structure_get_double(stats, "connect-session-ms", &session_ms);
  gst_structure_free(stats);
  std::printf("%.3f %.3f\n", total_ms, session_ms);
  return 0;
}

void measure(const char *program, Service &service, const std::string &link, int items, int runs,
             double round_trip_ms) {
  GString_ folder(g_dir_make_tmp("oairt-bench-XXXXXX", nullptr));
  std::string place = folder.get();
  std::ofstream(place + "/key") << std::string(64, '7') << "\n";
  std::filesystem::permissions(place + "/key", std::filesystem::perms::owner_read);
  leave(place, items);
  Series total, session;
  std::string url = "http://127.0.0.1:" + std::to_string(service.http_port()) + "/v1";
  for (int run = 0; run < runs; ++run) {
    gchar *out = nullptr;
    std::string now = std::to_string(g_get_monotonic_time());
    const char *argv[] = {program, "--child", url.c_str(), place.c_str(), now.c_str(), nullptr};
    g_spawn_sync(nullptr, const_cast<gchar **>(argv), nullptr, G_SPAWN_DEFAULT, nullptr, nullptr,
                 &out, nullptr, nullptr, nullptr);
    GString_ text(out);
    double total_ms = 0, session_ms = 0;
    if (out == nullptr || std::sscanf(out, "%lf %lf", &total_ms, &session_ms) != 2) {
      total.fail();
      continue;
    }
    total.add(total_ms);
    session.add(session_ms);
  }
  std::filesystem::remove_all(place);
  std::string what = std::to_string(items) + " items, " + link;
  print_figure("process start to ready with history, " + what, "ours", "ms", total);
  print_figure("channel open to ready, " + what, "ours", "ms", session);
  if (round_trip_ms > 0 && session.count() > 0) {
    print_figure("the same as round trips, " + what, "ours", "", session.at(0.5) / round_trip_ms);
  }
}

int run(int argc, char **argv) {
  if (argc == 5 && std::strcmp(argv[1], "--child") == 0) return child(argv[2], argv[3], argv[4]);
  int runs = static_cast<int>(number_option(argc, argv, "--runs", 10));
  {
    Service service;
    for (int items : kItems) measure(argv[0], service, "loopback", items, runs, 0);
  }
  Service far(RelayLink{kOneWay, Duration::zero(), 0});
  for (int items : kItems) {
    measure(argv[0], far, "50 ms each way", items, runs, 2 * to_ms(kOneWay));
  }
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
