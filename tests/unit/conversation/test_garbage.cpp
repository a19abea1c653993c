// Events that no service would send, in any order: survived, and nothing illegal is replayed.
#include "chance.h"
#include "service_rules.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

class Garbage {
 public:
  explicit Garbage(uint64_t seed) : dice_(seed) {}

  decltype(ServerEvent::body) event() {
    switch (dice_.upto(24)) {
      case 0:
      case 1:
      case 2:
        return ItemAdded{item(), id(), id()};
      case 3:
      case 4:
      case 5:
        return ItemDone{item(), id(), id()};
      case 6:
        return ItemTruncated{id(), number(), number()};
      case 7:
        return dice_.one_in(4) ? decltype(ServerEvent::body)(ItemDeleted{id()}) : OtherEvent{};
      case 8:
        return InputTranscriptDelta{id(), words(), number()};
      case 9:
        return InputTranscriptCompleted{id(), words(), number()};
      case 10:
        return InputTranscriptFailed{id(), "", ""};
      case 11:
        return SpeechStarted{id(), number()};
      case 12:
        return SpeechStopped{id(), number()};
      case 13:
        return InputCommitted{id(), id()};
      case 14:
        return OutputAudioStarted{id()};
      case 15:
        return OutputAudioStopped{id()};
      case 16:
        return OutputAudioCleared{id()};
      case 17:
        return ResponseCreated{id()};
      case 18:
        return response_done();
      case 19:
        return OutputItemAdded{id(), id(), item()};
      case 20:
        return OutputItemDone{id(), id(), item()};
      case 21:
        return OutputTranscriptDelta{id(), id(), words()};
      case 22:
        return OutputTranscriptDone{id(), id(), words()};
      case 23:
        return OutputTextDone{id(), id(), words()};
      default:
        return FunctionCallDone{id(), id(), id(), words(), words()};
    }
  }
  bool one_in(int count) { return dice_.one_in(count); }

 private:
  std::string id() {
    return dice_.of<std::string>({"", "a", "b", "c", "d", "e", "f", "root", std::string(70, 'y'),
                                  "\xff\xfe", "oairt_", std::string("n\0l", 3)});
  }
  std::string words() {
    return dice_.of<std::string>({"", " ", "word", "one two three", "日本語", "\xe6\x97",
                                  std::string("a\0b", 3), std::string(300, '"')});
  }
  int64_t number() {
    return dice_.of<int64_t>({0, 1, -1, 700, 1'000'000, INT64_MAX, INT64_MIN, INT64_MIN + 1});
  }
  Json any() { return dice_.of<Json>({Json(), Json(1), Json("x"), Json::array(), words(), id()}); }
  Json item() {
    if (dice_.one_in(6)) return any();
    Json item = Json::object();
    auto maybe = [&](const char *name, Json value) {
      if (!dice_.one_in(7)) item.set(name, std::move(value));
    };
    maybe("type", dice_.of<Json>({"message", "message", "function_call", "function_call_output",
                                  "mcp_call", any()}));
    maybe("role", dice_.of<Json>({"user", "assistant", "system", "developer", any()}));
    maybe("status", dice_.of<Json>({"completed", "in_progress", "incomplete", any()}));
    maybe("call_id", id());
    maybe("name", words());
    maybe("arguments", any());
    maybe("output", words());
    Json content = Json::array();
    for (int i = dice_.upto(3); i > 0; --i) {
      content.push_back(dice_.one_in(5) ? any() : part());
    }
    maybe("content", content);
    return item;
  }
  Json part() {
    Json part = Json::object();
    part.set("type", dice_.of<Json>({"input_text", "input_audio", "output_audio", "output_text",
                                     "input_image", "audio", any()}));
    if (!dice_.one_in(3)) part.set("text", words());
    if (!dice_.one_in(3)) part.set("transcript", any());
    part.set("image_url", dice_.of<Json>({"data:image/png;base64,AA", "http://x/", any()}));
    return part;
  }
  ResponseDone response_done() {
    ResponseDone done;
    done.response_id = id();
    done.status = dice_.of<std::string>({"completed", "cancelled", "failed", "incomplete", ""});
    done.reason = dice_.of<std::string>({"turn_detected", "client_cancelled", ""});
    done.usage.member("output_token_details").set("audio_tokens", number());
    for (int i = dice_.upto(2); i > 0; --i) {
      Json shown = item();
      if (shown.is_object()) shown.set("id", id());
      done.output.push_back(shown);
    }
    return done;
  }

  Dice dice_;
};

}  // namespace

GST_START_TEST(garbage_is_survived_and_never_replayed) {
  for (int seed = 1; seed <= runs(); ++seed) {
    Garbage garbage(static_cast<uint64_t>(seed));
    Scene scene;
    Dice dice(static_cast<uint64_t>(seed) * 104729);
    for (int i = dice.upto(80); i >= 0; --i) {
      scene.now_ms = dice.one_in(10) ? 0 : scene.now_ms + dice.upto(2000) - 200;
      scene.tell(garbage.event());
      if (garbage.one_in(30)) scene.end_call();
      if (garbage.one_in(100)) scene.conversation.clear();
      (void)scene.conversation.settled(scene.now_ms);
    }
    check_replay(scene.conversation, {});
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(garbage, garbage_is_survived_and_never_replayed)
