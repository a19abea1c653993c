// What a session that only writes sends, refuses and waits for; and turn detection of every kind.
#include "session/config.h"
#include "session/session_object.h"
#include "session/transcription.h"
#include "session/turn_tracker.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

Settings transcribing(Settings more = {}) {
  more["session-type"] = std::string("transcription");
  return more;
}
Json session_of(const Settings &settings) {
  auto session = build_session_object(settings);
  fail_unless(session.ok(), "%s", session.ok() ? "" : session.error().message.c_str());
  return session.value();
}
std::string refusal(const Settings &settings) {
  auto config = build_config(settings, Secret());
  fail_if(config.ok());
  return config.error().message;
}

struct Turns {
  Turns() { tracker.set_transcribing(true); }
  template <typename Body>
  void event(Body body) {
    ServerEvent event;
    event.body = std::move(body);
    tracker.handle(event, now);
  }
  TurnTracker tracker;
  TimePoint now = TimePoint() + std::chrono::hours(1);
};

}  // namespace

GST_START_TEST(a_transcription_session_has_only_input) {
  Json session = session_of(transcribing(
      {{"language", std::string("de")}, {"noise-reduction", std::string("near-field")}}));
  assert_text(session.dump(),
              std::string(R"({"type":"transcription","audio":{"input":{"noise_reduction":)") +
                  R"({"type":"near_field"},"transcription":{"model":")" +
                  kDefaultTranscriptionModel +
                  R"(","language":"de"},"turn_detection":{"type":"server_vad"}}}})");
  session = session_of(transcribing({{"turn-detection", std::string("none")}}));
  fail_unless(session.at("audio.input.turn_detection").is_null());
  // Nothing of it is about answers, whatever is replayed.
  fail_unless(!answers_payload(session_of(transcribing()), false).has("audio"));
}
GST_END_TEST

GST_START_TEST(what_needs_an_answer_is_refused_with_the_reason) {
  for (const char *name : {"model", "voice", "instructions", "tools"}) {
    std::string why = refusal(transcribing({{name, std::string("[]")}}));
    assert_contains(why, name);
    assert_contains(why, "session-type=transcription");
  }
  assert_contains(refusal(transcribing({{"speed", 1.2}})), "speed");
  assert_contains(refusal(transcribing({{"transcription-model", std::string()}})),
                  "must name a model");
  for (const char *what : {"send-text", "create-response", "submit-tool-output"}) {
    assert_contains(impossible_in_transcription(what), what);
  }
  assert_contains(impossible_in_transcription(event_type(R"({"type":"response.create"})")),
                  "response.create");
  fail_unless(impossible_in_transcription(event_type("{}")).empty());
  fail_unless(impossible_in_transcription("input_audio_buffer.commit").empty());
}
GST_END_TEST

GST_START_TEST(live_transcribers_are_given_no_turn_detection) {
  for (const char *model : {"gpt-live-transcribe", "gpt-realtime-whisper"}) {
    Settings settings = transcribing({{"transcription-model", std::string(model)}});
    fail_unless(session_of(settings).at("audio.input.turn_detection").is_null());
    fail_unless(build_config(settings, Secret())->commit_at_pauses);
    settings["turn-detection"] = std::string("none");  // the application commits
    fail_unless(!build_config(settings, Secret())->commit_at_pauses);
    settings["turn-detection"] = std::string("server-vad");
    assert_contains(refusal(settings), "turn-detection");
  }
  fail_unless(!build_config(transcribing(), Secret())->commit_at_pauses);
  fail_unless(!build_config({}, Secret())->commit_at_pauses);
}
GST_END_TEST

GST_START_TEST(more_speech_is_kept_unless_that_was_set) {
  fail_unless(build_config(transcribing(), Secret())->prebuffer == std::chrono::seconds(10));
  fail_unless(build_config(transcribing({{"prebuffer-time", int64_t(500)}}), Secret())->prebuffer ==
              milliseconds(500));
  fail_unless(build_config({}, Secret())->prebuffer == milliseconds(kDefaultPrebufferMs));
}
GST_END_TEST

GST_START_TEST(a_turn_is_over_when_its_words_have_come) {
  Turns t;
  t.event(SpeechStarted{"a", 0});
  TimePoint began = *t.tracker.turn_began_at();
  t.now += std::chrono::seconds(2);
  t.event(InputCommitted{"a", ""});
  t.now += std::chrono::seconds(1);
  t.event(SpeechStarted{"b", 0});
  t.event(InputCommitted{"b", "a"});
  fail_unless(!t.tracker.quiet() && t.tracker.unwritten_since() == began);
  t.tracker.input_finished(t.now);
  t.event(InputTranscriptCompleted{"a", "one", 0});
  fail_unless(!t.tracker.quiet() && *t.tracker.unwritten_since() > began);
  t.event(InputTranscriptFailed{"b", "audio_unintelligible", ""});
  fail_unless(t.tracker.quiet() && !t.tracker.unwritten_since());
  t.now += std::chrono::seconds(1);
  fail_unless(t.tracker.take_answer_finished(t.now, true));
}
GST_END_TEST

GST_START_TEST(a_turn_whose_end_was_not_told_is_not_written_either) {
  Turns t;
  t.event(SpeechStarted{"a", 0});
  TimePoint began = *t.tracker.turn_began_at();
  t.event(SpeechStopped{"a", 900});
  fail_unless(!t.tracker.quiet() && t.tracker.unwritten_since() == began);
  t.event(InputCleared{});
  fail_unless(t.tracker.quiet() && !t.tracker.unwritten_since());
}
GST_END_TEST

GST_START_TEST(turns_that_the_client_ends_begin_where_the_last_one_ended) {
  Turns t;
  t.tracker.reset(t.now);
  TimePoint call = t.now;
  t.now += std::chrono::seconds(5);
  t.event(InputCommitted{"a", ""});
  fail_unless(t.tracker.unwritten_since() == call);
  TimePoint first = t.now;
  t.event(InputTranscriptCompleted{"a", "one", 0});
  t.now += std::chrono::seconds(5);
  t.event(InputCommitted{"b", "a"});
  fail_unless(t.tracker.unwritten_since() == first);
}
GST_END_TEST

// Whatever the kind, its settings survive the time in which nothing may be answered.
GST_START_TEST(settings_of_turn_detection_survive_a_replay) {
  struct Case {
    const char *kind, *config;
  };
  for (const Case &c : {
           Case{"server-vad", R"({"threshold":0.7,"prefix_padding_ms":200,"silence_duration_ms":900,
               "idle_timeout_ms":8000,"interrupt_response":false})"},
           Case{"semantic-vad", R"({"eagerness":"low"})"},
           Case{"server-vad", R"({"create_response":false})"},
       }) {
    Settings settings{{"turn-detection", std::string(c.kind)}};
    settings["session-config"] =
        std::string(R"({"audio":{"input":{"turn_detection":)") + c.config + "}}}";
    Json session = session_of(settings);
    Json wanted = session.at("audio.input.turn_detection");
    Json given = Json::parse(c.config).value();
    for (const auto &[name, value] : given.members()) fail_unless(wanted[name] == value);
    Json quiet = session_update_payload(session);
    quiet.merge(answers_payload(session, false));
    Json during = quiet.at("audio.input.turn_detection");
    fail_unless(!during["create_response"].as_bool(true));
    Json after = answers_payload(session, true).at("audio.input.turn_detection");
    fail_unless(after == wanted, "%s", after.dump().c_str());
    during.set("create_response", wanted["create_response"]);
    fail_unless(during == wanted, "%s", during.dump().c_str());
  }
}
GST_END_TEST

GST_START_TEST(another_kind_of_turn_detection_names_nothing_of_the_old_one) {
  Settings settings{{"turn-detection", std::string("semantic-vad")}};
  settings["session-config"] =
      std::string(R"({"audio":{"input":{"turn_detection":{"eagerness":"low"}}}})");
  Json before = session_of(settings);
  Json after = session_of({});
  Json change = *session_difference(before, after);
  Json detection = change.at("audio.input.turn_detection");
  assert_text(detection["type"].as_string(), "server_vad");
  fail_unless(!detection.has("eagerness"), "%s", change.dump().c_str());
}
GST_END_TEST

OAIRT_TEST_MAIN(transcription, a_transcription_session_has_only_input,
                what_needs_an_answer_is_refused_with_the_reason,
                live_transcribers_are_given_no_turn_detection,
                more_speech_is_kept_unless_that_was_set, a_turn_is_over_when_its_words_have_come,
                a_turn_whose_end_was_not_told_is_not_written_either,
                turns_that_the_client_ends_begin_where_the_last_one_ended,
                settings_of_turn_detection_survive_a_replay,
                another_kind_of_turn_detection_names_nothing_of_the_old_one)
