// The configuration of one session: the service's defaults, what a client may change, and how the
// whole of it reads on the wire.
// Thread-bound to the session.
// Never applies half of an update: it is taken as a whole or refused as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api_error.h"

namespace oairt::sim {

constexpr const char *kDefaultModel = "gpt-realtime-2.1";

bool is_known_model(const std::string &model);
bool is_reasoning_model(const std::string &model);

class SessionConfig {
 public:
  // The defaults that the service gives to this type ("realtime", "transcription") and model.
  SessionConfig(const std::string &type, const std::string &model);

  // Settings that came with a token or a call. Everything may be set, the model too.
  static Refusal check_initial(const Json &session);
  static SessionConfig from_initial(const Json &session);
  Refusal override_with(const Json &session);  // of the call, over those of its token

  // session.update. `spoke`: the assistant has produced audio already, so the voice is fixed.
  Refusal update(const Json &session, bool spoke);

  // The full object of session.created, session.updated and client_secrets.
  Json full(const std::string &id, int64_t expires_at) const;

  const Json &json() const { return json_; }
  bool is_transcription() const { return json_["type"].as_string() == "transcription"; }
  const Json &turn_detection() const { return json_.at("audio.input.turn_detection"); }
  const Json &transcription() const { return json_.at("audio.input.transcription"); }

 private:
  void merge(const Json &patch);
  Refusal check_fixed(const Json &patch, bool spoke) const;

  Json json_;
};

}  // namespace oairt::sim
