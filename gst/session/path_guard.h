// Watches the path of the current call: what is heard on it, and what happens to the link and the
// address it uses.
// Thread-bound to the event loop; the callback runs there.
// Never decides what is done about it: that is the policy's business.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/event_loop.h"
#include "policy/answer_watch.h"
#include "policy/path_watch.h"
#include "policy/recovery_events.h"
#include "rtc/ice_agent.h"
#include "rtc/network_watcher.h"

namespace oairt {

class PathGuard {
 public:
  using Callback = std::function<void(const recovery::Event &event)>;
  // Sends something on the call in use that the service answers on the path it takes for ours.
  using Ask = std::function<void()>;

  PathGuard(EventLoop &loop, Callback callback, Ask ask);

  // Begins to listen to what the kernel tells of links and addresses. In the loop.
  void start();
  void set_silence(Duration silence) {
    watch_.set_silence(silence);
    answer_watch_.set_silence(silence);
  }
  // The call in use; null: none. The agent is only used until the next watch().
  void watch(IceAgent *agent, TimePoint now);
  // To be called every 20 ms or so while there is a call. `sound`: when its voice came last.
  void tick(TimePoint now, TimePoint sound);
  void path_failed(TimePoint now);
  // The model is speaking, and nothing of it has come since then.
  void no_sound(TimePoint since, TimePoint now);
  // The service is heard, but does not seem to hear us.
  void unheard(TimePoint now);

 private:
  // What shows that the path is back: a STUN answer only shows that the service hears us there.
  enum class Proof { Packet, Link, Sound, Answer };

  TimePoint proof(TimePoint sound, TimePoint now) const;
  AnswerWatch::Counts counts() const;
  void look_for_answers(TimePoint now);
  void declare_unheard(TimePoint since, TimePoint now);
  void ask_if_heard(bool moved, TimePoint now);
  void on_change(const NetworkChange &change);
  void lost(const char *fault, TimePoint since, TimePoint now);
  bool concerns_path(const NetworkChange &change) const;

  EventLoop &loop_;
  const Callback callback_;
  const Ask ask_;
  PathWatch watch_;
  AnswerWatch answer_watch_;
  IceAgent *agent_ = nullptr;
  uint64_t swaps_ = 0;
  Proof proof_ = Proof::Packet;
  bool moved_ = false;  // since it was lost
  TimePoint lost_at_{}, asked_at_{};
  uint64_t answers_ = 0;
  std::unique_ptr<NetworkWatcher> network_;
};

}  // namespace oairt
