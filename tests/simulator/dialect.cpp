#include "dialect.h"

#include <algorithm>

namespace oairt::sim {
namespace {

bool is_entra_token(const std::string &key) {
  return key.starts_with("eyJ") && std::count(key.begin(), key.end(), '.') == 2;
}

Reply azure_error(int status, const std::string &code, const std::string &message) {
  ApiError error{code, message, ""};
  error.status = status;
  return Reply::error(error);
}

}  // namespace

std::optional<std::string> take_base(const Options &options, std::string &path) {
  std::vector<std::string> bases = {"/openai/v1/realtime"};
  if (!options.azure) bases.emplace_back(options.prefix + "/v1/realtime");
  for (const std::string &base : bases) {
    if (!path.starts_with(base)) continue;
    path.erase(0, base.size());
    return base;
  }
  return std::nullopt;
}

std::optional<Reply> azure_refusal(const Request &request) {
  std::string bearer = request.header("authorization").empty() ? "" : request.key();
  if (!bearer.empty() && !bearer.starts_with("ek_") && !is_entra_token(bearer)) {
    return azure_error(401, "PermissionDenied",
                       "Principal does not have access: keys go into the header api-key.");
  }
  if (!request.header("openai-safety-identifier").empty() && request.path.ends_with("/calls") &&
      bearer.starts_with("ek_")) {
    return azure_error(400, "BadRequest", "The safety identifier belongs to the client secret.");
  }
  if (!request.query.empty() && request.query.find("webrtcfilter") != std::string::npos) {
    return azure_error(400, "BadRequest", "This resource filters no events.");
  }
  if (request.path.ends_with("/calls") && request.content_type() != "multipart/form-data") {
    return azure_error(415, "UnsupportedMediaType", "A call is created with multipart/form-data.");
  }
  return std::nullopt;
}

void make_azure_error(Reply &reply) {
  if (reply.status < 400 || reply.content_type != "application/json") return;
  auto parsed = Json::parse(reply.body);
  if (!parsed || !parsed->is_object()) return;
  Json body = std::move(parsed).value();
  Json &error = body.member("error");
  error.set("inner_error", Json::object({{"code", "ResponsibleAIPolicyViolation"},
                                         {"content_filter_results", Json::object()}}));
  error.set("misalignment", nullptr);
  reply.body = body.dump();
}

}  // namespace oairt::sim
