// The responses of the call in use: which are being made, which are being played, and how much
// of their speech was heard. Pure: the time is passed in.
// Thread-bound to whoever owns it. Never looks at words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oairt {

struct Response {
  // NotYet: nothing was heard of it. Over: played to its end, or cleared.
  enum class Playback { NotYet, Playing, Over };
  std::string id;
  std::string turn_id;  // the item that was last when it was created: what it answers
  bool generating = false, ended = false;
  Playback playback = Playback::NotYet;
  int64_t started_ms = 0;             // wall clock, while Playing
  int64_t audio_ms = 0;               // length of its speech, by its usage; 0: not known
  std::vector<std::string> item_ids;  // its items, in order
};

class Responses {
 public:
  // By id; without one (a member that is missing) the newest. Null if there is none.
  Response *find(const std::string &id);
  // The same, made if it is missing. `id` is not empty.
  Response &get(const std::string &id);
  Response *of_item(const std::string &item_id);
  void link(const std::string &response_id, const std::string &item_id);

  std::vector<Response> &all() { return responses_; }
  // Audio comes one after the other: when one begins, those before it are over.
  Response *playing();
  bool generating() const;
  bool is_playing() const;
  // The service tells when its audio is played (not all servers do).
  bool playback_known() const { return playback_known_; }
  void set_playback_known() { playback_known_ = true; }
  void clear();

 private:
  std::vector<Response> responses_;
  bool playback_known_ = false;
};

}  // namespace oairt
