// What it costs to know: the property `stats` as an application reads it, the look into the RTP
// session that the core takes once a second, and, to compare, webrtcbin's own get-stats.
//   bench-stats [--reads N]
#include <algorithm>
#include <string>

#include "figures.h"
#include "rtc/stats_sampler.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::Pipeline;

namespace {

void keep(GstElement *, GstElement *webrtcbin, gpointer slot) {
  *static_cast<Ref<GstElement> *>(slot) = Ref<GstElement>::share(webrtcbin);
}

template <typename Read>
Series time_us(int reads, Read read) {
  Series series;
  for (int i = 0; i < reads; ++i) {
    TimePoint start = Clock::now();
    read();
    series.add(to_ms(Clock::now() - start) * 1000);
  }
  return series;
}

int measure(int argc, char **argv) {
  int reads = static_cast<int>(number_option(argc, argv, "--reads", 2000));
  Service service({"--voice", "tone"});
  Ref<GstElement> webrtcbin;
  Pipeline p("audiotestsrc is-live=true ! openairealtimebin name=b turn-detection=none " +
             service.properties() + " ! fakesink sync=false");
  g_signal_connect(p.get("b"), "webrtcbin-ready", G_CALLBACK(keep), &webrtcbin);
  p.play();
  if (!p.wait_for_state("connected")) return 1;
  TimePoint until = Clock::now() + std::chrono::seconds(4);
  p.wait([&] { return Clock::now() > until; });  // reports have come
  print_figure("property stats, one read", "ours", "us", time_us(reads, [&] {
                 GstStructure *stats = nullptr;
                 g_object_get(p.get("b"), "stats", &stats, nullptr);
                 gst_structure_free(stats);
               }));
  StatsSampler sampler;
  print_figure("look into the RTP session, one a second", "ours", "us",
               time_us(reads, [&] { sampler.sample(webrtcbin.get()); }));
  sampler.close();
  print_figure("get-stats of webrtcbin, one", "webrtcbin", "us", time_us(reads / 10, [&] {
                 GstPromise *promise = gst_promise_new();
                 g_signal_emit_by_name(webrtcbin.get(), "get-stats", nullptr, promise);
                 gst_promise_wait(promise);
                 gst_promise_unref(promise);
               }));
  webrtcbin.reset();
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, measure); }
