#define GLIB_DISABLE_DEPRECATION_WARNINGS  // the sources come in a GValueArray
#include <vector>

#include "rtc/stats_sampler.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

// As rtpsession's property "stats" has it.
UniqueStructure session_of(const std::vector<const char *> &sources) {
  GValueArray *array = g_value_array_new(1);
  for (const char *text : sources) {
    UniqueStructure source(gst_structure_from_string(text, nullptr));
    fail_unless(source != nullptr, "%s", text);
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    gst_value_set_structure(&value, source.get());
    g_value_array_append(array, &value);
    g_value_unset(&value);
  }
  UniqueStructure session(gst_structure_new_empty("application/x-rtp-session-stats"));
  GValue value = G_VALUE_INIT;
  g_value_init(&value, G_TYPE_VALUE_ARRAY);
  g_value_take_boxed(&value, array);
  gst_structure_take_value(session.get(), "source-stats", &value);
  return session;
}

constexpr const char *kOurs =
    "s, internal=(boolean)true, is-sender=(boolean)true, packets-received=(guint64)99, "
    "clock-rate=(int)48000, jitter=(uint)9";
constexpr const char *kVoice =
    "s, internal=(boolean)false, packets-received=(guint64)50, "
    "clock-rate=(int)48000, jitter=(uint)96, have-rb=(boolean)true, rb-round-trip=(uint)6554, "
    "rb-fractionlost=(uint)26, rb-packetslost=(int)7, rb-exthighestseq=(uint)70000, "
    "rb-jitter=(uint)480";
constexpr const char *kOther =
    "s, internal=(boolean)false, packets-received=(guint64)3, "
    "clock-rate=(int)48000, jitter=(uint)960, have-rb=(boolean)false, rb-round-trip=(uint)999";

GST_START_TEST(the_figures_are_the_voice_s) {
  for (const auto &sources : {std::vector{kOurs, kVoice, kOther}, {kOther, kVoice, kOurs}}) {
    PeerStats stats = StatsSampler::parse(session_of(sources).get());
    fail_unless_equals_int(stats.packets_received, 50);
    fail_unless_equals_float(stats.jitter_ms, 2);
    fail_unless(stats.report.has_value());
    fail_unless_equals_int(stats.report->highest_sequence, 70000);
    fail_unless_equals_int(stats.report->lost, 7);
    fail_unless_equals_float(stats.report->jitter_ms, 10);
    fail_unless(stats.rtt_ms > 99.9 && stats.rtt_ms < 100.1, "%g", stats.rtt_ms);
  }
}
GST_END_TEST

GST_START_TEST(what_is_not_said_is_zero) {
  UniqueStructure empty(gst_structure_new_empty("s"));
  UniqueStructure other(gst_structure_new("s", "source-stats", G_TYPE_INT, 1, nullptr));
  UniqueStructure nobody = session_of({});
  UniqueStructure bare = session_of({"s, internal=(boolean)false", "s"});
  for (const GstStructure *session :
       {static_cast<const GstStructure *>(nullptr), static_cast<const GstStructure *>(empty.get()),
        static_cast<const GstStructure *>(other.get()),
        static_cast<const GstStructure *>(nobody.get()),
        static_cast<const GstStructure *>(bare.get())}) {
    PeerStats stats = StatsSampler::parse(session);
    fail_unless(stats.packets_received == 0);
    fail_unless(stats.jitter_ms == 0 && stats.rtt_ms == 0 && !stats.report);
  }
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(stats, the_figures_are_the_voice_s, what_is_not_said_is_zero)
