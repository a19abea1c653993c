// One effort to reach the peer: paths that race for it. UDP by the device that routing prefers goes
// first; UDP by the other devices follows, and a second path by the first, because one lost check
// costs libnice half a second; TCP follows where UDP gets no answer. The first that connects wins,
// the others are given up.
// Thread-bound to the event loop.
// Never decides what becomes of a winner; that is the agent's business.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/event_loop.h"
#include "rtc/ice_path.h"

namespace oairt {

class IceRound : public std::enable_shared_from_this<IceRound> {
 public:
  enum class Kind { Udp, UdpElsewhere, Tcp };
  // Returns a path that has gathered and knows the peer's candidates, or null: no address to send
  // from as yet.
  using MakePath = std::function<std::shared_ptr<IcePath>(Kind kind)>;

  IceRound(EventLoop &loop, MakePath make_path);
  ~IceRound();
  IceRound(const IceRound &) = delete;
  IceRound &operator=(const IceRound &) = delete;

  // Starts paths of a kind after each of the delays; once for a kind, further calls do nothing.
  void want(Kind kind, const std::vector<Duration> &delays);
  bool contains(const std::shared_ptr<IcePath> &path) const;
  // The paths by UDP that are under way.
  std::vector<std::shared_ptr<IcePath>> udp_paths() const;
  std::shared_ptr<IcePath> any() const;
  // Takes a path out of the race; false if it was the last and none is to follow.
  bool remove(const std::shared_ptr<IcePath> &path);
  // Ends the race and hands over whoever is still in it.
  std::vector<std::shared_ptr<IcePath>> release();

 private:
  struct Runner {
    Kind kind;
    std::shared_ptr<IcePath> path;
  };
  void start_later(Kind kind, Duration delay);
  void start(Kind kind);

  EventLoop &loop_;
  const MakePath make_path_;
  std::vector<Runner> runners_;
  std::vector<EventLoop::TimerId> timers_;  // starts still to come
  bool wanted_[3] = {false, false, false};
  bool over_ = false;
};

}  // namespace oairt
