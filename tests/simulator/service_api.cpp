#include "service_api.h"

#include <algorithm>
#include <cstdlib>

#include <glib.h>

#include "dialect.h"
#include "log.h"
#include "session_rules.h"
#include "timers.h"
#include "transport/transport.h"

namespace oairt::sim {
namespace {

constexpr const char *kFragmentType = "application/trickle-ice-sdpfrag";

ApiError plain(int status, const std::string &message, const std::string &code = "") {
  ApiError error{code, message, ""};
  error.status = status;
  return error;
}

ApiError beta_disabled() {
  return plain(400,
               "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA "
               "API.",
               "beta_api_shape_disabled");
}

ApiError no_call() {
  return plain(404, "No session found for the provided call_id", "call_id_not_found");
}

ApiError invalid_offer() {
  return plain(400, "Invalid SDP offer. Please try again with a WHIP-compliant offer.",
               "invalid_offer");
}

Reply method_not_allowed(const Request &request, const char *allowed) {
  Reply reply = Reply::error(plain(405, "Not allowed to " + request.method + " on " + request.path +
                                            ". Allowed: " + allowed + "."));
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

// If-Match as RFC 9110 section 13.1.1 reads it: "*", or a list of tags compared strongly, so that a
// weak one never matches. RFC 9725 writes the star of a restart as "\"*\"" in its example.
bool is_match(const std::string &if_match, const std::string &etag) {
  for (std::size_t at = 0; at <= if_match.size();) {
    auto end = std::min(if_match.find(',', at), if_match.size());
    std::string tag = if_match.substr(at, end - at);
    at = end + 1;
    auto first = tag.find_first_not_of(" \t");
    if (first == std::string::npos) continue;
    tag = tag.substr(first, tag.find_last_not_of(" \t") - first + 1);
    if (tag == "*" || tag == "\"*\"" || tag == etag) return true;
  }
  return false;
}

// ?dcid=N of a call: the stream of a data channel that nobody has to open.
std::variant<std::optional<uint16_t>, ApiError> agreed_stream(const std::string &query) {
  for (std::size_t at = 0; at <= query.size();) {
    auto end = std::min(query.find('&', at), query.size());
    std::string part = query.substr(at, end - at);
    at = end + 1;
    if (!part.starts_with("dcid=")) continue;
    guint64 value = 0;
    bool valid =
        g_ascii_string_to_unsigned(part.c_str() + 5, 10, 0, kSctpStreams - 1, &value, nullptr);
    if (valid) return static_cast<uint16_t>(value);
    return invalid_value("dcid", "Invalid value: '" + part.substr(5) +
                                     "'. Expected the id of a data channel, 0 to " +
                                     std::to_string(kSctpStreams - 1) + ".");
  }
  return std::nullopt;
}

bool are_ice_chars(const std::string &text, std::size_t shortest) {
  constexpr std::size_t kLongest = 256;
  return text.size() >= shortest && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return g_ascii_isalnum(c) || c == '+' || c == '/'; });
}

bool take_prefix(std::string &path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  path.erase(0, prefix.size());
  return true;
}

}  // namespace

ServiceApi::ServiceApi(const Options &options, TokenStore &tokens, Faults &faults, CallDesk &desk,
                       uint64_t seed)
    : options_(options), tokens_(tokens), faults_(faults), desk_(desk), chance_(seed) {}

Reply ServiceApi::handle(const Request &request, TimePoint now, int64_t unix_now_s) {
  Reply reply = route(request, now, unix_now_s);
  if (options_.azure) make_azure_error(reply);
  return reply;
}

Reply ServiceApi::route(const Request &request, TimePoint now, int64_t unix_now_s) {
  std::string path = request.path;
  bool azure = path.starts_with("/openai/");
  auto found = take_base(options_, path);
  if (!found) {
    return Reply::error(plain(404, "Invalid URL (" + request.method + " " + request.path + ")"));
  }
  const std::string &base = *found;
  if (options_.azure) {
    if (auto refused = azure_refusal(request)) return *refused;
  }
  // The sideband is for a WebSocket of the application's own server; there is none here.
  bool sideband = path.empty() && request.query.find("call_id=") != std::string::npos;
  if (sideband) return Reply::error(no_call());
  bool old_path = path.empty() || path == "/sessions" || path == "/transcription_sessions";
  if (old_path || !request.header("openai-beta").empty()) return Reply::error(beta_disabled());
  if (path == "/client_secrets") {
    if (request.method != "POST") return method_not_allowed(request, "POST");
    return with_faults("mint", now, [&] { return mint(request, azure, now, unix_now_s); });
  }
  if (path == "/calls") {
    if (request.method != "POST") return method_not_allowed(request, "POST");
    return with_faults("calls", now, [&] { return calls(request, azure, base, now); });
  }
  if (take_prefix(path, "/calls/")) {
    if (path.ends_with("/hangup")) {
      path.resize(path.size() - 7);
      if (request.method != "POST") return method_not_allowed(request, "POST");
      return with_faults("hangup", now, [&] { return hang_up(request, path, now); });
    }
    if (path.find('/') == std::string::npos) {
      if (request.method != "PATCH" || !options_.ice_restart) {
        return method_not_allowed(request, options_.ice_restart ? "PATCH" : "POST");
      }
      return with_faults("patch", now, [&] { return patch(request, path, now); });
    }
  }
  return Reply::error(plain(404, "Invalid URL (" + request.method + " " + request.path + ")"));
}

template <typename Answer>
Reply ServiceApi::with_faults(const std::string &resource, TimePoint now, Answer answer) {
  Duration delay{};
  if (auto slow = faults_.take(resource + "_slow", now)) {
    delay = parse_seconds(*slow);
  }
  Reply reply;
  if (faults_.take(resource + "_hang", now)) {
    reply.fate = Reply::Fate::Hang;
  } else if (faults_.take(resource + "_reset", now)) {
    reply.fate = Reply::Fate::Reset;
  } else if (auto kind = faults_.take(resource + "_error", now)) {
    reply = error_reply(kind->empty() ? "500" : *kind).value_or(*error_reply("500"));
  } else {
    reply = answer();
  }
  reply.delay = delay;
  return reply;
}

std::variant<Credential, Reply> ServiceApi::authorize(const Request &request, TimePoint now) {
  Credential credential = tokens_.look_up(request.key(), now);
  switch (credential.kind) {
    case Credential::Kind::Missing:
      return Reply::error(plain(401,
                                "You didn't provide an API key. You need to provide your API key "
                                "in an Authorization header using Bearer auth (i.e. "
                                "Authorization: Bearer YOUR_KEY)."));
    case Credential::Kind::Unknown:
      return *error_reply("401");
    case Credential::Kind::Expired:
      return *error_reply("expired");
    default:
      return credential;
  }
}

Refusal ServiceApi::check_model(const SessionConfig &config, bool azure) const {
  const std::string &model = config.json()["model"].as_string();
  bool extra =
      std::find(options_.models.begin(), options_.models.end(), model) != options_.models.end();
  if (azure || extra || config.is_transcription() || is_known_model(model)) return std::nullopt;
  return plain(404, "The model `" + model + "` does not exist or you do not have access to it.",
               "model_not_found");
}

Reply ServiceApi::mint(const Request &request, bool azure, TimePoint now, int64_t unix_now_s) {
  auto authorized = authorize(request, now);
  if (auto *refused = std::get_if<Reply>(&authorized)) return *refused;
  if (std::get<Credential>(authorized).kind != Credential::Kind::Project) {
    return *error_reply("401");  // a client secret makes no others
  }
  if (!request.body.empty() && request.content_type() != "application/json") {
    return Reply::error(plain(400, "Unsupported content type: '" + request.content_type() +
                                       "'. Use 'application/json'."));
  }
  auto parsed = Json::parse(request.body.empty() ? "{}" : request.body);
  if (!parsed) {
    return Reply::error(plain(400, "We could not parse the JSON body of your request."));
  }
  const Json &body = parsed.value();
  if (auto refusal = check_client_secret_request(body)) return Reply::error(*refusal);
  if (auto refusal = SessionConfig::check_initial(body["session"])) return Reply::error(*refusal);
  SessionConfig config = SessionConfig::from_initial(body["session"]);
  if (auto refusal = check_model(config, azure)) return Reply::error(*refusal);
  int64_t seconds = body.at("expires_after.seconds").as_int(600);
  if (faults_.take("mint_garbage", now)) {
    return Reply{200, "application/json", "{\"value\": \"ek_", {}};
  }
  bool expired = faults_.take("mint_expired", now).has_value();
  std::string value = tokens_.mint(body["session"], request.header("openai-safety-identifier"),
                                   std::chrono::seconds(expired ? 0 : seconds), now);
  return Reply::json(200, Json::object({{"value", value},
                                        {"expires_at", unix_now_s + (expired ? 0 : seconds)},
                                        {"session", config.full(chance_.id("sess"), 0)}}));
}

std::variant<NewCall, Reply> ServiceApi::read_call(const Request &request,
                                                   const Credential &credential) {
  std::string offer;
  Json session;
  if (request.content_type() == "application/sdp") {
    if (credential.kind == Credential::Kind::Project) {
      return Reply::error(plain(400,
                                "A call that is made with a project API key needs "
                                "multipart/form-data with an 'sdp' part."));
    }
    offer = request.body;
  } else if (request.content_type() == "multipart/form-data") {
    auto parts = parse_form(request.header("content-type"), request.body);
    if (!parts) return *error_reply("empty");
    for (const auto &part : *parts) {
      if (part.name == "sdp") offer = part.body;
      if (part.name != "session") continue;
      auto parsed = Json::parse(part.body);
      if (!parsed) return *error_reply("empty");
      session = parsed.value();
    }
    if (offer.empty()) return Reply::error(missing_parameter("sdp"));
  } else {
    return Reply::error(plain(400, "Unsupported content type: '" + request.content_type() +
                                       "'. Use 'application/sdp' or 'multipart/form-data'."));
  }
  if (auto refusal = SessionConfig::check_initial(session)) return Reply::error(*refusal);
  SessionConfig config =
      SessionConfig::from_initial(credential.session.is_null() ? session : credential.session);
  if (auto refusal = config.override_with(session)) return Reply::error(*refusal);
  std::string safety_id = request.header("openai-safety-identifier");
  return NewCall{offer,
                 {},
                 config,
                 key_mark(request.key()),
                 safety_id.empty() ? credential.safety_id : safety_id};
}

Reply ServiceApi::calls(const Request &request, bool azure, const std::string &base,
                        TimePoint now) {
  auto authorized = authorize(request, now);
  if (auto *refused = std::get_if<Reply>(&authorized)) return *refused;
  auto read = read_call(request, std::get<Credential>(authorized));
  if (auto *refused = std::get_if<Reply>(&read)) return *refused;
  auto &call = std::get<NewCall>(read);
  if (!azure && !options_.ignore_dcid) {
    auto stream = agreed_stream(request.query);
    if (auto *error = std::get_if<ApiError>(&stream)) return Reply::error(*error);
    call.event_stream = std::get<std::optional<uint16_t>>(stream);
  }
  if (auto refusal = check_model(call.config, azure)) return Reply::error(*refusal);
  auto made = desk_.create_call(std::move(call));
  if (auto *error = std::get_if<ApiError>(&made)) {
    return Reply::error(error->code.empty() ? *error : invalid_offer());
  }
  const auto &created = std::get<CreatedCall>(made);
  Reply reply{201, "application/sdp", created.answer, {}};
  if (!faults_.take("no_location", now)) {
    reply.headers.emplace_back("Location", base + "/calls/" + created.id);
  }
  if (!created.etag.empty()) reply.headers.emplace_back("ETag", created.etag);
  if (auto status = faults_.take("calls_status", now)) {
    reply.status = status->empty() ? 200 : std::clamp(std::atoi(status->c_str()), 200, 599);
  }
  return reply;
}

Reply ServiceApi::hang_up(const Request &request, const std::string &id, TimePoint now) {
  auto authorized = authorize(request, now);
  if (auto *refused = std::get_if<Reply>(&authorized)) return *refused;
  if (!desk_.hang_up(id)) return Reply::error(no_call());
  return Reply{200, "application/json", "", {}};
}

Reply ServiceApi::patch(const Request &request, const std::string &id, TimePoint now) {
  auto authorized = authorize(request, now);
  if (auto *refused = std::get_if<Reply>(&authorized)) return *refused;
  std::string etag = desk_.etag_of(id);
  if (etag.empty()) return Reply::error(no_call());
  if (request.content_type() != kFragmentType) {
    Reply reply = Reply::error(plain(415, std::string("PATCH takes ") + kFragmentType + "."));
    reply.headers.emplace_back("Accept-Patch", kFragmentType);
    return reply;
  }
  std::string match = request.header("if-match");
  if (match.empty()) return Reply::error(plain(428, "PATCH needs an If-Match header."));
  if (!is_match(match, etag)) {
    return Reply::error(plain(412, "The ICE session has another ETag by now."));
  }
  IceFragment fragment = parse_ice_fragment(request.body);
  if (!are_ice_chars(fragment.ufrag, 4) || !are_ice_chars(fragment.pwd, 22)) {
    return Reply::error(plain(422, "The fragment has no valid ice-ufrag and ice-pwd."));
  }
  auto restarted = desk_.restart_ice(id, fragment.ufrag, fragment.pwd);
  if (!restarted.new_credentials) return Reply{204, "", "", {}};
  return Reply{200, kFragmentType, restarted.fragment, {{"ETag", restarted.etag}}};
}

IceFragment parse_ice_fragment(const std::string &text) {
  IceFragment fragment;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.starts_with("a=ice-ufrag:")) fragment.ufrag = line.substr(12);
    if (line.starts_with("a=ice-pwd:")) fragment.pwd = line.substr(10);
  }
  return fragment;
}

}  // namespace oairt::sim
