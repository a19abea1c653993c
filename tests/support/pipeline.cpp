#include "support/pipeline.h"

#include <cmath>
#include <cstring>
#include <fstream>

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>

#include "support/check.h"

namespace oairt::test {
namespace {

// Who waits for the network, a timer or the other end waits for seconds; a machine that others use
// too may stand still for some 100 ms. How long the changes take, the benchmarks tell.
constexpr Duration kStateChangeLimit = milliseconds(1000);

std::vector<std::string> &files_to_remove() {
  static std::vector<std::string> files;
  return files;
}

void remove_files() {
  for (const auto &file : files_to_remove()) g_unlink(file.c_str());
}

void put(std::string &out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

std::string Posted::field(const char *name) const {
  const char *text = structure ? gst_structure_get_string(structure.get(), name) : nullptr;
  return text != nullptr ? text : "";
}

Pipeline::Pipeline(const std::string &launch) {
  GError *error = nullptr;
  GstElement *element = gst_parse_launch(launch.c_str(), &error);
  fail_unless(error == nullptr, "%s: %s", launch.c_str(), error ? error->message : "");
  if (!GST_IS_PIPELINE(element)) {
    // A lone element stands in a pipeline in real life too.
    GstElement *pipeline = gst_pipeline_new(nullptr);
    gst_bin_add(GST_BIN(pipeline), element);
    element = pipeline;
  }
  pipeline_ = Ref<GstElement>::sink(element);
  bus_ = Ref<GstBus>::adopt(gst_element_get_bus(element));
}

Pipeline::~Pipeline() {
  if (probe_ != 0) gst_pad_remove_probe(recorded_pad_.get(), probe_);
  set_state(GST_STATE_NULL);
  // A thread of GStreamer's own that was bringing it to PLAYING may still hold it: then the
  // elements would go there, while the test's process already takes GStreamer down.
  (void)wait_for([this] { return GST_OBJECT_REFCOUNT_VALUE(pipeline_.get()) == 1; },
                 std::chrono::seconds(1));
  gst_bus_set_flushing(bus_.get(), TRUE);
}

GstElement *Pipeline::get(const char *name) {
  auto element = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
  fail_unless(element.get() != nullptr, "no element %s", name);
  return element.get();  // the pipeline owns it
}

GstStateChangeReturn Pipeline::set_state(GstState state) {
  TimePoint start = Clock::now();
  GstStateChangeReturn result = gst_element_set_state(pipeline_.get(), state);
  Duration took = Clock::now() - start;
  // Under a sanitizer or valgrind everything takes longer; the promise is measured elsewhere.
  fail_unless(took < kStateChangeLimit || g_getenv("OAIRT_SLOW_RUN") != nullptr,
              "the change to %s took %.1f ms", gst_element_state_get_name(state), to_ms(took));
  return result;
}

void Pipeline::take(GstMessage *message) {
  Posted posted;
  posted.at = Clock::now();
  posted.element = GST_MESSAGE_SRC(message) ? GST_MESSAGE_SRC_NAME(message) : "";
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ELEMENT: {
      const GstStructure *structure = gst_message_get_structure(message);
      posted.name = gst_structure_get_name(structure);
      Unique<gchar, g_free> text(gst_structure_to_string(structure));
      posted.text = text.get();
      posted.structure.reset(gst_structure_copy(structure));
      break;
    }
    case GST_MESSAGE_ERROR:
    case GST_MESSAGE_WARNING: {
      bool is_error = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
      GError *error = nullptr;
      gchar *detail = nullptr;
      (is_error ? gst_message_parse_error : gst_message_parse_warning)(message, &error, &detail);
      posted.name = is_error ? "error" : "warning";
      posted.text = std::string(error->message) + " [" + (detail ? detail : "") + "]";
      posted.code = error->code;
      posted.domain = error->domain;
      g_clear_error(&error);
      g_free(detail);
      break;
    }
    case GST_MESSAGE_EOS:
      posted.name = "eos";
      break;
    default:
      return;
  }
  posted_.push_back(std::move(posted));
}

void Pipeline::pump() {
  while (auto message = Ref<GstMessage>::adopt(gst_bus_pop(bus_.get()))) take(message.get());
}

bool Pipeline::wait(const std::function<bool()> &condition, Duration limit) {
  TimePoint deadline = Clock::now() + limit;
  while (true) {
    pump();
    if (condition()) return true;
    if (Clock::now() > deadline) return false;
    auto message = Ref<GstMessage>::adopt(gst_bus_timed_pop(bus_.get(), 2 * GST_MSECOND));
    if (message) take(message.get());
  }
}

bool Pipeline::wait_for_message(const std::string &name, std::size_t count, Duration limit) {
  return wait([&] { return messages(name).size() >= count; }, limit);
}

bool Pipeline::wait_for_state(const std::string &connection_state, Duration limit) {
  return wait(
      [&] {
        auto all = messages("openai-realtime/connection-state");
        return !all.empty() && all.back()->field("state") == connection_state;
      },
      limit);
}

std::vector<const Posted *> Pipeline::messages(const std::string &name) {
  std::vector<const Posted *> found;
  for (const auto &posted : posted_) {
    if (posted.name == name) found.push_back(&posted);
  }
  return found;
}

std::string Pipeline::transcript(const std::string &role) {
  std::string all;
  for (const auto *posted : messages("openai-realtime/transcript")) {
    gboolean final = FALSE;
    gst_structure_get_boolean(posted->structure.get(), "final", &final);
    if (!final || posted->field("role") != role) continue;
    all += (all.empty() ? "" : "|") + posted->field("text");
  }
  return all;
}

std::string Pipeline::describe() {
  std::string all;
  for (const auto &posted : posted_) {
    all += "\n  " + posted.element + ": " + posted.name + " " + posted.text;
  }
  return all.empty() ? "no messages" : all;
}

void Pipeline::send_text(const char *element, const char *text) {
  gboolean sent = FALSE;
  g_signal_emit_by_name(get(element), "send-text", text, &sent);
  fail_unless(sent, "the text was refused");
}

void Pipeline::record(const char *element, const char *pad) {
  recorded_pad_ = Ref<GstPad>::adopt(gst_element_get_static_pad(get(element), pad));
  fail_unless(recorded_pad_.get() != nullptr);
  probe_ = gst_pad_add_probe(recorded_pad_.get(), GST_PAD_PROBE_TYPE_BUFFER, &Pipeline::on_buffer,
                             this, nullptr);
}

GstPadProbeReturn Pipeline::on_buffer(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto *self = static_cast<Pipeline *>(data);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  Recorded frame;
  frame.pts = GST_BUFFER_PTS(buffer);
  frame.duration = GST_BUFFER_DURATION(buffer);
  frame.gap = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP);
  frame.discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  frame.at = Clock::now();
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    frame.samples.resize(map.size / sizeof(int16_t));
    std::memcpy(frame.samples.data(), map.data, frame.samples.size() * sizeof(int16_t));
    gst_buffer_unmap(buffer, &map);
  }
  frame.level = level_of(frame.samples);
  LockGuard guard(self->lock_);
  self->recorded_.push_back(std::move(frame));
  return GST_PAD_PROBE_OK;
}

std::vector<Recorded> Pipeline::recorded() {
  LockGuard guard(lock_);
  return recorded_;
}

std::size_t Pipeline::recorded_count() {
  LockGuard guard(lock_);
  return recorded_.size();
}

void Pipeline::assert_continuous() {
  auto frames = recorded();
  fail_unless(frames.size() > 1, "only %zu frames", frames.size());
  for (std::size_t i = 1; i < frames.size(); ++i) {
    if (frames[i].discont) continue;
    GstClockTime expected = frames[i - 1].pts + frames[i - 1].duration;
    fail_unless(frames[i].pts == expected,
                "frame %zu begins at %" GST_TIME_FORMAT ", not %" GST_TIME_FORMAT, i,
                GST_TIME_ARGS(frames[i].pts), GST_TIME_ARGS(expected));
  }
}

std::string make_speech_file(double speech_s, double silence_s, double frequency, int rate) {
  std::string samples;
  int voiced = static_cast<int>(speech_s * rate);
  int total = voiced + static_cast<int>(silence_s * rate);
  for (int i = 0; i < total; ++i) {
    double value = i < voiced ? 9000 * std::sin(2 * M_PI * frequency * i / rate) : 0;
    put(samples, static_cast<uint16_t>(static_cast<int16_t>(value)), 2);
  }
  std::string wav = "RIFF";
  put(wav, 36 + samples.size(), 4);
  wav += "WAVEfmt ";
  put(wav, 16, 4);
  put(wav, 1, 2);
  put(wav, 1, 2);
  put(wav, rate, 4);
  put(wav, rate * 2, 4);
  put(wav, 2, 2);
  put(wav, 16, 2);
  wav += "data";
  put(wav, samples.size(), 4);
  wav += samples;
  gchar *name = nullptr;
  int descriptor = g_file_open_tmp("oairt-speech-XXXXXX.wav", &name, nullptr);
  fail_unless(descriptor >= 0);
  g_close(descriptor, nullptr);
  std::string path = name;
  g_free(name);
  std::ofstream(path, std::ios::binary) << wav;
  if (files_to_remove().empty()) std::atexit(remove_files);
  files_to_remove().push_back(path);
  return path;
}

double level_of(const std::vector<int16_t> &samples) {
  if (samples.empty()) return 0;
  double sum = 0;
  for (int16_t sample : samples) sum += static_cast<double>(sample) * sample;
  return std::sqrt(sum / samples.size()) / 32768;
}

double tone_share(const std::vector<int16_t> &samples, double frequency, int rate) {
  double coefficient = 2 * std::cos(2 * M_PI * frequency / rate);
  double previous = 0, before = 0, energy = 0;
  for (int16_t sample : samples) {
    double next = sample + coefficient * previous - before;
    before = previous;
    previous = next;
    energy += static_cast<double>(sample) * sample;
  }
  if (energy == 0) return 0;
  double power = previous * previous + before * before - coefficient * previous * before;
  return 2 * power / (energy * samples.size());
}

}  // namespace oairt::test
