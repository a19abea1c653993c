// Where a credential for a call comes from.
// Thread-bound to the event loop; callbacks run there, never inline.
// Never stores or logs a credential; Secret wipes what it held.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/token.h"
#include "http/http_client.h"

namespace oairt {

class TokenProvider {
 public:
  using Callback = std::function<void(Result<Token>)>;
  virtual ~TokenProvider() = default;
  // At most one at a time. Destroying the provider cancels it without a callback.
  virtual void fetch(Callback callback) = 0;
};

struct MintOptions {
  std::string base_url;  // https://api.openai.com/v1
  Secret api_key;
  bool azure = false;  // api-key header in place of a bearer
  std::string safety_identifier;
  std::string session_json;  // the session object that the minted key is to carry
  int lifetime_s = 600;      // 10..7200
  Duration timeout = std::chrono::seconds(15);
};
// POST {base_url}/client_secrets path of the service with a project key. A server that has no such
// path (404, 405, 501) is called with the key itself.
std::unique_ptr<TokenProvider> make_mint_provider(std::shared_ptr<HttpClient> http,
                                                  MintOptions options);

struct TokenUrlOptions {
  std::string url;
  std::vector<HttpHeader> headers;
  std::string session_json;  // sent as the POST body {"session": …}, so that a server may use it
  Duration timeout = std::chrono::seconds(15);
};
// The site's own token server: answers the service's client_secrets object, {"value": …},
// {"client_secret": {"value": …}}, {"token": …} or the bare key as text/plain.
std::unique_ptr<TokenProvider> make_token_url_provider(std::shared_ptr<HttpClient> http,
                                                       TokenUrlOptions options);

// A key that the application gave; never refreshed.
std::unique_ptr<TokenProvider> make_static_provider(EventLoop &loop, Secret key);

// Asks the application. `ask` runs on a worker thread and may block; an empty answer is an error.
std::unique_ptr<TokenProvider> make_request_provider(EventLoop &loop, std::function<Secret()> ask);

}  // namespace oairt
