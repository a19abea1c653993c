#include "gstopenairealtimesignals.h"

#include <cstring>

#include "element_core.h"

namespace oairt {
namespace {

// The first handler that knows a token wins; the others are not asked.
gboolean first_token_wins(GSignalInvocationHint *, GValue *result, const GValue *answer, gpointer) {
  const char *token = g_value_get_string(answer);
  if (token == nullptr || *token == '\0') return TRUE;
  g_value_copy(answer, result);
  return FALSE;
}

Status not_given(const char *argument) {
  return Error{ErrorCode::Config, std::string("The argument \"") + argument + "\" is missing.", "",
               "", std::nullopt};
}

// Runs an action on the element's session; a refusal is told on the bus.
template <typename Action>
gboolean act(GstElement *element, const char *name, Action action) {
  auto session = ElementCore::of(element)->session();
  Status status = session
                      ? action(*session)
                      : Status(Error{ErrorCode::Config,
                                     std::string("The action \"") + name +
                                         "\" needs a session: bring the element to READY first.",
                                     "the element is in state NULL", "", std::nullopt});
  if (status) return TRUE;
  ElementCore::of(element)->refuse(name, status.error());
  return FALSE;
}

gboolean send_event(GstElement *element, const char *json) {
  return act(element, "send-event", [&](Session &session) {
    return json != nullptr ? session.send_event(json) : not_given("json");
  });
}
gboolean send_text(GstElement *element, const char *text) {
  return act(element, "send-text", [&](Session &session) {
    return text != nullptr ? session.send_text(text, true) : not_given("text");
  });
}
gboolean send_snapshot(GstElement *element, const char *text) {
  return act(element, "send-snapshot", [&](Session &) {
    auto &take = ElementCore::of(element)->on_snapshot;
    if (take) return take(text != nullptr ? text : "");
    return Status(Error{ErrorCode::Config,
                        "This element takes no video; send-snapshot is for openairealtimesink and "
                        "openairealtimebin.",
                        "no pad video_sink", "", std::nullopt});
  });
}
gboolean create_response(GstElement *element) {
  return act(element, "create-response",
             [](Session &session) { return session.create_response(); });
}
gboolean interrupt(GstElement *element) {
  return act(element, "interrupt", [](Session &session) { return session.interrupt(); });
}
gboolean commit_audio(GstElement *element) {
  return act(element, "commit-audio", [](Session &session) { return session.commit_audio(); });
}
gboolean clear_audio(GstElement *element) {
  return act(element, "clear-audio", [](Session &session) { return session.clear_audio(); });
}
gboolean submit_tool_output(GstElement *element, const char *call_id, const char *output) {
  return act(element, "submit-tool-output", [&](Session &session) {
    if (call_id == nullptr) return not_given("call-id");
    return session.submit_tool_output(call_id, output != nullptr ? output : "");
  });
}
gboolean reconnect(GstElement *element) {
  return act(element, "reconnect", [](Session &session) -> Status {
    session.reconnect();
    return Success{};
  });
}

gboolean restart_ice(GstElement *element) {
  return act(element, "restart-ice", [](Session &session) -> Status {
    session.restart_ice();
    return Success{};
  });
}

gboolean split_session(GstElement *element) {
  return act(element, "split-session", [](Session &session) { return session.split_session(); });
}

gboolean forget_session(GstElement *element) {
  return act(element, "forget-session", [](Session &session) { return session.forget_session(); });
}

gboolean grant_consent(GstElement *element) {
  return act(element, "grant-consent", [](Session &session) -> Status {
    session.grant_consent();
    return Success{};
  });
}

gboolean withdraw_consent(GstElement *element) {
  return act(element, "withdraw-consent", [](Session &session) -> Status {
    session.withdraw_consent();
    return Success{};
  });
}

template <typename... Types>
void install_action(GType type, const char *name, GCallback handler, Types... types) {
  auto flags = static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
  g_signal_new_class_handler(name, type, flags, handler, nullptr, nullptr, nullptr, G_TYPE_BOOLEAN,
                             sizeof...(types), types...);
}

template <typename... Types>
void install_signal(GType type, const char *name, Types... types) {
  g_signal_new(name, type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE,
               sizeof...(types), types...);
}

}  // namespace

void install_signals(GstElementClass *klass) {
  GType type = G_TYPE_FROM_CLASS(klass);
  /* request-token: (emitter) -> gchararray. Return a short-lived key for the next call; emitted on
   * a worker thread, so the handler may take its time. */
  g_signal_new("request-token", type, G_SIGNAL_RUN_LAST, 0, first_token_wins, nullptr, nullptr,
               G_TYPE_STRING, 0);
  /* request-ice-servers: (emitter) -> gchararray. Return iceServers as JSON, with "ttl" in seconds;
   * emitted on a worker thread, when a call is made and before the credentials expire. */
  g_signal_new("request-ice-servers", type, G_SIGNAL_RUN_LAST, 0, first_token_wins, nullptr,
               nullptr, G_TYPE_STRING, 0);
  /* event: (type, json). Every event of the service, as it came. */
  install_signal(type, "event", G_TYPE_STRING, G_TYPE_STRING);
  /* function-call: (name, call_id, arguments). Answer with submit-tool-output. */
  install_signal(type, "function-call", G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  /* webrtcbin-ready: (webrtcbin). A call's webrtcbin was made and is not yet negotiating. */
  install_signal(type, "webrtcbin-ready", GST_TYPE_ELEMENT);

  install_action(type, "send-event", G_CALLBACK(send_event), G_TYPE_STRING);
  install_action(type, "send-text", G_CALLBACK(send_text), G_TYPE_STRING);
  install_action(type, "send-snapshot", G_CALLBACK(send_snapshot), G_TYPE_STRING);
  install_action(type, "create-response", G_CALLBACK(create_response));
  install_action(type, "interrupt", G_CALLBACK(interrupt));
  install_action(type, "commit-audio", G_CALLBACK(commit_audio));
  install_action(type, "clear-audio", G_CALLBACK(clear_audio));
  install_action(type, "submit-tool-output", G_CALLBACK(submit_tool_output), G_TYPE_STRING,
                 G_TYPE_STRING);
  install_action(type, "reconnect", G_CALLBACK(reconnect));
  install_action(type, "restart-ice", G_CALLBACK(restart_ice));
  install_action(type, "split-session", G_CALLBACK(split_session));
  install_action(type, "forget-session", G_CALLBACK(forget_session));
  install_action(type, "grant-consent", G_CALLBACK(grant_consent));
  install_action(type, "withdraw-consent", G_CALLBACK(withdraw_consent));
}

bool has_listener(GstElement *element, const char *signal) {
  guint id = g_signal_lookup(signal, G_OBJECT_TYPE(element));
  return g_signal_has_handler_pending(element, id, 0, TRUE);
}

void emit_signals(GstElement *element, const SessionEvent &event) {
  if (const auto *raw = std::get_if<RawServerEvent>(&event)) {
    if (has_listener(element, "event")) {
      g_signal_emit_by_name(element, "event", raw->type.c_str(), raw->json.c_str());
    }
  } else if (const auto *call = std::get_if<FunctionCallEvent>(&event)) {
    g_signal_emit_by_name(element, "function-call", call->name.c_str(), call->call_id.c_str(),
                          call->arguments.c_str());
  } else if (const auto *ready = std::get_if<WebrtcbinReadyEvent>(&event)) {
    g_signal_emit_by_name(element, "webrtcbin-ready", ready->webrtcbin.get());
  } else if (std::holds_alternative<ConnectionStateEvent>(event)) {
    g_object_notify(G_OBJECT(element), "connection-state");
  } else if (std::holds_alternative<SessionInfoEvent>(event)) {
    g_object_notify(G_OBJECT(element), "session-id");
    g_object_notify(G_OBJECT(element), "call-id");
  }
}

Secret emit_request(GstElement *element, const char *signal) {
  gchar *answer = nullptr;
  g_signal_emit_by_name(element, signal, &answer);
  if (answer == nullptr) return {};
  Secret token{std::string_view(answer)};
  explicit_bzero(answer, std::strlen(answer));
  g_free(answer);
  return token;
}

}  // namespace oairt
