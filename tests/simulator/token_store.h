// The keys that the simulated service knows: project keys and the client secrets it gave out.
// Thread-bound to the simulator's context.
// Never forgets a secret before it has long expired, so that expired and unknown differ.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "chance.h"
#include "protocol/json.h"

namespace oairt::sim {

struct Credential {
  enum class Kind { Missing, Unknown, Project, Ephemeral, Expired };
  Kind kind = Kind::Missing;
  Json session;  // of an ephemeral key: the settings it carries; null: none
  std::string safety_id;
};

class TokenStore {
 public:
  // No project key given: any that begins with "sk-" will do.
  TokenStore(std::vector<std::string> project_keys, uint64_t seed);

  std::string mint(Json session, std::string safety_id, std::chrono::seconds lifetime,
                   TimePoint now);
  Credential look_up(const std::string &key, TimePoint now);
  std::size_t minted() const { return minted_; }

 private:
  struct Secret {
    TimePoint expires;
    Json session;
    std::string safety_id;
  };
  std::vector<std::string> project_keys_;
  std::map<std::string, Secret> secrets_;
  Chance chance_;
  std::size_t minted_ = 0;
};

}  // namespace oairt::sim
