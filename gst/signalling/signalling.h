// Offer in, answer out; hang-up. One HTTP implementation for the service and servers like it.
// Thread-bound to the event loop; callbacks run there, never inline.
// Never logs an SDP or a credential.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/token.h"
#include "http/http_client.h"

namespace oairt {

struct SignallingOptions {
  std::string base_url;  // https://api.openai.com/v1
  bool azure = false;    // multipart form, as Azure documents
  std::string safety_identifier;
  // The stream of the event channel that nobody opens (?dcid=); nothing: the client opens it.
  std::optional<uint16_t> event_stream;
  Duration timeout = std::chrono::seconds(15);
};

struct Answer {
  std::string sdp;         // as it came, last newline kept
  std::string call_id;     // rtc_…; empty if the server gave no Location
  std::string resource;    // absolute URL of the call, from Location
  std::string etag;        // set if the server offers ICE restart by PATCH (RFC 9725)
  std::string request_id;  // x-request-id, for support
};

class Signalling {
 public:
  using AnswerCallback = std::function<void(Result<Answer>)>;
  virtual ~Signalling() = default;

  // POST /realtime/calls. An ephemeral token sends application/sdp; a project key, or Azure, sends
  // the multipart form with `session_json`. Cancelled without a callback by cancel(), by another
  // offer, or by the end of this object.
  virtual void post_offer(const Token &token, const std::string &sdp,
                          const std::string &session_json, AnswerCallback callback) = 0;
  virtual void cancel() = 0;
  // ICE restart (RFC 9725): PATCH of the call's resource with an application/trickle-ice-sdpfrag.
  // Only where the answer had an ETag. A newer one takes the place of the one under way, which is
  // then never answered; so do cancel() and the end of this object. A failure never ends the call,
  // and the code of its error tells what to do about it:
  //   Busy     the server may do it later (429, 5xx): honour retry_after
  //   Network  no answer, reset, timed out: try again when the network is back
  //   Config   the server does not do it (204, 404, 405, 410, 412 twice, 415, 422, 428, 501; no
  //            ETag): never again on this call
  //   Auth, Quota, Security, Protocol: never again on this call either
  struct Restarted {
    std::string fragment;  // the server's new credentials and candidates
    std::string etag;      // replaces the one of the answer; empty: unchanged
  };
  using RestartCallback = std::function<void(Result<Restarted>)>;
  virtual void restart_ice(const Secret &credential, const Answer &call,
                           const std::string &fragment, Duration timeout,
                           RestartCallback callback) = 0;
  // POST {resource}/hangup; failures are logged, not reported: the call is over in any case.
  virtual void hang_up(const Secret &credential, const Answer &call,
                       std::function<void()> done) = 0;
};

std::unique_ptr<Signalling> make_http_signalling(EventLoop &loop, std::shared_ptr<HttpClient> http,
                                                 SignallingOptions options);

}  // namespace oairt
