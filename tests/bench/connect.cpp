// How long a connect takes, ours and the stock client's in turn, against the same simulator.
//   bench-connect [--runs N] [--lossy-runs N] [--lossy-stock-runs N] [--details]
//                 [--only loopback|lossy|cold] [--channel negotiated|opened]
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include <gio/gio.h>

#include "figures.h"
#include "stock_client.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::NetworkRelay;
using oairt::test::Pipeline;

namespace {

constexpr Duration kLimit = std::chrono::seconds(30);
constexpr double kLong_ms = 1200;  // a connect that takes longer has waited for a server's timer
constexpr Duration kInReady = milliseconds(400);
constexpr const char *kSteps[] = {"token", "sdp", "ice", "dtls", "sctp", "session", "total"};

// The property event-channel of ours.
std::string channel = "negotiated";  // NOLINT: set once

std::string launch(const std::string &properties) {
  return "audiotestsrc is-live=true ! openairealtimebin name=b event-channel=" + channel +
         properties + " ! fakesink sync=false";
}

std::string text_of(Pipeline &pipeline, const char *field) {
  GstStructure *stats = nullptr;
  g_object_get(pipeline.get("b"), "stats", &stats, nullptr);
  UniqueStructure owner(stats);
  const char *text = gst_structure_get_string(stats, field);
  return text != nullptr ? text : "";
}

double step_ms(Pipeline &pipeline, const char *step) {
  GstStructure *stats = nullptr;
  g_object_get(pipeline.get("b"), "stats", &stats, nullptr);
  double value = 0;
  gst_structure_get_double(stats, (std::string("connect-") + step + "-ms").c_str(), &value);
  gst_structure_free(stats);
  return value;
}

// What was lost of a connect, to tell what a long one waited for.
class Losses {
 public:
  explicit Losses(NetworkRelay &relay) {
    relay.set_observer([this](const NetworkRelay::Packet &packet) {
      bool media = packet.data[0] >= 128;
      if (!packet.lost || media) return;
      LockGuard guard(lock_);
      const char *way = packet.towards == NetworkRelay::Towards::Server ? "to server" : "to us";
      const char *what = packet.data[0] < 4                             ? "STUN"
                         : packet.data[0] == 23                         ? "SCTP"
                         : packet.data[0] == 22 && packet.data[13] == 1 ? "ClientHello"
                                                                        : "DTLS";
      text_ += " [" + std::to_string(static_cast<int>(to_ms(packet.at - start_))) + " ms " + what +
               " " + way + " " + std::to_string(packet.size) + "]";
    });
  }
  void begin() {
    LockGuard guard(lock_);
    start_ = Clock::now();
    text_.clear();
  }
  std::string text() {
    LockGuard guard(lock_);
    return text_;
  }

 private:
  Mutex lock_;
  TimePoint start_ OAIRT_GUARDED_BY(lock_){};
  std::string text_ OAIRT_GUARDED_BY(lock_);
};

struct Figures {
  Series open, created, connected;
  void fail() {
    for (Series *series : {&open, &created, &connected}) series->fail();
  }
  void print(const std::string &link, const std::string &who, bool lossy) const {
    print_figure("set-local-description to channel open, " + link, who, "ms", open);
    print_figure("PLAYING to session.created, " + link, who, "ms", created);
    if (lossy) {
      print_figure("the same, share above 1.2 s", who, "%", 100 * created.share_above(kLong_ms));
    }
    if (connected.count() > 0) {
      print_figure("PLAYING to connected, " + link, who, "ms", connected);
    }
  }
};

// `readied`: an application made the pipeline ready a moment ago, and plays when somebody speaks.
void run_ours(Service &service, Figures &figures, Losses *losses, bool readied = false) {
  if (losses != nullptr) losses->begin();
  Pipeline pipeline(launch(service.properties()));
  if (readied) {
    pipeline.set_state(GST_STATE_READY);
    pipeline.wait([] { return false; }, kInReady);
  }
  TimePoint start = Clock::now();
  pipeline.play();
  if (!pipeline.wait_for_state("connected", kLimit)) {
    std::fprintf(stderr, "not connected: %s\n", pipeline.describe().c_str());
    return figures.fail();
  }
  auto sessions = pipeline.messages("openai-realtime/session");
  figures.created.add(to_ms(sessions.front()->at - start));
  figures.connected.add(
      to_ms(pipeline.messages("openai-realtime/connection-state").back()->at - start));
  // The offer is posted in the breath it is made local; a cached token is there by then.
  figures.open.add(step_ms(pipeline, "sdp") + step_ms(pipeline, "ice") + step_ms(pipeline, "dtls") +
                   step_ms(pipeline, "sctp"));
  if (text_of(pipeline, "event-channel") != channel) return figures.fail();
  if (losses == nullptr) return;
  std::printf("  ours: created %.0f;", figures.created.values().back());
  for (const char *step : kSteps) std::printf(" %s %.0f", step, step_ms(pipeline, step));
  std::printf("%s\n", losses->text().c_str());
}

void run_stock(Service &service, Figures &figures, Losses *losses) {
  if (losses != nullptr) losses->begin();
  StockClient client(service.http_port(), service.key());
  client.play();
  if (!client.wait_for_created(kLimit)) return figures.fail();
  StockClient::Times times = client.times();
  figures.open.add(to_ms(*times.channel_open - *times.local_description));
  figures.created.add(to_ms(*times.created - *times.playing));
  if (losses == nullptr) return;
  std::printf("  stock: created %.0f%s\n", figures.created.values().back(), losses->text().c_str());
}

void compare(Service &service, const std::string &link, int runs, int stock_runs, bool details) {
  std::unique_ptr<Losses> watched;
  if (details) watched = std::make_unique<Losses>(*service.relay());
  Losses *losses = watched.get();
  Figures ours, readied, stock, warm;
  run_ours(service, warm, losses);  // what is loaded and made once in a process
  run_stock(service, warm, losses);
  for (int i = 0; i < std::max(runs, stock_runs); ++i) {
    if (i < runs) run_ours(service, ours, losses);
    if (i < runs) run_ours(service, readied, losses, true);
    if (i < stock_runs) run_stock(service, stock, losses);
  }
  bool lossy = service.relay() != nullptr;
  std::string who = "ours, channel " + channel;
  ours.print(link, who, lossy);
  readied.print(link, who + ", from READY", lossy);
  stock.print(link, "stock webrtcbin", lossy);
  if (lossy) service.relay()->set_observer(nullptr);
}

void reconnect(Service &service, const std::string &link, int runs) {
  Series created;
  Pipeline pipeline(
      launch(" base-url=" + service.base_url() + " api-key=" + test::SimulatorProcess::kApiKey));
  pipeline.play();
  if (!pipeline.wait_for_state("connected", kLimit)) return created.fail();
  for (int i = 0; i < runs; ++i) {
    TimePoint start = Clock::now();
    std::size_t count = pipeline.messages("openai-realtime/session").size();
    gboolean accepted = FALSE;
    g_signal_emit_by_name(pipeline.get("b"), "reconnect", &accepted);
    if (!pipeline.wait_for_message("openai-realtime/session", count + 1, kLimit)) {
      created.fail();
      continue;
    }
    created.add(to_ms(pipeline.messages("openai-realtime/session").back()->at - start));
    pipeline.wait_for_state("connected", kLimit);
  }
  print_figure("reconnect to session.created, " + link, "ours, channel " + channel, "ms", created);
  print_figure("the same, share above 1.2 s", "ours, channel " + channel, "%",
               100 * created.share_above(kLong_ms));
}

// What the process that was just started prints: the steps in the order of kSteps, then "created".
int cold_child(const char *base_url) {
  Pipeline pipeline(
      launch(std::string(" base-url=") + base_url + " api-key=" + test::SimulatorProcess::kApiKey));
  TimePoint start = Clock::now();
  pipeline.play();
  if (!pipeline.wait_for_state("connected", kLimit)) return 1;
  for (const char *step : kSteps) std::printf("%.3f ", step_ms(pipeline, step));
  std::printf("%.3f\n", to_ms(pipeline.messages("openai-realtime/session").front()->at - start));
  return 0;
}

void cold(const char *program, int runs) {
  Service service;
  std::vector<Series> steps(std::size(kSteps) + 1);
  for (int i = 0; i < runs; ++i) {
    gchar *out = nullptr;
    std::string url = service.base_url();
    const char *argv[] = {program, "--cold-child", url.c_str(), nullptr};
    g_spawn_sync(nullptr, const_cast<gchar **>(argv), nullptr, G_SPAWN_DEFAULT, nullptr, nullptr,
                 &out, nullptr, nullptr, nullptr);
    GString_ text(out);
    const char *at = out;
    for (Series &step : steps) {
      char *end = nullptr;
      double value = at != nullptr ? std::strtod(at, &end) : 0;
      if (end == at || at == nullptr) {
        step.fail();
      } else {
        step.add(value);
        at = end;
      }
    }
  }
  print_figure("cold process, PLAYING to session.created with token fetch", "ours", "ms",
               steps.back());
  for (std::size_t i = 0; i < std::size(kSteps); ++i) {
    print_figure(std::string("cold process, step ") + kSteps[i], "ours", "ms", steps[i]);
  }
}

int run(int argc, char **argv) {
  if (argc == 3 && std::strcmp(argv[1], "--cold-child") == 0) return cold_child(argv[2]);
  auto given = std::find(argv, argv + argc, std::string("--channel"));
  if (given < argv + argc - 1) channel = given[1];
  int runs = static_cast<int>(number_option(argc, argv, "--runs", 10));
  int lossy_runs = static_cast<int>(number_option(argc, argv, "--lossy-runs", 40));
  int stock_runs = static_cast<int>(number_option(argc, argv, "--lossy-stock-runs", 40));
  bool only_lossy = has_option(argc, argv, "lossy"), only_cold = has_option(argc, argv, "cold");
  bool only_loopback = has_option(argc, argv, "loopback");
  if (!only_lossy && !only_cold) {
    Service service;
    compare(service, "loopback", runs, runs, false);
    reconnect(service, "loopback", runs);
  }
  if (!only_loopback && !only_cold) {
    RelayLink link{milliseconds(60), milliseconds(20), 0.03};
    std::string name = "60 ms, jitter 20 ms, loss 3 %";
    bool details = has_option(argc, argv, "--details");
    Service service(link);
    compare(service, name, lossy_runs, stock_runs, details);
    reconnect(service, name, lossy_runs);
    // Only what is media goes the bad way, as other measurements of such links have it.
    Service direct(link, {}, Service::Http::Direct);
    compare(direct, name + ", HTTP direct", lossy_runs, stock_runs, details);
  }
  if (!only_lossy && !only_loopback) cold(argv[0], runs);
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
