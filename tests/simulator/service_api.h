// The service's HTTP resources: client_secrets, calls, hang-up, the dead beta paths, ICE restart.
// Thread-bound to the simulator's context. Pure but for the calls it asks the desk for.
// Never answers with anything but the service's own JSON (or what a fault ordered).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "faults.h"
#include "http_types.h"
#include "options.h"
#include "session_config.h"
#include "token_store.h"

namespace oairt::sim {

struct NewCall {
  std::string offer;
  std::optional<uint16_t> event_stream;  // ?dcid=
  SessionConfig config;
  std::string key_mark, safety_id;
};
struct CreatedCall {
  std::string id, answer, etag;  // no etag: no ICE restart
};

// Who makes and ends calls.
class CallDesk {
 public:
  virtual ~CallDesk() = default;
  virtual std::variant<CreatedCall, ApiError> create_call(NewCall call) = 0;
  virtual bool hang_up(const std::string &id) = 0;  // false: no such call
  // "": no such call
  virtual std::string etag_of(const std::string &id) = 0;
  struct Restarted {
    bool new_credentials = false;  // else the fragment only repeated the ones in use
    std::string etag, fragment;
  };
  virtual Restarted restart_ice(const std::string &id, const std::string &ufrag,
                                const std::string &pwd) = 0;
};

class ServiceApi {
 public:
  ServiceApi(const Options &options, TokenStore &tokens, Faults &faults, CallDesk &desk,
             uint64_t seed);
  // `now` is the time line of tokens and faults, `unix_now_s` what expires_at is told in.
  Reply handle(const Request &request, TimePoint now, int64_t unix_now_s);

 private:
  Reply route(const Request &request, TimePoint now, int64_t unix_now_s);
  // The ordered fault of this resource ("mint", "calls", …), else what `answer` says.
  template <typename Answer>
  Reply with_faults(const std::string &resource, TimePoint now, Answer answer);
  std::variant<Credential, Reply> authorize(const Request &request, TimePoint now);
  Reply mint(const Request &request, bool azure, TimePoint now, int64_t unix_now_s);
  Reply calls(const Request &request, bool azure, const std::string &base, TimePoint now);
  Reply hang_up(const Request &request, const std::string &id, TimePoint now);
  Reply patch(const Request &request, const std::string &id, TimePoint now);
  Refusal check_model(const SessionConfig &config, bool azure) const;
  std::variant<NewCall, Reply> read_call(const Request &request, const Credential &credential);

  const Options &options_;
  TokenStore &tokens_;
  Faults &faults_;
  CallDesk &desk_;
  Chance chance_;
};

// ufrag and pwd of an application/trickle-ice-sdpfrag body; empty where there is none.
struct IceFragment {
  std::string ufrag, pwd;
};
IceFragment parse_ice_fragment(const std::string &text);

}  // namespace oairt::sim
