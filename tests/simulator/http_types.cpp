#include "http_types.h"

#include <algorithm>

#include <glib.h>

#include "base/ref.h"

namespace oairt::sim {
namespace {

struct KnownError {
  const char *kind;
  int status;
  const char *type, *code, *message;
};
constexpr const char *kInvalid = "invalid_request_error";
constexpr KnownError kErrors[] = {
    {"400", 400, kInvalid, "invalid_value", "Invalid value."},
    {"401", 401, kInvalid, "invalid_api_key",
     "Incorrect API key provided. You can find your API key at "
     "https://platform.openai.com/account/api-keys."},
    {"expired", 401, kInvalid, "token_expired", "The client secret has expired. Create a new one."},
    {"403", 403, kInvalid, "unsupported_country_region_territory",
     "Country, region, or territory not supported"},
    {"404", 404, kInvalid, "", "Invalid URL"},
    {"model", 404, kInvalid, "model_not_found",
     "The model does not exist or you do not have access to it."},
    {"invalid_offer", 400, kInvalid, "invalid_offer",
     "Invalid SDP offer. Please try again with a WHIP-compliant offer."},
    {"429", 429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached."},
    {"quota", 429, "insufficient_quota", "insufficient_quota",
     "You exceeded your current quota, please check your plan and billing details."},
    {"500", 500, "server_error", "server_error", "The server had an error."},
    {"503", 503, "service_unavailable_error", "server_is_overloaded",
     "The server is overloaded. Please try again later."},
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), g_ascii_tolower);
  return text;
}

std::string trimmed(const std::string &text) {
  auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// `name="sdp"` of a header value.
std::string parameter(const std::string &value, const std::string &name) {
  for (std::size_t at = value.find(';'); at != std::string::npos; at = value.find(';', at + 1)) {
    std::string rest = trimmed(value.substr(at + 1));
    if (lower(rest.substr(0, name.size() + 1)) != name + "=") continue;
    rest.erase(0, name.size() + 1);
    if (rest.starts_with('"')) return rest.substr(1, rest.find('"', 1) - 1);
    return trimmed(rest.substr(0, rest.find(';')));
  }
  return "";
}

FormPart parse_part(const std::string &text) {
  FormPart part;
  auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return part;
  part.body = text.substr(end + 4);
  for (std::size_t at = 0; at < end;) {
    auto line_end = std::min(text.find("\r\n", at), end);
    std::string line = text.substr(at, line_end - at);
    at = line_end + 2;
    std::string name = lower(line.substr(0, line.find(':')));
    if (name == "content-disposition") part.name = parameter(line, "name");
    if (name == "content-type") part.content_type = trimmed(line.substr(line.find(':') + 1));
  }
  return part;
}

}  // namespace

std::string Request::content_type() const {
  std::string value = header("content-type");
  return lower(trimmed(value.substr(0, value.find(';'))));
}

std::string Request::key() const {
  std::string value = header("authorization");
  if (lower(value.substr(0, 7)) == "bearer ") return trimmed(value.substr(7));
  return header("api-key");
}

std::optional<std::vector<FormPart>> parse_form(const std::string &content_type,
                                                const std::string &body) {
  std::string boundary = parameter(content_type, "boundary");
  if (boundary.empty()) return std::nullopt;
  std::string line = "--" + boundary;
  std::vector<FormPart> parts;
  auto at = body.find(line);
  while (at != std::string::npos) {
    auto begin = at + line.size();
    if (body.compare(begin, 2, "--") == 0) return parts;
    begin = body.find("\r\n", begin);
    if (begin == std::string::npos) return std::nullopt;
    at = body.find("\r\n" + line, begin);
    if (at == std::string::npos) return std::nullopt;
    parts.push_back(parse_part(body.substr(begin + 2, at - begin - 2)));
    at += 2;
  }
  return std::nullopt;
}

std::optional<Reply> error_reply(const std::string &kind) {
  auto colon = kind.find(':');
  std::string name = kind.substr(0, colon);
  if (name == "empty") {
    Json blank = Json::object({{"message", ""}, {"type", ""}, {"code", ""}, {"param", ""}});
    return Reply::json(400, Json::object({{"error", blank}}));
  }
  if (name == "html" || name == "502") {
    return Reply{502,
                 "text/html",
                 "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1>"
                 "</body></html>\n",
                 {}};
  }
  for (const auto &error : kErrors) {
    if (name != error.kind) continue;
    Reply reply = Reply::error({error.code, error.message, "", error.type, error.status});
    if (name == "429" && colon != std::string::npos) {
      reply.headers.emplace_back("Retry-After", kind.substr(colon + 1));
    }
    return reply;
  }
  return std::nullopt;
}

}  // namespace oairt::sim
