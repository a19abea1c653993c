// Losses on the way, and what the elements make of them: real elements, sockets, a relay.
#include <memory>

#include "lossy_line.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT
using std::chrono::seconds;
using Towards = NetworkRelay::Towards;

namespace {

// Without end: what the encoder takes for speech, or what fills the bit rate whatever it is.
constexpr const char *kSpeech = "wave=ticks freq=300 volume=0.6";
constexpr const char *kNoise = "wave=pink-noise volume=0.3";
std::string speaker(const LossyLine &line, const std::string &more = "",
                    const std::string &sound = kSpeech) {
  return "audiotestsrc is-live=true " + sound +
         " ! audio/x-raw,rate=48000 ! "
         "openairealtimebin name=b turn-detection=none " +
         line.properties() + more + " ! fakesink sync=false";
}

UniqueStructure stats(Pipeline &p) {
  GstStructure *structure = nullptr;
  g_object_get(p.get("b"), "stats", &structure, nullptr);
  return UniqueStructure(structure);
}
int stat_int(Pipeline &p, const char *name) {
  int value = -1;
  gst_structure_get_int(stats(p).get(), name, &value);
  return value;
}
double stat_double(Pipeline &p, const char *name) {
  double value = -1;
  gst_structure_get_double(stats(p).get(), name, &value);
  return value;
}
int field(const Posted &message, const char *name) {
  int value = -1;
  gst_structure_get_int(message.structure.get(), name, &value);
  return value;
}
double number(const Posted &message, const char *name) {
  double value = -1;
  gst_structure_get_double(message.structure.get(), name, &value);
  return value;
}

// Bytes of a packet, of what comes from now on.
double packet_size(Pipeline &p, LossyLine &line, int packets) {
  Json before = line.heard();
  fail_unless(p.wait(
      [&] { return line.heard()["packets"].as_int() >= before["packets"].as_int() + packets; }));
  Json now = line.heard();
  return static_cast<double>(now["bytes"].as_int() - before["bytes"].as_int()) /
         static_cast<double>(now["packets"].as_int() - before["packets"].as_int());
}

// The same while nothing is adapted: losses of its own make a busy machine go down once more.
double size_while_calm(Pipeline &p, LossyLine &line, int packets) {
  double size = 0;
  auto changes = [&p] { return p.messages("openai-realtime/quality").size(); };
  fail_unless(p.wait(
                  [&] {
                    std::size_t before = changes();
                    if (p.messages("openai-realtime/quality").back()->field("reason") != "calm") {
                      return false;
                    }
                    size = packet_size(p, line, packets);
                    return changes() == before;
                  },
                  seconds(40)),
              "%s", p.describe().c_str());
  return size;
}

}  // namespace

GST_START_TEST(loss_on_the_way_there_lowers_the_rate_until_it_is_over) {
  LossyLine line;
  Pipeline p(speaker(line, "", kNoise));
  p.record("b");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  double full = packet_size(p, line, 75);
  fail_unless(p.wait([&] { return stat_int(p, "bitrate") == 32000; }));
  fail_unless_equals_int(stat_int(p, "packet-loss-percentage"), 10);
  line.lose(Towards::Server, 0.15);
  fail_unless(p.wait([&] { return stat_int(p, "bitrate") == 24000; }, seconds(12)), "%s",
              p.describe().c_str());
  fail_unless(p.wait([&] {
    auto told = p.messages("openai-realtime/quality");
    return !told.empty() && field(*told.back(), "bitrate") == 24000;
  }),
              "%s", p.describe().c_str());
  const Posted &down = *p.messages("openai-realtime/quality").back();
  fail_unless_equals_int(field(down, "bitrate"), 24000);
  fail_unless_equals_int(field(down, "packet-loss-percentage"), 25);
  assert_text(down.field("reason"), "loss");
  fail_unless(number(down, "loss") > 0.05 && number(down, "loss") < 0.4, "%s", down.text.c_str());
  fail_unless(stat_double(p, "uplink-loss") > 0.03);
  double reduced = packet_size(p, line, 75);
  fail_unless(reduced < full * 0.85, "%f bytes, before %f", reduced, full);
  line.lose(Towards::Server, 0);
  fail_unless(p.wait([&] { return stat_int(p, "bitrate") == 32000; }, seconds(25)), "%s",
              p.describe().c_str());
  fail_unless(p.wait([&] {
    return p.messages("openai-realtime/quality").back()->field("reason") == "calm";
  }),
              "%s", p.describe().c_str());
  double again = size_while_calm(p, line, 75);
  fail_unless(again > full * 0.9, "%f bytes, before %f", again, full);
  fail_unless_equals_int(line.simulator().log("call").size(), 1);
  p.assert_continuous();
}
GST_END_TEST

GST_START_TEST(without_adaptation_nothing_changes) {
  LossyLine line;
  Pipeline p(speaker(line, "quality-adaptation=false"));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  line.lose(Towards::Server, 0.2);
  fail_unless(p.wait([&] { return stat_double(p, "uplink-loss") > 0.05; }, seconds(15)));
  fail_unless(p.messages("openai-realtime/quality").empty(), "%s", p.describe().c_str());
  fail_unless_equals_int(stat_int(p, "bitrate"), 32000);
  // FEC is there all the same.
  fail_unless(p.wait([&] { return line.heard()["restored_frames"].as_int() > 0; }), "%s",
              line.heard().dump().c_str());
  // It can be switched on while the call goes on.
  g_object_set(p.get("b"), "quality-adaptation", TRUE, nullptr);
  fail_unless(p.wait_for_message("openai-realtime/quality"), "%s", p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(what_was_set_is_not_exceeded) {
  LossyLine line;
  Pipeline p(speaker(line, "bitrate=20000 inband-fec=false dtx=false"));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  line.lose(Towards::Server, 0.3);
  fail_unless(p.wait([&] { return stat_int(p, "bitrate") < 20000; }, seconds(15)), "%s",
              p.describe().c_str());
  for (const Posted *step : p.messages("openai-realtime/quality")) {
    gboolean fec = TRUE, dtx = TRUE;
    gst_structure_get_boolean(step->structure.get(), "fec", &fec);
    gst_structure_get_boolean(step->structure.get(), "dtx", &dtx);
    fail_unless(!fec && !dtx, "%s", step->text.c_str());
    fail_unless(field(*step, "bitrate") <= 20000 && field(*step, "packet-loss-percentage") == 0);
  }
  fail_unless_equals_int(line.heard()["packets_with_fec"].as_int(), 0);
}
GST_END_TEST

GST_START_TEST(the_way_here_may_be_bad_as_well) {
  LossyLine line({"--loss", "8", "--jitter", "30", "--reorder", "2", "--seed", "7", "--answer",
                  "This answer goes over a line that loses, delays and reorders."});
  Pipeline p(speaker(line, "mute=true"));
  p.record("b");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("b", "Hello.");
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  fail_unless(p.wait([&] { return stat_double(p, "downlink-loss") > 0.01; }), "%s",
              p.describe().c_str());
  Json wire = line.simulator().state()["sessions"].items().at(0)["wire"];
  fail_unless(wire["line_lost"].as_int() > 0 && wire["line_reordered"].as_int() > 0);
  fail_unless(p.wait([&] { return stat_double(p, "downlink-jitter-ms") >= 5; }));
  // The play-out delay follows with the next burst.
  p.send_text("b", "And now?");
  fail_unless(p.wait_for_message("openai-realtime/response-done", 2), "%s", p.describe().c_str());
  fail_unless(p.wait([&] { return stat_double(p, "jitter-latency-ms") > 14; }), "%f",
              stat_double(p, "jitter-latency-ms"));
  // The reports say that the way there is good: nothing is done about it.
  fail_unless(p.messages("openai-realtime/quality").empty(), "%s", p.describe().c_str());
  p.assert_continuous();
}
GST_END_TEST

OAIRT_TEST_MAIN(quality, loss_on_the_way_there_lowers_the_rate_until_it_is_over,
                without_adaptation_nothing_changes, what_was_set_is_not_exceeded,
                the_way_here_may_be_bad_as_well)
