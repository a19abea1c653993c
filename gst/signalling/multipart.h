// The form that carries an offer and a session: multipart/form-data as the service documents it.
// Thread-safe: pure functions. Never writes a file name, and never a boundary that a part holds.
#pragma once

#include <string>

namespace oairt {

struct MultipartForm {
  std::string content_type;  // with the boundary
  std::string body;
};

// `session_json` may be empty: then the form has one part.
MultipartForm build_offer_form(const std::string &sdp, const std::string &session_json);

}  // namespace oairt
