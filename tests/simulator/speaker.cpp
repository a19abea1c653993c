#include "speaker.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <numbers>
#include <thread>

#include <espeak-ng/espeak_ng.h>

#include "base/lock.h"
#include "base/ref.h"
#include "resampler.h"
#include "vad.h"

namespace oairt::sim {
namespace {

constexpr int kWordsPerMinute = 175;

// The service's voices as variants of one synthesizer, so that a change can be heard.
std::string variant_of(const std::string &voice) {
  static const std::map<std::string, std::string> kVariants = {
      {"ash", "+m3"},   {"ballad", "+m1"}, {"cedar", "+m7"},   {"coral", "+f2"}, {"echo", "+m2"},
      {"marin", "+f5"}, {"sage", "+f4"},   {"shimmer", "+f3"}, {"verse", "+m5"}};
  auto found = kVariants.find(voice);
  return found == kVariants.end() ? "" : found->second;
}

struct Collected {
  std::vector<int16_t> pcm;
  std::vector<Speaker::Mark> marks;
};

int collect(short *samples, int count, espeak_EVENT *events) {
  auto *out = static_cast<Collected *>(events->user_data);
  if (out == nullptr) return 0;
  if (samples != nullptr) out->pcm.insert(out->pcm.end(), samples, samples + count);
  for (; events->type != espeakEVENT_LIST_TERMINATED; ++events) {
    if (events->type != espeakEVENT_WORD) continue;
    out->marks.push_back({events->text_position - 1, events->audio_position});
  }
  return 0;
}

struct Job {
  std::string text, voice, language;
  double speed = 1;
  Ref<GMainContext> context;
  Speaker::Done done;
};

void deliver(Job &job, Speaker::Spoken spoken) {
  struct Delivery {
    Speaker::Done done;
    Speaker::Spoken spoken;
  };
  GSource *source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(
      source,
      [](gpointer data) -> gboolean {
        auto *delivery = static_cast<Delivery *>(data);
        delivery->done(std::move(delivery->spoken));
        return G_SOURCE_REMOVE;
      },
      new Delivery{std::move(job.done), std::move(spoken)},
      [](gpointer data) { delete static_cast<Delivery *>(data); });
  g_source_attach(source, job.context.get());
  g_source_unref(source);
}

class EspeakSpeaker : public Speaker {
 public:
  EspeakSpeaker() : thread_([this] { run(); }) {}
  ~EspeakSpeaker() override {
    {
      LockGuard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void synthesize(std::string text, std::string voice, std::string language, double speed,
                  GMainContext *context, Done done) override {
    {
      LockGuard lock(mutex_);
      jobs_.push_back({std::move(text), std::move(voice), std::move(language), speed,
                       Ref<GMainContext>::share(context), std::move(done)});
    }
    wake_.notify_all();
  }

 private:
  void run() {
    int rate = start_library();
    while (true) {
      Job job;
      {
        LockGuard lock(mutex_);
        wake_.wait(mutex_, [this]() OAIRT_REQUIRES(mutex_) { return stopping_ || !jobs_.empty(); });
        if (stopping_) break;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      deliver(job, speak(job, rate));
    }
    if (rate > 0) espeak_ng_Terminate();
  }

  // The sample rate, or 0 if there are no voices on this machine.
  static int start_library() {
    espeak_ng_InitializePath(nullptr);
    espeak_ng_ERROR_CONTEXT context = nullptr;
    if (espeak_ng_Initialize(&context) != ENS_OK) {
      espeak_ng_ClearErrorContext(&context);
      return 0;
    }
    if (espeak_ng_InitializeOutput(ENOUTPUT_MODE_SYNCHRONOUS, 0, nullptr) != ENS_OK) return 0;
    espeak_SetSynthCallback(&collect);
    return espeak_ng_GetSampleRate();
  }

  static Spoken speak(const Job &job, int rate) {
    Collected out;
    if (rate > 0 && !job.text.empty()) {
      std::string name = job.language + variant_of(job.voice);
      if (espeak_ng_SetVoiceByName(name.c_str()) != ENS_OK) espeak_ng_SetVoiceByName("en");
      espeak_ng_SetParameter(espeakRATE, static_cast<int>(kWordsPerMinute * job.speed), 0);
      espeak_ng_Synthesize(job.text.c_str(), job.text.size() + 1, 0, POS_CHARACTER, 0,
                           espeakCHARS_UTF8, nullptr, &out);
    }
    if (out.pcm.empty()) {
      auto seconds = std::clamp(static_cast<double>(job.text.size()) / 15, 0.3, 20.0);
      return {std::make_shared<std::vector<int16_t>>(make_tone(440, seconds)), {}};
    }
    auto pcm = std::make_shared<std::vector<int16_t>>(resample_to_48k(out.pcm, rate));
    return {std::move(pcm), std::move(out.marks)};
  }

  Mutex mutex_;
  Condition wake_;
  std::deque<Job> jobs_ OAIRT_GUARDED_BY(mutex_);
  bool stopping_ OAIRT_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<Speaker> Speaker::shared() {
  static Mutex mutex;
  static std::weak_ptr<Speaker> current;
  LockGuard lock(mutex);
  auto speaker = current.lock();
  if (speaker == nullptr) current = speaker = std::make_shared<EspeakSpeaker>();
  return speaker;
}

std::vector<int16_t> make_tone(double frequency_hz, double seconds) {
  auto length = static_cast<std::size_t>(seconds * kSampleRate);
  std::vector<int16_t> pcm(length);
  for (std::size_t i = 0; i < length; ++i) {
    double edge = static_cast<double>(std::min(i, length - i)) / (kSampleRate / 100);
    double phase = 2 * std::numbers::pi * frequency_hz * static_cast<double>(i) / kSampleRate;
    pcm[i] = static_cast<int16_t>(9000 * std::min(1.0, edge) * std::sin(phase));
  }
  return pcm;
}

}  // namespace oairt::sim
