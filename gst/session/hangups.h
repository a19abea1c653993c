// Hang-up requests of calls that are over, until they are answered or given up.
// Thread-bound to the event loop.
// Never keeps anybody waiting longer than its patience.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/event_loop.h"
#include "session/call.h"

namespace oairt {

class Hangups {
 public:
  explicit Hangups(EventLoop &loop) : loop_(loop) {}
  ~Hangups();

  void send(Hangup hangup);
  // Called once, when none is left; at once if that is so now.
  void when_done(std::function<void()> done);

 private:
  struct Pending {
    uint64_t id;
    Hangup hangup;
    EventLoop::TimerId timer;
    Pending(uint64_t id_in, Hangup hangup_in, EventLoop::TimerId timer_in)
        : id(id_in), hangup(std::move(hangup_in)), timer(timer_in) {}
  };

  std::vector<Pending>::iterator find(uint64_t id);
  void request(uint64_t id);
  void finished(uint64_t id);

  EventLoop &loop_;
  std::vector<Pending> pending_;
  uint64_t next_ = 1;
  std::function<void()> when_done_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace oairt
