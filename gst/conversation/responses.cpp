#include "conversation/responses.h"

#include <algorithm>

namespace oairt {
namespace {

// More than a service makes at a time; the oldest are forgotten.
constexpr std::size_t kMaxResponses = 64;
constexpr std::size_t kMaxItems = 64;

}  // namespace

Response *Responses::find(const std::string &id) {
  if (id.empty()) return responses_.empty() ? nullptr : &responses_.back();
  auto found = std::find_if(responses_.rbegin(), responses_.rend(),
                            [&](const Response &response) { return response.id == id; });
  return found == responses_.rend() ? nullptr : &*found;
}

Response &Responses::get(const std::string &id) {
  if (Response *known = find(id)) return *known;
  if (responses_.size() >= kMaxResponses) responses_.erase(responses_.begin());
  Response &response = responses_.emplace_back();
  response.id = id;
  return response;
}

Response *Responses::of_item(const std::string &item_id) {
  auto found = std::find_if(responses_.rbegin(), responses_.rend(), [&](const Response &response) {
    return std::find(response.item_ids.begin(), response.item_ids.end(), item_id) !=
           response.item_ids.end();
  });
  return found == responses_.rend() ? nullptr : &*found;
}

void Responses::link(const std::string &response_id, const std::string &item_id) {
  if (response_id.empty() || item_id.empty()) return;
  Response &response = get(response_id);
  auto &ids = response.item_ids;
  if (ids.size() < kMaxItems && std::find(ids.begin(), ids.end(), item_id) == ids.end()) {
    ids.push_back(item_id);
  }
}

Response *Responses::playing() {
  auto found = std::find_if(responses_.begin(), responses_.end(), [](const Response &response) {
    return response.playback == Response::Playback::Playing;
  });
  return found == responses_.end() ? nullptr : &*found;
}

bool Responses::is_playing() const { return const_cast<Responses *>(this)->playing() != nullptr; }

bool Responses::generating() const {
  return std::any_of(responses_.begin(), responses_.end(),
                     [](const Response &response) { return response.generating; });
}

void Responses::clear() {
  responses_.clear();
  playback_known_ = false;
}

}  // namespace oairt
