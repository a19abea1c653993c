// What was set is what the session gets; what is secret cannot be read.
#include "element_test.h"
#include "gstopenairealtimeproptable.h"

using namespace oairt;
using namespace oairt::test;

namespace {

constexpr const char *kElements[] = {"openairealtimesink", "openairealtimesrc",
                                     "openairealtimebin"};

// A value of the row that differs from its default.
void other_value(const PropertyRow &row, GParamSpec *spec, GValue *value) {
  g_value_init(value, G_PARAM_SPEC_VALUE_TYPE(spec));
  switch (row.kind) {
    case ValueKind::Boolean:
      g_value_set_boolean(value, row.number == 0);
      break;
    case ValueKind::Integer:
      g_value_set_int(value, static_cast<int>(row.number) + 1);
      break;
    case ValueKind::Real:
      g_value_set_double(value, row.number / 2);
      break;
    case ValueKind::Enum: {
      auto *klass = G_PARAM_SPEC_ENUM(spec)->enum_class;
      g_value_set_enum(value, klass->values[klass->n_values - 1].value);
      break;
    }
    case ValueKind::String:
      g_value_set_string(value, "some text");
      break;
  }
}

void check_row(GstElement *element, const PropertyRow &row) {
  GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), row.name);
  if (spec == nullptr) return;
  fail_unless(row.secret == !(spec->flags & G_PARAM_READABLE), "%s", row.name);
  fail_unless(spec->flags & G_PARAM_WRITABLE);
  GValue set = G_VALUE_INIT, got = G_VALUE_INIT;
  other_value(row, spec, &set);
  if (!row.secret) {
    g_value_init(&got, G_PARAM_SPEC_VALUE_TYPE(spec));
    g_object_get_property(G_OBJECT(element), row.name, &got);
    fail_unless(g_param_value_defaults(spec, &got), "%s does not begin at its default", row.name);
    fail_if(g_param_values_cmp(spec, &set, &got) == 0);
  }
  g_object_set_property(G_OBJECT(element), row.name, &set);
  if (!row.secret) {
    g_object_get_property(G_OBJECT(element), row.name, &got);
    fail_unless(g_param_values_cmp(spec, &set, &got) == 0, "%s is not what was set", row.name);
    g_value_unset(&got);
  }
  g_value_unset(&set);
}

Settings settings_of(const char *element) {
  for (const auto &member : FakeSession::only()->members()) {
    if (member.element == element) return member.settings;
  }
  fail_unless(false, "%s is no member", element);
  return {};
}

}  // namespace

OAIRT_ELEMENT_TEST(every_property_can_be_set_and_only_secrets_not_read) {
  for (const char *name : kElements) {
    auto element = make(name);
    for (const auto &row : property_table()) check_row(element.get(), row);
  }
}

OAIRT_ELEMENT_TEST(each_element_has_its_groups) {
  auto has = [](const char *element, const char *property) {
    auto object = make(element);
    return g_object_class_find_property(G_OBJECT_GET_CLASS(object.get()), property) != nullptr;
  };
  for (const char *name : kElements) {
    for (const char *property : {"session", "api-key", "model", "connection-state", "stats"}) {
      fail_unless(has(name, property), "%s %s", name, property);
    }
  }
  fail_unless(has("openairealtimesink", "bitrate") && !has("openairealtimesink", "volume"));
  fail_unless(has("openairealtimesrc", "volume") && !has("openairealtimesrc", "bitrate"));
  fail_unless(has("openairealtimebin", "volume") && has("openairealtimebin", "bitrate"));
}

OAIRT_ELEMENT_TEST(every_enum_value_goes_by_its_nick) {
  auto element = make("openairealtimebin");
  for (const auto &row : property_table()) {
    if (row.kind != ValueKind::Enum) continue;
    auto *klass = static_cast<GEnumClass *>(g_type_class_ref(row.enum_type()));
    for (guint i = 0; i < klass->n_values; ++i) {
      gst_util_set_object_arg(G_OBJECT(element.get()), row.name, klass->values[i].value_nick);
      gint value = -1;
      g_object_get(element.get(), row.name, &value, nullptr);
      fail_unless_equals_int(value, klass->values[i].value);
    }
    g_type_class_unref(klass);
  }
}

OAIRT_ELEMENT_TEST(the_session_gets_what_was_set_and_nothing_else) {
  auto pipeline = launch(
      "openairealtimesrc name=a voice=marin api-key=sk-1 turn-detection=none "
      "max-retries=3 volume=0.5 ! fakesink");
  set_state(pipeline, GST_STATE_READY);
  Settings settings = settings_of("a");
  fail_unless_equals_int(settings.size(), 4);
  assert_text(std::get<std::string>(settings["voice"]), "marin");
  assert_text(std::string(std::get<Secret>(settings["api-key"]).reveal()), "sk-1");
  assert_text(std::get<std::string>(settings["turn-detection"]), "none");
  fail_unless(std::get<int64_t>(settings["max-retries"]) == 3);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(a_null_string_is_as_if_never_set) {
  auto pipeline = launch("openairealtimesrc name=a model=x instructions=y ! fakesink");
  auto src = child(pipeline, "a");
  g_object_set(src.get(), "model", nullptr, "instructions", "", nullptr);
  set_state(pipeline, GST_STATE_READY);
  Settings settings = settings_of("a");
  fail_if(settings.contains("model"));
  assert_text(std::get<std::string>(settings["instructions"]), "");
  assert_text(get_text(src.get(), "model"), "gpt-realtime-2.1");
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(later_changes_reach_the_session) {
  auto pipeline = launch("openairealtimesrc name=a ! fakesink");
  auto src = child(pipeline, "a");
  set_state(pipeline, GST_STATE_PLAYING);
  g_object_set(src.get(), "instructions", "be brief", nullptr);
  assert_text(std::get<std::string>(settings_of("a")["instructions"]), "be brief");

  FakeSession::next_refusal = Error{ErrorCode::Config, "Not now.", "detail", "", std::nullopt};
  g_object_set(src.get(), "voice", "nobody", nullptr);
  auto failures = take_failures(pipeline);
  fail_unless_equals_int(failures.size(), 1);
  assert_text(failures[0], "warning: Not now. | detail");
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(the_bin_hands_on_what_its_children_act_on) {
  auto bin = make("openairealtimebin");
  g_object_set(bin.get(), "bitrate", 24000, "volume", 0.25, "voice", "marin", nullptr);
  auto sink = child(bin, "sink"), src = child(bin, "src");
  auto encoder = child(sink, "encoder");
  gint bitrate = 0;
  gdouble volume = 0;
  g_object_get(encoder.get(), "bitrate", &bitrate, nullptr);
  fail_unless_equals_int(bitrate, 24000);
  g_object_get(src.get(), "volume", &volume, nullptr);
  fail_unless_equals_float(volume, 0.25);
  assert_text(get_text(src.get(), "voice"), "(null)");
}

OAIRT_ELEMENT_TEST(credentials_of_tools_are_not_shown) {
  auto src = make("openairealtimesrc");
  const char *tools = R"([{"type":"mcp","server_label":"m","authorization":"tok3n"}])";
  g_object_set(src.get(), "tools", tools, nullptr);
  assert_text(get_text(src.get(), "tools"),
              R"([{"type":"mcp","server_label":"m","authorization":"***"}])");
  std::string config = std::string(R"({"tools":)") + tools + "}";
  g_object_set(src.get(), "session-config", config.c_str(), nullptr);
  fail_unless(get_text(src.get(), "session-config").find("tok3n") == std::string::npos);
  // What goes to the service is whole.
  auto pipeline = launch("openairealtimesrc name=a ! fakesink");
  g_object_set(child(pipeline, "a").get(), "tools", tools, nullptr);
  set_state(pipeline, GST_STATE_READY);
  assert_text(std::get<std::string>(settings_of("a").at("tools")), tools);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(a_password_in_the_proxy_is_not_shown) {
  auto src = make("openairealtimesrc");
  g_object_set(src.get(), "proxy", "http://me:secret@proxy:8080/", nullptr);
  assert_text(get_text(src.get(), "proxy"), "http://me:***@proxy:8080/");
  g_object_set(src.get(), "proxy", "http://proxy:8080", nullptr);
  assert_text(get_text(src.get(), "proxy"), "http://proxy:8080");
}

OAIRT_ELEMENT_TEST(state_ids_and_statistics_are_read_from_the_session) {
  auto pipeline = launch("openairealtimesrc name=a ! fakesink");
  auto src = child(pipeline, "a");
  gint state = -1;
  g_object_get(src.get(), "connection-state", &state, nullptr);
  fail_unless_equals_int(state, static_cast<int>(ConnectionState::Idle));
  assert_text(get_text(src.get(), "call-id"), "(null)");
  set_state(pipeline, GST_STATE_READY);
  SessionSnapshot snapshot;
  snapshot.state = ConnectionState::Connected;
  snapshot.call_id = "rtc_1";
  snapshot.session_id = "sess_1";
  snapshot.connect.ice_ms = 12.5;
  snapshot.reconnects = 2;
  snapshot.total_tokens = 7;
  FakeSession::only()->set_snapshot(snapshot);
  g_object_get(src.get(), "connection-state", &state, nullptr);
  fail_unless_equals_int(state, static_cast<int>(ConnectionState::Connected));
  assert_text(get_text(src.get(), "call-id"), "rtc_1");
  assert_text(get_text(src.get(), "session-id"), "sess_1");
  GstStructure *raw = nullptr;
  g_object_get(src.get(), "stats", &raw, nullptr);
  UniqueStructure stats(raw);
  fail_unless(gst_structure_has_name(raw, "application/x-openai-realtime-stats"));
  gdouble ice = 0;
  guint64 reconnects = 0;
  gint64 tokens = 0;
  fail_unless(gst_structure_get(raw, "connect-ice-ms", G_TYPE_DOUBLE, &ice, "reconnects",
                                G_TYPE_UINT64, &reconnects, "total-tokens", G_TYPE_INT64, &tokens,
                                nullptr));
  fail_unless(ice == 12.5 && reconnects == 2 && tokens == 7);
  fail_if(gst_structure_has_field(raw, "connect-dtls-ms"), "what was not reached is not there");
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_TEST_MAIN(elements_properties, every_property_can_be_set_and_only_secrets_not_read,
                each_element_has_its_groups, every_enum_value_goes_by_its_nick,
                the_session_gets_what_was_set_and_nothing_else, a_null_string_is_as_if_never_set,
                later_changes_reach_the_session, the_bin_hands_on_what_its_children_act_on,
                credentials_of_tools_are_not_shown, a_password_in_the_proxy_is_not_shown,
                state_ids_and_statistics_are_read_from_the_session)
