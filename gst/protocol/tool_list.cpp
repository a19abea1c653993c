#include "protocol/tool_list.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace oairt {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr const char *kHidden = "***";

bool is_name(const std::string &name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

std::string check_function(const Json &tool) {
  if (!tool["name"].is_string()) return "a function needs a \"name\".";
  if (!is_name(tool["name"].as_string())) {
    return "its \"name\" must be 1 to 64 of the characters a-z, A-Z, 0-9, _ and -.";
  }
  if (!tool["parameters"].is_null() && !tool["parameters"].is_object()) {
    return "its \"parameters\" must be an object, a JSON schema.";
  }
  if (!tool["description"].is_null() && !tool["description"].is_string()) {
    return "its \"description\" must be a string.";
  }
  return "";
}

std::string check_server(const Json &tool) {
  if (!tool["server_label"].is_string()) return "a server (MCP) needs a \"server_label\".";
  const Json &headers = tool["headers"];
  if (!headers.is_null() && !headers.is_object()) return "its \"headers\" must be an object.";
  const Json &authorization = tool["authorization"];
  if (!authorization.is_null() && !authorization.is_string()) {
    return "its \"authorization\" must be a string.";
  }
  return "";
}

std::string check_tool(const Json &tool) {
  if (!tool.is_object()) return "a tool must be an object.";
  const Json &type = tool["type"];
  if (!type.is_string()) return "a tool needs a \"type\": \"function\" or \"mcp\".";
  if (type.as_string() == "function") return check_function(tool);
  return type.as_string() == "mcp" ? check_server(tool) : "";
}

// A name that is none may be anything, a secret in the wrong place too.
std::string place_of(const Json &tool, std::size_t index) {
  std::string place = "tools[" + std::to_string(index) + "]";
  const std::string &name = tool["name"].as_string();
  return is_name(name) ? place + " (" + name + ")" : place;
}

// scheme://user:password@host -> scheme://***@host
std::string without_userinfo(const std::string &url) {
  auto begin = url.find("://");
  if (begin == std::string::npos) return url;
  begin += 3;
  auto at = url.rfind('@', url.find('/', begin));
  if (at == std::string::npos || at < begin) return url;
  return url.substr(0, begin) + kHidden + url.substr(at);
}

bool is_server(const Json &object) {
  return object["type"].as_string() == "mcp" || object.has("server_label") ||
         object.has("server_url") || object.has("connector_id") || object.has("tunnel_id");
}

// `listed`: it stands in a list, where all but functions may be servers.
Json hide(const Json &json, bool listed) {
  if (json.is_array()) {
    Json result = Json::array();
    for (const Json &item : json.items()) result.push_back(hide(item, true));
    return result;
  }
  if (!json.is_object()) return json;
  bool server = is_server(json) || (listed && json["type"].as_string() != "function");
  Json result = Json::object();
  for (const auto &[name, value] : json.members()) {
    bool secret = server && (name == "authorization" || name == "headers") && !value.is_null();
    if (secret) {
      result.set(name, kHidden);
    } else if (server && name == "server_url") {
      result.set(name, value.is_string() ? Json(without_userinfo(value.as_string())) : value);
    } else {
      result.set(name, hide(value, false));
    }
  }
  return result;
}

bool may_have_secrets(const std::string &text) {
  return text.find("authorization") != std::string::npos ||
         text.find("headers") != std::string::npos || text.find("server_url") != std::string::npos;
}

}  // namespace

Status check_tools(const Json &tools) {
  auto refuse = [](std::string message) {
    return Error{ErrorCode::Config, std::move(message), {}, {}, {}};
  };
  if (!tools.is_array()) return refuse("must be a JSON array of tools.");
  std::set<std::string> names;
  for (std::size_t i = 0; i < tools.items().size(); ++i) {
    const Json &tool = tools.items()[i];
    std::string wrong = check_tool(tool);
    bool function = tool["type"].as_string() == "function";
    if (wrong.empty() && function && !names.insert(tool["name"].as_string()).second) {
      wrong = "another function has that name.";
    }
    if (!wrong.empty()) return refuse("has an error in " + place_of(tool, i) + ": " + wrong);
  }
  return Success{};
}

std::string without_tool_secrets(const std::string &text) {
  // An escaped letter must not hide a name from the search.
  if (!may_have_secrets(text) && text.find("\\u") == std::string::npos) return text;
  auto parsed = Json::parse(text);
  if (!parsed) return "(hidden: not valid JSON)";
  Json shown = hide(parsed.value(), false);
  return shown == parsed.value() ? text : shown.dump();
}

bool is_tool_secret(std::string_view parameter) {
  return parameter.find("authorization") != std::string_view::npos ||
         parameter.find("headers") != std::string_view::npos ||
         parameter.find("server_url") != std::string_view::npos;
}

}  // namespace oairt
