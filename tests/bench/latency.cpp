// What we add to the delay of speech, each way. The wire is a relay that takes no time and writes
// down when each RTP packet came; its size tells sound from silence, since what is in it is secret.
//   bench-latency [--runs N]
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <gst/app/gstappsrc.h>

#include "figures.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::NetworkRelay;
using oairt::test::Pipeline;

namespace {

constexpr int kRate = 48000;
constexpr std::size_t kLoudBytes = 70;  // an SRTP packet of silence has about 30
constexpr Duration kLimit = std::chrono::seconds(10);

struct WirePacket {
  TimePoint at;
  NetworkRelay::Towards towards;
  std::size_t size;
};

class WireTap {
 public:
  explicit WireTap(NetworkRelay &relay) {
    relay.set_observer([this](const NetworkRelay::Packet &packet) {
      bool rtp = packet.size > 12 && packet.data[0] >= 128 && packet.data[0] <= 191;
      if (!rtp || ((packet.data[1] & 0x7f) >= 64 && (packet.data[1] & 0x7f) < 96)) return;  // RTCP
      LockGuard guard(lock_);
      packets_.push_back({packet.at, packet.towards, packet.size});
    });
  }
  // When the first loud packet came after that time.
  std::optional<TimePoint> loud_after(TimePoint time, NetworkRelay::Towards towards) {
    LockGuard guard(lock_);
    for (const WirePacket &packet : packets_) {
      if (packet.towards == towards && packet.at >= time && packet.size >= kLoudBytes) {
        return packet.at;
      }
    }
    return std::nullopt;
  }
  // How much later than the steadiest 20 ms beat 99.5 % of the voice packets came.
  double lateness_ms() {
    LockGuard guard(lock_);
    std::vector<double> offsets;
    for (const WirePacket &packet : packets_) {
      if (packet.towards != NetworkRelay::Towards::Client) continue;
      offsets.push_back(to_ms(packet.at.time_since_epoch()) -
                        20.0 * static_cast<double>(offsets.size()));
    }
    Series late;
    for (double offset : offsets) {
      late.add(offset - *std::min_element(offsets.begin(), offsets.end()));
    }
    return late.at(0.995);
  }

 private:
  Mutex lock_;
  std::vector<WirePacket> packets_ OAIRT_GUARDED_BY(lock_);
};

// Silence with a burst of noise now and then, in real time, as a sound card would give it.
class Microphone {
 public:
  Microphone(GstElement *appsrc, int buffer_ms) : appsrc_(appsrc), buffer_ms_(buffer_ms) {
    thread_ = g_thread_new(
        "microphone",
        [](gpointer self) -> gpointer {
          static_cast<Microphone *>(self)->run();
          return nullptr;
        },
        this);
  }
  ~Microphone() {
    ending_ = true;
    g_thread_join(thread_);
  }
  void make_noise() { noise_ms_ = 60; }

 private:
  void run() {
    TimePoint next = Clock::now();
    while (!ending_) {
      next += milliseconds(buffer_ms_);
      g_usleep(static_cast<gulong>(std::max(0.0, to_ms(next - Clock::now()) * 1000)));
      std::size_t count = static_cast<std::size_t>(kRate) * buffer_ms_ / 1000;
      GstBuffer *buffer = gst_buffer_new_allocate(nullptr, count * 2, nullptr);
      gst_buffer_memset(buffer, 0, 0, count * 2);
      if (noise_ms_ > 0) {
        noise_ms_ -= buffer_ms_;
        std::vector<int16_t> samples(count);
        for (auto &sample : samples) sample = static_cast<int16_t>(g_random_int_range(-9000, 9000));
        gst_buffer_fill(buffer, 0, samples.data(), count * 2);
      }
      gst_app_src_push_buffer(GST_APP_SRC(appsrc_), buffer);
    }
  }

  GstElement *appsrc_;
  const int buffer_ms_;
  std::atomic<int> noise_ms_ = 0;
  std::atomic<bool> ending_ = false;
  GThread *thread_;
};

// When the first loud buffer reached the pad since it was asked last.
struct PadTap {
  Mutex lock;
  std::optional<TimePoint> loud OAIRT_GUARDED_BY(lock);

  static GstPadProbeReturn on_buffer(GstPad *, GstPadProbeInfo *info, gpointer self) {
    TimePoint now = Clock::now();
    auto *tap = static_cast<PadTap *>(self);
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
    auto *samples = reinterpret_cast<const int16_t *>(map.data);
    double level =
        test::level_of(std::vector<int16_t>(samples, samples + map.size / sizeof(int16_t)));
    gst_buffer_unmap(buffer, &map);
    LockGuard guard(tap->lock);
    if (level > 0.003 && !tap->loud) tap->loud = now;
    return GST_PAD_PROBE_OK;
  }
  void watch(GstElement *element, const char *pad_name) {
    auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(element, pad_name));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, &PadTap::on_buffer, this, nullptr);
  }
  void reset() {
    LockGuard guard(lock);
    loud.reset();
  }
  std::optional<TimePoint> when() {
    LockGuard guard(lock);
    return loud;
  }
};

void pause(Pipeline &pipeline, Duration time) {
  TimePoint until = Clock::now() + time;
  pipeline.wait([until] { return Clock::now() >= until; });
}

void uplink(int buffer_ms, int runs, const std::string &properties) {
  Service service(RelayLink{}, {"--voice", "tone"});
  WireTap wire(*service.relay());
  PadTap tap;
  Pipeline pipeline(
      "appsrc name=mic is-live=true format=time do-timestamp=true "
      "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
      "openairealtimebin name=b turn-detection=none " +
      properties + service.properties() + " ! fakesink sync=false");
  tap.watch(pipeline.get("b"), "sink");
  pipeline.play();
  Series delay;
  {
    Microphone microphone(pipeline.get("mic"), buffer_ms);
    fail_unless(pipeline.wait_for_state("connected", kLimit));
    pause(pipeline, milliseconds(500));
    for (int i = 0; i < runs; ++i) {
      tap.reset();
      microphone.make_noise();
      std::optional<TimePoint> out;
      bool seen = pipeline.wait(
          [&] {
            auto in = tap.when();
            if (in) out = wire.loud_after(*in, NetworkRelay::Towards::Server);
            return out.has_value();
          },
          std::chrono::seconds(2));
      if (seen) {
        delay.add(to_ms(*out - *tap.when()));
      } else {
        delay.fail();
      }
      pause(pipeline, milliseconds(403));  // no multiple of a frame
    }
  }
  print_figure("sink pad to wire, buffers of " + std::to_string(buffer_ms) + " ms " + properties,
               "ours", "ms", delay);
}

void downlink(const std::string &how, const std::string &property, int runs) {
  Service service(RelayLink{}, {"--voice", "tone", "--tone-seconds", "0.4"});
  WireTap wire(*service.relay());
  PadTap tap;
  Pipeline pipeline("audiotestsrc is-live=true wave=silence ! openairealtimebin name=b " +
                    property + service.properties() + " ! fakesink sync=false");
  tap.watch(pipeline.get("b"), "src");
  pipeline.play();
  fail_unless(pipeline.wait_for_state("connected", kLimit));
  Series delay, latency, beyond;
  for (int i = 0; i < runs; ++i) {
    tap.reset();
    TimePoint asked = Clock::now();
    pipeline.send_text("b", "Speak.");
    bool seen = pipeline.wait([&] { return tap.when().has_value(); }, std::chrono::seconds(5));
    auto in = wire.loud_after(asked, NetworkRelay::Towards::Client);
    if (!seen || !in) {
      delay.fail();
      continue;
    }
    GstStructure *stats = nullptr;
    g_object_get(pipeline.get("b"), "stats", &stats, nullptr);
    double in_force = 0;
    gst_structure_get_double(stats, "jitter-latency-ms", &in_force);
    gst_structure_free(stats);
    double ms = to_ms(*tap.when() - *in);
    delay.add(ms);
    latency.add(in_force);
    beyond.add(ms - in_force);
    pipeline.wait_for_message("openai-realtime/response-done", static_cast<std::size_t>(i) + 1,
                              std::chrono::seconds(5));
    pause(pipeline, milliseconds(407));
  }
  print_figure("jitter that the wire had all the same, " + how, "simulator", "ms",
               wire.lateness_ms());
  print_figure("wire to src pad, no jitter, " + how, "ours", "ms", delay);
  print_figure("play-out delay in force, " + how, "ours", "ms", latency);
  print_figure("wire to src pad beyond that, " + how, "ours", "ms", beyond);
}

int run(int argc, char **argv) {
  int runs = static_cast<int>(number_option(argc, argv, "--runs", 10));
  for (const char *properties : {"", "echo-cancel=false"}) {
    for (int buffer_ms : {20, 10, 7}) uplink(buffer_ms, runs, properties);
  }
  downlink("adaptive", "", runs);
  downlink("jitter-latency=20", "jitter-latency=20", runs);
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
