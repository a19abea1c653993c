#include "turns.h"

#include <algorithm>
#include <cstdio>

namespace oairt::sim {
namespace {

constexpr std::size_t kKeepAtMost = 60 * kSampleRate;
constexpr milliseconds kTranscriptDelta{40};

}  // namespace

Turns::Turns(SessionCore &core, Responder &responder)
    : core_(core), responder_(responder), vad_(core.settings.vad_level_db) {
  config_changed();
}

void Turns::config_changed() {
  bool was_speaking = vad_.speaking();
  vad_.configure(core_.config.turn_detection());
  if (was_speaking && !vad_.speaking()) item_id_.clear();
  if (core_.config.turn_detection()["idle_timeout_ms"].is_null()) {
    core_.timers.cancel(idle_timer_);
  }
}

void Turns::hear(const int16_t *pcm, std::size_t samples) {
  if (core_.settings.keep_user_audio) keep(pcm, samples);
  auto change = vad_.hear(pcm, samples);
  if (vad_.voiced()) voiced_samples_ += static_cast<int64_t>(samples);
  if (change) handle(*change);
}

void Turns::keep(const int16_t *pcm, std::size_t samples) {
  kept_.insert(kept_.end(), pcm, pcm + samples);
  bool waiting = core_.config.turn_detection().is_object() && !vad_.speaking();
  std::size_t most =
      waiting ? static_cast<std::size_t>(vad_.prefix_padding_ms() + 100) * kSampleRate / 1000
              : kKeepAtMost;
  if (kept_.size() > most) {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(kept_.size() - most));
  }
}

void Turns::force_speech(bool started) {
  if (started != vad_.speaking()) handle(vad_.force(started));
}

void Turns::handle(const Vad::Change &change) {
  const Json &detection = core_.config.turn_detection();
  if (change.started) {
    core_.timers.cancel(idle_timer_);
    item_id_ = core_.chance.id("item");
    core_.send("input_audio_buffer.speech_started",
               {{"audio_start_ms", change.at_ms}, {"item_id", item_id_}});
    if (detection["interrupt_response"].as_bool(true)) responder_.interrupt();
    core_.host.reached("speech");
    return;
  }
  core_.send("input_audio_buffer.speech_stopped",
             {{"audio_end_ms", change.at_ms}, {"item_id", item_id_}});
  end_turn(std::exchange(item_id_, ""), change.speech_ms,
           detection["create_response"].as_bool(true));
}

void Turns::end_turn(const std::string &item_id, int64_t speech_ms, bool may_answer) {
  core_.send(
      "input_audio_buffer.committed",
      {{"previous_item_id", string_or_null(core_.conversation.last_id())}, {"item_id", item_id}});
  Json part = Json::object({{"type", "input_audio"}, {"transcript", nullptr}});
  Item item;
  item.json = Json::object({{"id", item_id},
                            {"object", "realtime.item"},
                            {"type", "message"},
                            {"status", "completed"},
                            {"role", "user"},
                            {"content", Json::array({part})}});
  double seconds = static_cast<double>(speech_ms) / 1000;
  item.words = core_.script.take_heard(seconds);
  item.has_audio = true;
  item.audio_ms = vad_.position_ms() - committed_ms_;
  core_.conversation.add(item);
  core_.send_item("conversation.item.added", item);
  core_.send_item("conversation.item.done", item);
  transcribe(item_id, item.words, speech_ms);
  committed_ms_ = vad_.position_ms();
  voiced_samples_ = 0;
  ResponseRequest request;
  request.heard_seconds = seconds;
  request.user_pcm.assign(kept_.begin(), kept_.end());
  kept_.clear();
  bool free = responder_.active() == nullptr && !core_.config.is_transcription();
  if (may_answer && free) {
    (void)responder_.create(std::move(request));
  } else {
    unanswered_ = std::move(request);
  }
}

void Turns::transcribe(const std::string &item_id, const std::string &words, int64_t speech_ms) {
  if (!core_.config.transcription().is_object() || core_.host.take_fault("no_transcript")) return;
  Duration delay = core_.settings.transcription_delay * core_.chance.between(60, 140) / 100;
  if (auto late = core_.host.take_fault("transcription_late")) {
    delay += parse_seconds(*late);
  }
  if (core_.host.take_fault("transcription_failed")) {
    core_.timers.at(core_.now + delay, [this, item_id] {
      Json error = Json::object({{"type", "transcription_error"},
                                 {"code", "audio_unintelligible"},
                                 {"message", "The audio could not be transcribed."},
                                 {"param", nullptr}});
      core_.send("conversation.item.input_audio_transcription.failed",
                 {{"item_id", item_id}, {"content_index", 0}, {"error", error}});
    });
    return;
  }
  auto deltas = split_words(words);
  for (const auto &delta : deltas) {
    core_.timers.at(core_.now + delay, [this, item_id, delta] {
      core_.send("conversation.item.input_audio_transcription.delta",
                 {{"item_id", item_id}, {"content_index", 0}, {"delta", delta}});
    });
    delay += kTranscriptDelta;
  }
  core_.timers.at(core_.now + delay, [this, item_id, words, speech_ms] {
    send_transcript(item_id, words, speech_ms);
  });
}

void Turns::send_transcript(const std::string &item_id, const std::string &words,
                            int64_t speech_ms) {
  int64_t audio = std::max<int64_t>(1, speech_ms * kAudioTokensPerSecondIn / 1000);
  int64_t text = text_tokens(words);
  Json usage = Json::object(
      {{"type", "tokens"},
       {"total_tokens", audio + text},
       {"input_tokens", audio},
       {"input_token_details", Json::object({{"text_tokens", 0}, {"audio_tokens", audio}})},
       {"output_tokens", text}});
  if (core_.config.transcription()["model"].as_string() == "whisper-1") {
    usage =
        Json::object({{"type", "duration"}, {"seconds", static_cast<double>(speech_ms) / 1000}});
  }
  if (Item *item = core_.conversation.find(item_id)) {
    if (auto *parts = item->json.member("content").mutable_items(); parts && !parts->empty()) {
      parts->front().set("transcript", words);
    }
  }
  core_.send("conversation.item.input_audio_transcription.completed",
             {{"item_id", item_id}, {"content_index", 0}, {"transcript", words}, {"usage", usage}});
}

Refusal Turns::commit() {
  int64_t waiting_ms = vad_.position_ms() - committed_ms_;
  if (waiting_ms < 100) {
    char length[32];
    std::snprintf(length, sizeof length, "%.2f", static_cast<double>(waiting_ms));
    return ApiError{"input_audio_buffer_commit_empty",
                    "Error committing input audio buffer: buffer too small. Expected at least "
                    "100ms of audio, but buffer only has " +
                        std::string(length) + "ms of audio.",
                    ""};
  }
  std::string item_id = item_id_.empty() ? core_.chance.id("item") : std::exchange(item_id_, "");
  vad_.reset();
  end_turn(item_id, voiced_samples_ * 1000 / kSampleRate, false);
  return std::nullopt;
}

void Turns::clear() {
  vad_.reset();
  item_id_.clear();
  committed_ms_ = vad_.position_ms();
  voiced_samples_ = 0;
  kept_.clear();
  core_.send("input_audio_buffer.cleared", {});
}

void Turns::quiet() {
  quiet_since_ms_ = vad_.position_ms();
  core_.timers.cancel(idle_timer_);
  int64_t timeout_ms = core_.config.turn_detection()["idle_timeout_ms"].as_int(0);
  if (timeout_ms <= 0 || vad_.speaking()) return;
  idle_timer_ = core_.timers.at(core_.now + milliseconds(timeout_ms), [this] { idle_timeout(); });
}

void Turns::idle_timeout() {
  if (vad_.speaking() || responder_.active() != nullptr || responder_.speaking()) return;
  std::string item_id = core_.chance.id("item");
  core_.send("input_audio_buffer.timeout_triggered", {{"audio_start_ms", quiet_since_ms_},
                                                      {"audio_end_ms", vad_.position_ms()},
                                                      {"item_id", item_id}});
  end_turn(item_id, 0, true);
}

}  // namespace oairt::sim
