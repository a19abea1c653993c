// What sessions cost while they talk: each sends a tone and is asked to speak every three seconds.
//   bench-sessions [--count N] [--seconds S] [--stock | --stock-speech | --no-fec | --echo-cancel]
// --stock-speech: the stock client with our encoder's settings (for speech, with FEC).
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "figures.h"
#include "stock_client.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::Pipeline;

namespace {

constexpr Duration kLimit = std::chrono::seconds(30);
constexpr char kOurEncoder[] =
    "opusenc audio-type=voice bandwidth=auto complexity=5 bitrate=32000 inband-fec=true "
    "packet-loss-percentage=10";
constexpr char kAsk[] = R"({"type": "response.create"})";
constexpr char kNoTurns[] = R"({"type": "session.update", "session": {"type": "realtime", )"
                            R"("audio": {"input": {"turn_detection": null}}}})";

class Talker {
 public:
  virtual ~Talker() = default;
  virtual bool connect() = 0;
  virtual void ask() = 0;
};

class Ours final : public Talker {
 public:
  Ours(Service &service, const std::string &properties)
      : pipeline_(
            "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! "
            "openairealtimebin name=b turn-detection=none" +
            service.properties() + properties +
            " ! audioconvert ! audioresample ! fakesink sync=true") {}
  bool connect() override {
    pipeline_.play();
    return pipeline_.wait_for_state("connected", kLimit);
  }
  void ask() override {
    gboolean sent = FALSE;
    g_signal_emit_by_name(pipeline_.get("b"), "send-event", kAsk, &sent);
    fail_unless(sent);
    pipeline_.pump();
  }

 private:
  Pipeline pipeline_;
};

class Stock final : public Talker {
 public:
  Stock(Service &service, const std::string &encoder)
      : client_(service.http_port(), service.key(), encoder) {}
  bool connect() override {
    client_.play();
    bool connected = client_.wait_for_created(kLimit);
    if (connected) client_.send(kNoTurns);
    return connected;
  }
  void ask() override { client_.send(kAsk); }

 private:
  StockClient client_;
};

// How many calls, by the simulator's own account, are heard and spoken to all the time.
int talking(test::SimulatorProcess &simulator, int64_t packets_at_least) {
  int count = 0;
  Json state = simulator.state();
  for (const Json &session : state["sessions"].items()) {
    const Json &wire = session["wire"];
    count += wire["rtp_received"].as_int() >= packets_at_least &&
             wire["rtp_sent"].as_int() >= packets_at_least;
  }
  return count;
}

int run(int argc, char **argv) {
  int count = static_cast<int>(number_option(argc, argv, "--count", 20));
  double seconds = number_option(argc, argv, "--seconds", 12);
  bool speech = has_option(argc, argv, "--stock-speech");
  bool stock = speech || has_option(argc, argv, "--stock");
  bool plain = has_option(argc, argv, "--no-fec"), echo = has_option(argc, argv, "--echo-cancel");
  std::string who = speech  ? "stock webrtcbin, our encoder's settings"
                    : stock ? "stock webrtcbin"
                    : plain ? "ours without FEC"
                    : echo  ? "ours with echo cancellation"
                            : "ours";
  std::string sessions = std::to_string(count) + " sessions: ";
  Service service({"--voice", "tone", "--tone-seconds", "2"});
  auto make = [&]() -> std::unique_ptr<Talker> {
    if (stock) return std::make_unique<Stock>(service, speech ? kOurEncoder : "opusenc");
    // The stock client has no echo canceller.
    return std::make_unique<Ours>(service, std::string(plain ? " inband-fec=false" : "") +
                                               (echo ? "" : " echo-cancel=false"));
  };
  if (auto first = make(); !first->connect()) return 1;  // what is made once in a process
  g_usleep(1500000);
  ProcessUse before = process_use();

  std::vector<std::unique_ptr<Talker>> talkers;
  int connected = 0;
  for (int i = 0; i < count; ++i) {
    talkers.push_back(make());
    connected += talkers.back()->connect();
  }
  ProcessUse start = process_use();
  TimePoint began = Clock::now();
  while (to_ms(Clock::now() - began) < seconds * 1000) {
    for (auto &talker : talkers) talker->ask();
    g_usleep(3000000);
  }
  ProcessUse end = process_use();
  double took_s = to_ms(Clock::now() - began) / 1000;
  int both_ways = talking(service.simulator(), static_cast<int64_t>(took_s * 50 * 0.9));

  print_figure(sessions + "connected", who, "", connected);
  print_figure(sessions + "talking both ways", who, "", both_ways);
  double n = count;
  print_figure(sessions + "threads each", who, "", (end.threads - before.threads) / n);
  print_figure(sessions + "open files each", who, "", (end.files - before.files) / n);
  print_figure(sessions + "memory each", who, "kB", (end.memory_kb - before.memory_kb) / n);
  print_figure(sessions + "CPU each", who, "% of a core",
               (end.cpu_s - start.cpu_s) / took_s / n * 100);
  return connected == count ? 0 : 1;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
