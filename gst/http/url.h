// What a URL of ours may look like, and how it is shown.
// Thread-safe: pure functions.
// Never shows a user name, a password, or a query.
#pragma once

#include <string>

#include "base/result.h"

namespace oairt {

struct Url {
  std::string host;   // as in "api.openai.com"
  std::string shown;  // host, with the port if it is not the usual one: for messages and logs
  bool secure = false;
  bool loopback = false;  // 127.0.0.0/8, ::1, localhost
};

// Config error if it is no http(s) URL, holds a password, or would send a credential in the clear.
Result<Url> parse_url(const std::string &url, bool allow_insecure_http);

// host[:port] of a URL, for messages; "the server" if it cannot be read.
std::string shown_host(const std::string &url);

// base/path whether or not base ends in "/"; a query of base stays last.
std::string join_url(const std::string &base, const std::string &path);

// The absolute URL of a Location; empty if it leaves the origin (scheme, host, port) of `base`, so
// that no credential follows it there.
std::string resolve_location(const std::string &base, const std::string &location);

}  // namespace oairt
