#include "signalling/answer.h"

#include <algorithm>
#include <string_view>

#include "base/log.h"
#include "http/redact.h"
#include "http/url.h"

OAIRT_LOG_USE(signalling)

namespace oairt {
namespace {

constexpr const char *kWhat = "The call";

Error protocol_error(const std::string &host, const std::string &reason,
                     const HttpResponse &response) {
  Error error;
  error.code = ErrorCode::Protocol;
  error.message = std::string(kWhat) + " was answered by " + host + " with " + reason +
                  ". Is the URL (base-url) right?";
  error.detail =
      "HTTP " + std::to_string(response.status) + ", " +
      (response.content_type.empty() ? "no content type" : redact(response.content_type, {}, 64)) +
      ", " + std::to_string(response.body.size()) + " bytes";
  std::string id = response.header("x-request-id");
  if (!id.empty()) error.detail += " (request " + redact(id, {}, 64) + ")";
  return error;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// It goes into logs and messages: what no server of good will would choose is not taken.
std::string plain_id(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  bool plain = text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
                 return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>';
               });
  return plain ? std::string(text) : std::string();
}

// hang-up and restart need the absolute URL of the call. A Location at another origin is not used,
// as the credential would follow it there: the call is then addressed beside where it was made.
std::string resource_of(const std::string &url, const std::string &location,
                        const std::string &call_id) {
  std::string resource = resolve_location(url, location);
  if (!resource.empty()) return resource;
  LOG_WARNING("the Location of the call is not of the server that was asked, and is not used");
  return call_id.empty() ? "" : join_url(url, call_id);
}

}  // namespace

std::string call_id_of(const std::string &location) {
  constexpr std::string_view kPrefix = "rtc_";
  std::string_view path = location;
  path = path.substr(0, path.find_first_of("?#"));
  std::size_t scheme = path.find("://");
  if (scheme != std::string_view::npos) {
    std::size_t slash = path.find('/', scheme + 3);
    path = slash == std::string_view::npos ? "" : path.substr(slash);
  }
  std::string_view last;
  while (!path.empty()) {
    std::size_t slash = path.rfind('/');
    std::string_view segment = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (begins_with(segment, kPrefix) && segment.size() > kPrefix.size()) {
      return plain_id(segment);
    }
    if (last.empty()) last = segment;
    path = slash == std::string_view::npos ? "" : path.substr(0, slash);
  }
  return plain_id(last);
}

Result<Answer> read_answer(const std::string &url, HttpResponse response,
                           const Secret &credential) {
  std::string host = shown_host(url);
  if (response.status != 201 && response.status != 200) {
    return error_from_response(kWhat, url, response, credential);
  }
  bool is_sdp = begins_with(response.body, "v=0");
  if (!is_sdp && response.content_type != "application/sdp") {
    return protocol_error(host, "something that is no session description", response);
  }
  if (!is_sdp) return protocol_error(host, "an unreadable session description", response);
  if (response.body.size() > kMaxAnswerSdp) {
    return protocol_error(host, "a session description of more than 64 KiB", response);
  }
  Answer answer;
  std::string location = response.header("Location");
  if (location.empty()) {
    LOG_WARNING("%s gave the call no Location: it cannot be hung up, only left", host.c_str());
  } else {
    answer.call_id = call_id_of(location);
    answer.resource = resource_of(url, location, answer.call_id);
  }
  answer.etag = response.header("ETag");
  answer.request_id = redact(response.header("x-request-id"), credential, 128);
  answer.sdp = std::move(response.body);
  return answer;
}

}  // namespace oairt
