// What the two halves of openairealtimebin know of each other: the source says what is heard in
// the room, the sink asks what of its input is the user's.
// Thread-safe: options from any thread, played() on the source's streaming thread, process() on
// the sink's.
// Never lets one streaming thread wait for the other's work.
#pragma once

#include <atomic>
#include <memory>

#include "base/lock.h"
#include "echo_aligner.h"
#include "far_end.h"
#include "voice_dsp.h"

namespace oairt {

class EchoControl {
 public:
  struct Options {
    VoiceDspOptions dsp;
    bool half_duplex = false;
    bool operator==(const Options &) const = default;
  };
  // An open microphone hears the model that much longer.
  static constexpr Duration kRoomTail = milliseconds(300);
  // A longer silence is no pause within an answer, whatever the service says.
  static constexpr Duration kLongestPause = milliseconds(2000);

  // Between start() and stop() what the options ask for is there; fails when the dsp is not
  // installed, and goes on without.
  Status set_options(const Options &options) OAIRT_EXCLUDES(lock_);
  Status start() OAIRT_EXCLUDES(lock_);
  void stop() OAIRT_EXCLUDES(lock_);

  // --- the source ---
  FarEnd &far_end() { return far_end_; }
  // Whether anybody wants to know what is heard.
  bool follows_voice() const { return follows_voice_; }
  // From the first to the last sound of an answer, with its pauses.
  void set_answering(bool answering) { answering_ = answering; }
  // --- the sink ---
  bool is_needed(bool live) const OAIRT_EXCLUDES(lock_);
  // Half duplex: silence is to go out for what was captured in that time.
  bool withheld(Duration from, Duration length) const OAIRT_EXCLUDES(lock_);
  // One block of VoiceDsp::kBlock samples, captured at that running time. `live`: from a
  // microphone; what comes from a file has no echo in it.
  void process(int16_t *block, Duration at, bool live) OAIRT_EXCLUDES(lock_);

 private:
  struct Chain;

  Status rebuild() OAIRT_EXCLUDES(lock_);

  FarEnd far_end_;
  std::atomic<bool> answering_{false}, follows_voice_{false};
  Mutex building_;  // one rebuild at a time
  mutable Mutex lock_;
  Options options_ OAIRT_GUARDED_BY(lock_);
  bool started_ OAIRT_GUARDED_BY(lock_) = false;
  std::shared_ptr<Chain> chain_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt
