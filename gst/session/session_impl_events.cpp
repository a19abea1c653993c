// What an application sends: taken or refused at once, with the reason; what is taken is sent in
// the loop, or held until somebody hears it.
#include <algorithm>
#include <utility>

#include <glib.h>

#include "protocol/codec.h"
#include "session/session_impl.h"
#include "session/transcription.h"

namespace oairt {
namespace {

constexpr std::size_t kMaxInputText = 256000;

Error refuse(ErrorCode code, std::string message) {
  return Error{code, std::move(message), {}, {}, {}};
}

Status check_text(const char *what, const std::string &text) {
  if (!g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr)) {
    return refuse(ErrorCode::Config, std::string(what) + " is not valid UTF-8; it was not sent.");
  }
  if (g_utf8_strlen(text.data(), static_cast<gssize>(text.size())) >
      static_cast<glong>(kMaxInputText)) {
    return refuse(ErrorCode::Config,
                  std::string(what) + " has more than 256000 characters; it was not sent.");
  }
  return Success{};
}

std::string data_url(const std::string &jpeg) {
  gchar *base64 = g_base64_encode(reinterpret_cast<const guchar *>(jpeg.data()), jpeg.size());
  std::string url = std::string("data:image/jpeg;base64,") + base64;
  g_free(base64);
  return url;
}

Json text_part(const std::string &text) {
  Json part = Json::object({{"type", "input_text"}});
  return part.set("text", text);
}

ClientEvent user_message(Json content) {
  Json item = Json::object({{"type", "message"}, {"role", "user"}});
  item.set("content", std::move(content));
  return {"", ItemCreate{std::move(item), ""}};
}

}  // namespace

// While the connection is made or recovered, or sleeps, events wait for the service.
Status SessionImpl::takes_events() const {
  SessionSnapshot now = output_state();
  switch (now.state) {
    case ConnectionState::Connected:
    case ConnectionState::Reconnecting:
      return Success{};
    case ConnectionState::Failed:
    case ConnectionState::Standby:
      break;
    default: {
      LockGuard guard(lock_);
      bool running = std::any_of(members_.begin(), members_.end(),
                                 [](const auto &member) { return member.second.running; });
      if (running || now.asleep) return Success{};
    }
  }
  return refuse(ErrorCode::Network,
                "The session is not connected; wait for connection-state \"connected\".");
}

Status SessionImpl::check_size(const ClientEvent &event) const {
  std::size_t size = build_client_event(event).size() + 128, most = output_state().max_event_bytes;
  if (size <= most) return Success{};
  return refuse(ErrorCode::Config, "An event of " + std::to_string(size) +
                                       " bytes was not sent: the service takes at most " +
                                       std::to_string(most) + ".");
}

Status SessionImpl::possible(const std::string &what) const {
  LockGuard guard(lock_);
  std::string why = transcription_ ? impossible_in_transcription(what) : "";
  if (why.empty()) return Success{};
  return refuse(ErrorCode::Config, why);
}

Status SessionImpl::post_event(ClientEvent event) {
  if (auto taken = takes_events(); !taken) return taken;
  post_to_core([event = std::move(event)](SessionCore &core) { core.send(event); });
  return Success{};
}

Status SessionImpl::send_event(const std::string &text) {
  std::string json = text, item_id = Outbox::name_item(json);
  if (auto checked = check_client_event(json, output_state().max_event_bytes); !checked) {
    return checked;
  }
  if (auto status = possible(event_type(json)); !status) return status;
  if (auto taken = takes_events(); !taken) return taken;
  post_to_core([json, item_id](SessionCore &core) { core.send_json(json, item_id); });
  return Success{};
}

Status SessionImpl::send_text(const std::string &text, bool respond) {
  if (auto status = possible("send-text"); !status) return status;
  if (auto checked = check_text("The text", text); !checked) return checked;
  ClientEvent event = user_message(Json::array({text_part(text)}));
  if (auto checked = check_size(event); !checked) return checked;
  if (auto taken = takes_events(); !taken) return taken;
  post_to_core(
      [event = std::move(event), respond](SessionCore &core) { core.add_item(event, respond); });
  return Success{};
}

Status SessionImpl::create_response() {
  if (auto status = possible("create-response"); !status) return status;
  if (auto taken = takes_events(); !taken) return taken;
  post_to_core([](SessionCore &core) { core.request_response(""); });
  return Success{};
}

Status SessionImpl::interrupt() {
  post_to_core([](SessionCore &core) { core.interrupt(); });
  return Success{};
}

Status SessionImpl::commit_audio() { return post_event({"", InputCommit{}}); }

Status SessionImpl::clear_audio() {
  media_->clear_uplink();
  return post_event({"", InputClear{}});
}

Status SessionImpl::submit_tool_output(const std::string &call_id, const std::string &output) {
  if (auto status = possible("submit-tool-output"); !status) return status;
  if (auto checked = check_text("The output of the function", output); !checked) return checked;
  if (auto checked = check_size(make_tool_output(call_id, output)); !checked) return checked;
  if (auto taken = takes_events(); !taken) return taken;
  if (auto taken = tools_->answer(call_id); !taken) return taken;
  post_to_core([call_id, output](SessionCore &core) { core.deliver_output(call_id, output); });
  return Success{};
}

// --- pictures ---

bool SessionImpl::wants_image() {
  if (!possible("send-snapshot")) return false;
  ConnectionState state = output_state().state;
  if (state == ConnectionState::Connected && !images_->busy(Clock::now())) return true;
  images_->note_skipped();
  return false;
}

Status SessionImpl::send_image(const Image &image) {
  if (auto status = possible("send-snapshot"); !status) return status;
  if (auto checked = check_text("The text", image.text); !checked) return checked;
  Json part = Json::object({{"type", "input_image"}});
  part.set("image_url", data_url(image.jpeg));
  Json content = Json::array();
  if (!image.text.empty()) content.push_back(text_part(image.text));
  content.push_back(std::move(part));
  ClientEvent event = user_message(std::move(content));
  if (auto checked = check_size(event); !checked) return checked;
  if (auto taken = takes_events(); !taken) return taken;
  SnapshotEvent told{
      Outbox::new_item_id(), image.jpeg.size(), image.width, image.height, false, ""};
  std::get<ItemCreate>(event.body).item.set("id", told.item_id);
  bool respond = !image.text.empty();
  if (!images_->take(told, !respond, Clock::now())) {
    return refuse(ErrorCode::Busy, "A picture is still on its way to the service.");
  }
  post_to_core(
      [event = std::move(event), respond](SessionCore &core) { core.add_item(event, respond); });
  return Success{};
}

}  // namespace oairt
