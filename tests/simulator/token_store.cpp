#include "token_store.h"

#include <algorithm>

namespace oairt::sim {
namespace {

constexpr std::chrono::hours kRemember{4};

}  // namespace

TokenStore::TokenStore(std::vector<std::string> project_keys, uint64_t seed)
    : project_keys_(std::move(project_keys)), chance_(seed) {}

std::string TokenStore::mint(Json session, std::string safety_id, std::chrono::seconds lifetime,
                             TimePoint now) {
  std::erase_if(secrets_,
                [&](const auto &entry) { return entry.second.expires + kRemember < now; });
  ++minted_;
  std::string value = "ek_" + chance_.hex(32);
  secrets_[value] = {now + lifetime, std::move(session), std::move(safety_id)};
  return value;
}

Credential TokenStore::look_up(const std::string &key, TimePoint now) {
  using Kind = Credential::Kind;
  if (key.empty()) return {};
  if (auto found = secrets_.find(key); found != secrets_.end()) {
    if (found->second.expires <= now) return {Kind::Expired, {}, {}};
    return {Kind::Ephemeral, found->second.session, found->second.safety_id};
  }
  bool known = project_keys_.empty() ? key.starts_with("sk-")
                                     : std::find(project_keys_.begin(), project_keys_.end(), key) !=
                                           project_keys_.end();
  return {known ? Kind::Project : Kind::Unknown, {}, {}};
}

}  // namespace oairt::sim
