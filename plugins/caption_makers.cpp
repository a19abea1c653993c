// What the two caption pads say: the model's words while they are heard, the user's when they are
// known.
#include "caption_pad.h"

namespace oairt {
namespace {

using captions::Caption;
using captions::Mode;
using captions::Span;

// A source that is held up by whoever takes its audio gives no frames, but time passes.
constexpr Duration kNoFrame = milliseconds(60);
// How late speech-started comes at least: the service wants to be sure.
constexpr Duration kOnset = milliseconds(100);

class ModelCaptions final : public CaptionMaker {
 public:
  void set_mode(Mode mode) override { captions_.set_mode(mode); }
  void set_delay(Duration delay) override { captions_.set_delay(delay); }

  void take(const CaptionNews &news) override {
    if (const auto *frame = std::get_if<CaptionFrame>(&news)) {
      captions_.frame(frame->start, frame->voice, frame->sound);
      return;
    }
    const SessionEvent &event = std::get<CaptionEvent>(news).event;
    if (const auto *words = std::get_if<TranscriptEvent>(&event)) {
      if (words->role != "assistant") return;
      captions_.text(words->item_id, words->response_id, words->text, words->final, words->spoken);
    } else if (const auto *voice = std::get_if<VoiceEvent>(&event)) {
      if (voice->what == VoiceEvent::What::Started) captions_.voice_started(voice->response_id);
      if (voice->what == VoiceEvent::What::Ended) captions_.voice_ended(voice->response_id);
      if (voice->what == VoiceEvent::What::Cut) captions_.voice_cut();
    } else if (std::holds_alternative<LogicalSessionEvent>(event)) {
      captions_.forget();
    }
  }

  void pass(std::optional<Duration> now) override {
    if (now) captions_.pass(*now - kNoFrame);
  }
  void finish() override { captions_.finish(); }
  void restart() override { captions_.restart(); }
  std::vector<Caption> captions() override { return captions_.take(); }
  Duration position() const override { return captions_.position(); }

 private:
  captions::SpeechCaptions captions_;
};

class UserCaptions final : public CaptionMaker {
 public:
  UserCaptions() : reader_(screen_) {}

  void set_mode(Mode mode) override { screen_.set_mode(mode); }

  void take(const CaptionNews &news) override {
    const auto *told = std::get_if<CaptionEvent>(&news);
    if (told == nullptr) return;
    if (const auto *words = std::get_if<TranscriptEvent>(&told->event)) {
      if (words->role != "user") return;
      auto turn = turn_of(words->item_id);
      reader_.text(words->item_id, words->text, words->final, turn);
    } else if (const auto *started = std::get_if<SpeechStartedEvent>(&told->event)) {
      if (turns_.size() >= kMostTurns) turns_.pop_front();
      turns_.push_back({started->item_id, std::max(Duration(0), told->at - kOnset), std::nullopt});
    } else if (const auto *stopped = std::get_if<SpeechStoppedEvent>(&told->event)) {
      for (Turn &turn : turns_) {
        if (turn.item_id == stopped->item_id) turn.end = told->at;
      }
    } else if (std::holds_alternative<LogicalSessionEvent>(told->event)) {
      turns_.clear();
      reader_.clear();
      screen_.new_line();
    }
  }

  void pass(std::optional<Duration> now) override {
    if (!now) return;
    if (*now < now_ - std::chrono::seconds(1)) restart();
    now_ = std::max(now_, *now);
    reader_.tick(now_);
  }
  void finish() override { reader_.finish(now_); }
  void restart() override {
    screen_.restart();
    now_ = Duration(0);
  }
  std::vector<Caption> captions() override { return screen_.take(); }
  Duration position() const override { return now_; }

 private:
  static constexpr std::size_t kMostTurns = 32;
  struct Turn {
    std::string item_id;
    Duration start;
    std::optional<Duration> end;
  };

  std::optional<Span> turn_of(const std::string &item_id) const {
    for (const Turn &turn : turns_) {
      if (turn.item_id != item_id) continue;
      return Span{turn.start, std::max(Duration(0), turn.end.value_or(now_) - turn.start)};
    }
    return std::nullopt;
  }

  captions::Screen screen_;
  captions::Reader reader_;
  std::deque<Turn> turns_;
  Duration now_{0};
};

}  // namespace

std::unique_ptr<CaptionMaker> make_model_captions() { return std::make_unique<ModelCaptions>(); }
std::unique_ptr<CaptionMaker> make_user_captions() { return std::make_unique<UserCaptions>(); }

}  // namespace oairt
