#include "support/acoustic_loop.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <gio/gio.h>
#include <gst/app/gstappsrc.h>
#include <gst/check/gstcheck.h>

namespace oairt::test {
namespace {

constexpr int kRate = 48000;
constexpr int kBlock = 480;
constexpr GstClockTime kBlockNs = 10 * GST_MSECOND;
constexpr std::size_t kRing = 4 * kRate;
// The microphone's own buffer: a busy machine may play a frame that much late, and it is in time.
constexpr GstClockTime kCaptureLatency = 160 * GST_MSECOND;

int64_t sample_of(GstClockTime time) {
  return static_cast<int64_t>(gst_util_uint64_scale_int(time, kRate, GST_SECOND));
}

double power_of(const int16_t *samples, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += double{1} * samples[i] * samples[i];
  return sum / static_cast<double>(count) / (32768.0 * 32768.0);
}

}  // namespace

std::vector<int16_t> speak_text(const std::string &text, const std::string &voice) {
  const char *argv[] = {"espeak-ng", "-v", voice.c_str(), "--stdout", text.c_str(), nullptr};
  GError *error = nullptr;
  auto *process = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  fail_unless(process != nullptr, "espeak-ng: %s", error ? error->message : "");
  GBytes *bytes = nullptr;
  fail_unless(g_subprocess_communicate(process, nullptr, nullptr, &bytes, nullptr, nullptr));
  g_object_unref(process);
  gsize size = 0;
  const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size));
  fail_unless(size > 44);
  uint32_t rate;
  std::memcpy(&rate, data + 24, sizeof rate);
  std::vector<int16_t> wav((size - 44) / 2), speech;
  std::memcpy(wav.data(), data + 44, wav.size() * 2);
  g_bytes_unref(bytes);
  for (double at = 0; at < static_cast<double>(wav.size() - 1); at += double{1} * rate / kRate) {
    auto i = static_cast<std::size_t>(at);
    double part = at - static_cast<double>(i);
    speech.push_back(static_cast<int16_t>(wav[i] * (1 - part) + wav[i + 1] * part));
  }
  return speech;
}

std::string AcousticLoop::line(const Room &room, const std::string &properties) {
  auto deadline = static_cast<GstClockTime>(room.latency_ms * GST_MSECOND);
  return "appsrc name=mic is-live=true format=time min-latency=170000000 "
         "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
         "openairealtimebin name=b " +
         properties +
         " ! queue ! audio/x-raw,format=S16LE,channels=1 ! fakesink name=loudspeaker sync=true "
         "signal-handoffs=true processing-deadline=" +
         std::to_string(deadline);
}

AcousticLoop::AcousticLoop(const Room &room, const std::string &properties)
    : room_(room), delay_ms_(room.delay_ms), pipeline_(line(room, properties)), played_(kRing) {
  for (int i = 0; i < 30; ++i) {
    double after_ms = 2 + static_cast<double>(chance_() % 1000) / 10;
    double gain = 0.3 * std::pow(10, -3 * after_ms / 300) * (chance_() % 2 == 0 ? 1 : -1);
    reflections_.emplace_back(static_cast<int>(after_ms * kRate / 1000), gain);
  }
  g_signal_connect(pipeline_.get("loudspeaker"), "handoff", G_CALLBACK(on_played), this);
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(pipeline_.get("encoder"), "sink"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, on_sent, this, nullptr);
  pipeline_.play();
  thread_ = g_thread_new(
      "microphone",
      [](gpointer self) -> gpointer {
        static_cast<AcousticLoop *>(self)->run();
        return nullptr;
      },
      this);
}

AcousticLoop::~AcousticLoop() {
  ending_ = true;
  g_thread_join(thread_);
  pipeline_.set_state(GST_STATE_NULL);
}

GstClockTime AcousticLoop::now() const {
  auto clock = Ref<GstClock>::adopt(gst_element_get_clock(pipeline_.pipeline()));
  GstClockTime base = gst_element_get_base_time(pipeline_.pipeline());
  return clock ? gst_clock_get_time(clock.get()) - base : 0;
}

// Called when the first sample is heard.
void AcousticLoop::on_played(GstElement *, GstBuffer *buffer, GstPad *, gpointer data) {
  auto *self = static_cast<AcousticLoop *>(data);
  if (!self->loudspeaker_ || GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) return;
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
  const auto *samples = reinterpret_cast<const int16_t *>(map.data);
  auto latency = static_cast<GstClockTime>((self->room_.latency_ms + 20) * GST_MSECOND);
  int64_t first = sample_of(GST_BUFFER_PTS(buffer) + latency);
  {
    LockGuard guard(self->lock_);
    for (std::size_t i = 0; i < map.size / 2; ++i) {
      if (first + static_cast<int64_t>(i) < self->captured_) {
        ++self->stutter_;
        continue;
      }
      self->played_[(static_cast<std::size_t>(first) + i) % kRing] = samples[i];
    }
  }
  gst_buffer_unmap(buffer, &map);
}

GstPadProbeReturn AcousticLoop::on_sent(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto *self = static_cast<AcousticLoop *>(data);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  const auto *samples = reinterpret_cast<const int16_t *>(map.data);
  LockGuard guard(self->lock_);
  for (std::size_t i = 0; i + kBlock <= map.size / 2; i += kBlock) {
    auto found = self->blocks_.find(GST_BUFFER_PTS(buffer) + i / kBlock * kBlockNs);
    if (found == self->blocks_.end()) continue;
    found->second.sent = power_of(samples + i, kBlock);
    found->second.complete = true;
  }
  gst_buffer_unmap(buffer, &map);
  return GST_PAD_PROBE_OK;
}

void AcousticLoop::run() {
  GstClockTime next = (now() / kBlockNs + 1) * kBlockNs;
  while (!ending_) {
    GstClockTime time = now();
    GstClockTime due = next + kBlockNs + kCaptureLatency;
    if (time < due) {
      g_usleep((due - time) / 1000);
      continue;
    }
    auto buffer = capture(next);
    gst_app_src_push_buffer(GST_APP_SRC(pipeline_.get("mic")), buffer.take());
    next += kBlockNs;
  }
}

Ref<GstBuffer> AcousticLoop::capture(GstClockTime at) {
  std::vector<int16_t> samples(kBlock);
  std::normal_distribution<double> noise(0, 32768 * std::pow(10, room_.noise_db / 20));
  double gain = std::pow(10, room_.gain_db / 20);
  int64_t first = sample_of(at) - static_cast<int64_t>(delay_ms_ * kRate / 1000);
  Block block;
  block.at = at;
  {
    LockGuard guard(lock_);
    for (int i = 0; i < kBlock; ++i) {
      double echo = played_at(first + i);
      for (const auto &[later, part] : reflections_) echo += part * played_at(first + i - later);
      echo *= gain;
      double person = spoken_ < speech_.size() ? speech_[spoken_++] : 0;
      block.echo += echo * echo;
      block.person += person * person;
      samples[static_cast<std::size_t>(i)] =
          static_cast<int16_t>(std::clamp(echo + person + noise(chance_), -32768.0, 32767.0));
    }
    block.echo /= kBlock * 32768.0 * 32768.0;
    block.person /= kBlock * 32768.0 * 32768.0;
    blocks_[at] = block;
    captured_ = first + kBlock;
    // What is older than the reflections may be played again.
    int64_t old = first - kRate;
    for (int i = 0; old >= 0 && i < kBlock; ++i) {
      played_[static_cast<std::size_t>(old + i) % kRing] = 0;
    }
  }
  auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, kBlock * 2, nullptr));
  gst_buffer_fill(buffer.get(), 0, samples.data(), kBlock * 2);
  GST_BUFFER_PTS(buffer.get()) = at;
  GST_BUFFER_DURATION(buffer.get()) = kBlockNs;
  return buffer;
}

double AcousticLoop::played_at(int64_t sample) const {
  return sample < 0 ? 0 : played_[static_cast<std::size_t>(sample) % kRing];
}

void AcousticLoop::say(const std::vector<int16_t> &speech) {
  LockGuard guard(lock_);
  speech_ = speech;
  spoken_ = 0;
}

bool AcousticLoop::person_speaks() const {
  LockGuard guard(lock_);
  return spoken_ < speech_.size();
}

std::vector<AcousticLoop::Block> AcousticLoop::blocks() const {
  LockGuard guard(lock_);
  std::vector<Block> blocks;
  for (const auto &[at, block] : blocks_) {
    if (block.complete) blocks.push_back(block);
  }
  return blocks;
}

std::string AcousticLoop::describe() const {
  std::string text = std::to_string(stutter_) + " samples were played too late;";
  LockGuard guard(lock_);
  for (const auto &[at, block] : blocks_) {
    if (block.sent < 1e-5) continue;
    text += " " + std::to_string(at / GST_MSECOND) +
            " ms: " + std::to_string(static_cast<int>(10 * std::log10(block.sent))) + " dB of " +
            std::to_string(static_cast<int>(10 * std::log10(block.echo + block.person + 1e-10)));
  }
  return text;
}

double echo_loss_db(const std::vector<AcousticLoop::Block> &blocks, GstClockTime from,
                    GstClockTime to) {
  double in = 1e-12, out = 1e-12;
  for (const auto &block : blocks) {
    if (block.at < from || block.at >= to || block.echo < 1e-6) continue;
    in += block.echo;
    out += block.sent;
  }
  return 10 * std::log10(in / out);
}

}  // namespace oairt::test
