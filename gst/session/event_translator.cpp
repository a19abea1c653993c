#include "session/event_translator.h"

#include "protocol/tool_list.h"

namespace oairt {
namespace {

struct Translator {
  using Out = std::optional<SessionEvent>;

  Out operator()(const SpeechStarted &e) const {
    return SpeechStartedEvent{e.item_id, e.audio_start_ms};
  }
  Out operator()(const SpeechStopped &e) const {
    return SpeechStoppedEvent{e.item_id, e.audio_end_ms};
  }
  Out operator()(const ResponseCreated &e) const { return ResponseStartedEvent{e.response_id}; }
  Out operator()(const ResponseDone &e) const {
    return ResponseDoneEvent{e.response_id, e.status, e.reason, e.usage};
  }
  Out operator()(const InputTranscriptDelta &e) const {
    return TranscriptEvent{"user", e.delta, false, e.item_id};
  }
  Out operator()(const InputTranscriptCompleted &e) const {
    return TranscriptEvent{"user", e.transcript, true, e.item_id};
  }
  Out operator()(const InputTranscriptFailed &e) const {
    return TranscriptionFailedEvent{e.item_id, e.code, e.message};
  }
  Out operator()(const InputTimeout &e) const {
    return InputTimeoutEvent{e.item_id, e.audio_start_ms, e.audio_end_ms};
  }
  Out operator()(const OutputTranscriptDelta &e) const {
    return TranscriptEvent{"assistant", e.delta, false, e.item_id, e.response_id, true};
  }
  Out operator()(const OutputTranscriptDone &e) const {
    return TranscriptEvent{"assistant", e.transcript, true, e.item_id, e.response_id, true};
  }
  Out operator()(const OutputTextDelta &e) const {
    return TranscriptEvent{"assistant", e.delta, false, e.item_id, e.response_id, false};
  }
  Out operator()(const OutputTextDone &e) const {
    return TranscriptEvent{"assistant", e.text, true, e.item_id, e.response_id, false};
  }
  Out operator()(const OutputAudioStarted &e) const {
    return VoiceEvent{VoiceEvent::What::Started, e.response_id};
  }
  Out operator()(const OutputAudioStopped &e) const {
    return VoiceEvent{VoiceEvent::What::Ended, e.response_id};
  }
  Out operator()(const RateLimitsUpdated &e) const { return RateLimitsEvent{e.rate_limits}; }
  Out operator()(const ServerError &e) const {
    return ServiceErrorEvent{e.type, e.code, is_tool_secret(e.param) ? "(not shown)" : e.message,
                             e.code == "session_expired"};
  }
  template <typename Other>
  Out operator()(const Other &) const {
    return std::nullopt;
  }
};

}  // namespace

std::optional<SessionEvent> translate(const ServerEvent &event) {
  return std::visit(Translator(), event.body);
}

}  // namespace oairt
