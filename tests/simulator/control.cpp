// The simulator's own HTTP resources, under /simulator: what it saw, and orders to misbehave.
#include <algorithm>

#include "simulator.h"

namespace oairt::sim {
namespace {

Reply refuse(int status, const std::string &message) {
  return Reply::json(status, Json::object({{"error", Json::object({{"message", message}})}}));
}

Reply done(Json body) { return Reply::json(200, body); }

// The value of an action, however it was put.
std::string value_of(const Json &body) {
  if (body.has("event")) return body["event"].dump();
  for (const char *name : {"value", "text", "on", "seconds", "code", "bytes"}) {
    const Json &value = body[name];
    if (value.is_string()) return value.as_string();
    if (value.is_bool()) return value.as_bool() ? "on" : "off";
    if (value.is_null()) continue;
    return value.dump();
  }
  if (body.has("name")) {
    const Json &arguments = body["arguments"];
    return body["name"].as_string() + ":" +
           (arguments.is_object() ? arguments.dump() : arguments.as_string());
  }
  return "";
}

std::vector<std::string> strings_of(const Json &list) {
  std::vector<std::string> result;
  for (const auto &item : list.items()) result.push_back(item.as_string());
  return result;
}

}  // namespace

Reply Simulator::control(const Request &request) {
  if (!options_.control_token.empty() && request.key() != options_.control_token) {
    return refuse(401, "The control token is missing or wrong.");
  }
  std::string path = request.path.substr(std::string("/simulator").size());
  if (path == "/state" && request.method == "GET") return done(state());
  if (path == "/faults") return control_faults(request);
  if (path == "/script" && request.method == "POST") return control_script(request);
  const std::string sessions = "/sessions/";
  if (path.starts_with(sessions) && request.method == "POST") {
    auto slash = path.find('/', sessions.size());
    if (slash != std::string::npos) {
      std::string action = path.substr(slash + 1);
      std::replace(action.begin(), action.end(), '-', '_');
      return control_action(request, path.substr(sessions.size(), slash - sessions.size()), action);
    }
  }
  return refuse(404,
                "Nothing here. There are GET /simulator/state, GET, POST and DELETE "
                "/simulator/faults, POST /simulator/script and POST "
                "/simulator/sessions/{id or *}/{action}.");
}

Reply Simulator::control_faults(const Request &request) {
  if (request.method == "DELETE") {
    faults_.clear();
  } else if (request.method == "POST") {
    auto body = Json::parse(request.body);
    if (!body || !body->is_object()) return refuse(400, "The body must be a JSON object.");
    auto list = strings_of(body.value()["faults"]);
    if (body->has("fault")) list.push_back(body.value()["fault"].as_string());
    if (list.empty()) return refuse(400, "Say {\"fault\": \"NAME[=VALUE][@WHEN][xCOUNT]\"}.");
    for (const auto &text : list) {
      if (auto parsed = parse_fault(text); !parsed) return refuse(400, parsed.error().message);
    }
    for (const auto &text : list) (void)order_fault(text);
  } else if (request.method != "GET") {
    return refuse(405, "Faults take GET, POST and DELETE.");
  }
  return done(Json::object({{"faults", faults_.state()}}));
}

Reply Simulator::control_script(const Request &request) {
  auto body = Json::parse(request.body);
  if (!body || !body->is_object()) return refuse(400, "The body must be a JSON object.");
  const Json &script = body.value();
  if (script.has("answers")) script_.answers = strings_of(script["answers"]);
  if (script.has("hear")) {
    auto heard = strings_of(script["hear"]);
    script_.heard.assign(heard.begin(), heard.end());
  }
  if (script.has("call_tools")) script_.tool_calls.clear();
  for (const auto &tool : script["call_tools"].items()) {
    const Json &arguments = tool["arguments"];
    script_.tool_calls.push_back({tool["name"].as_string(), arguments.is_object()
                                                                ? arguments.dump()
                                                                : arguments.as_string()});
  }
  return done(Json::object({{"answers", static_cast<int64_t>(script_.answers.size())},
                            {"hear", static_cast<int64_t>(script_.heard.size())},
                            {"call_tools", static_cast<int64_t>(script_.tool_calls.size())}}));
}

Reply Simulator::control_action(const Request &request, const std::string &id,
                                const std::string &action) {
  Json body;
  if (!request.body.empty()) {
    auto parsed = Json::parse(request.body);
    if (!parsed || !parsed->is_object()) return refuse(400, "The body must be a JSON object.");
    body = parsed.value();
  }
  // An event may be given as it is.
  bool bare_event = action == "send_event" && body.has("type");
  auto result = act(id, action, bare_event ? body.dump() : value_of(body));
  if (!result) return refuse(400, result.error().message);
  if (result.value() == 0 && id != "*") return refuse(404, "There is no such session.");
  return done(Json::object({{"sessions", result.value()}}));
}

}  // namespace oairt::sim
