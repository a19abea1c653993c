#include "signalling/multipart.h"

#include <glib.h>

namespace oairt {
namespace {

std::string random_boundary() {
  char text[48];
  g_snprintf(text, sizeof(text), "oairt-%08x%08x%08x%08x", g_random_int(), g_random_int(),
             g_random_int(), g_random_int());
  return text;
}

std::string part(const std::string &boundary, const char *name, const char *type,
                 const std::string &content) {
  return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name +
         "\"\r\nContent-Type: " + type + "\r\n\r\n" + content + "\r\n";
}

}  // namespace

MultipartForm build_offer_form(const std::string &sdp, const std::string &session_json) {
  std::string boundary = random_boundary();
  while (sdp.find(boundary) != std::string::npos ||
         session_json.find(boundary) != std::string::npos) {
    boundary = random_boundary();
  }
  MultipartForm form;
  form.content_type = "multipart/form-data; boundary=" + boundary;
  form.body = part(boundary, "sdp", "application/sdp", sdp);
  if (!session_json.empty()) {
    form.body += part(boundary, "session", "application/json", session_json);
  }
  form.body += "--" + boundary + "--\r\n";
  return form;
}

}  // namespace oairt
