// The bounded, never-waiting hand-over between the application's streaming threads and the call.
// Thread-safe throughout. Lives as long as the session; calls come and go beneath it.
// Never blocks, never allocates without bound.
//
// Uplink: the sink element pushes Opus packets; they are handed to the current call at once. While
// no call takes them, the last `prebuffer` of them is kept and sent first.
// Downlink: the current call writes decoded speech; the src element reads one frame per tick.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"

namespace oairt {

constexpr int kSampleRate = 48000;
constexpr int kFrameSamples = 960;  // 20 ms
constexpr Duration kFrameDuration = std::chrono::milliseconds(20);

// One Opus packet on its way to the service. `captured` is when its first sample was spoken.
struct UplinkFrame {
  Ref<GstBuffer> packet;
  TimePoint captured;
  Duration duration = kFrameDuration;
  bool withheld = false;  // silence goes in its place
};

// The call's end of the uplink. push() runs on whichever thread uses the port, under its lock: it
// must not block and not call back.
class UplinkTarget {
 public:
  virtual ~UplinkTarget() = default;
  virtual void push(UplinkFrame frame) = 0;
};

// All in packets; `silence` of those `sent` were put there by mute or fill_idle, `repeated` were
// sent to a second call because the first one was lost.
struct UplinkStats {
  uint64_t sent = 0, dropped = 0, silence = 0, repeated = 0;
  Duration prebuffered{0};
};
// All in frames of 20 ms. `frames` were given out as voice, `concealed_frames` of them were made up
// by the decoder; `silent_frames` is silence that was heard in the middle of a burst because
// nothing had arrived; `dropped_frames` were lost to the bound or written by a call that lost its
// voice.
struct DownlinkStats {
  uint64_t frames = 0, silent_frames = 0, concealed_frames = 0, dropped_frames = 0;
  Duration latency{0};  // play-out delay in force
  Duration jitter{0};
};

class MediaPort {
 public:
  MediaPort();
  ~MediaPort();

  // --- uplink, streaming side ---
  void push(UplinkFrame frame);
  void set_mute(bool mute);  // silence is sent in place of every packet
  // What is pushed now sounds like a voice; known where the input is not encoded.
  void note_voice(TimePoint now);
  // --- uplink, session side ---
  // Opens the gate to that call: first what is kept, then what comes. nullptr closes it. What was
  // captured since `again_from`, at most `prebuffer`, is sent once more: the call before took it
  // along.
  void set_target(std::shared_ptr<UplinkTarget> target,
                  std::optional<TimePoint> again_from = std::nullopt);
  void set_prebuffer(Duration length);  // 0: nothing is kept
  // Sends an Opus silence packet if nothing was pushed for `idle`; call it every 20 ms. Keeps the
  // server's voice detection running when the sink is paused, at its end or not there.
  void fill_idle(TimePoint now, Duration idle);
  void clear_uplink();
  // When note_voice() was called last; zero epoch: never.
  TimePoint last_input_voice() const;
  UplinkStats uplink_stats() const;

  // --- downlink, call side ---
  // Only the writer that was taken last may write; a call takes one when its voice is to be heard.
  uint64_t take_writer();
  // Mono S16 at 48 kHz. `concealed`: made up by the decoder for lost packets.
  void write(uint64_t writer, const int16_t *samples, size_t count, TimePoint now, bool concealed);
  // The sender paused: what is written next is the start of a burst. Optional; a pause is also seen
  // in the samples and in the arrivals.
  void end_burst(uint64_t writer);
  // --- downlink, session side ---
  // Fixed play-out delay, or nothing: adaptive between bursts, from the jitter seen.
  void set_latency(std::optional<Duration> latency);
  // Barge-in: drops what is queued and returns how much that was; what would have been next is
  // faded out over some ms of one frame, so that nothing clicks. What still comes before
  // `deaf_until` was on its way and is dropped too, unless listen() is called.
  Duration clear_downlink(TimePoint deaf_until = {});
  void listen();
  // The last frame of what was cut, faded out, is not to be heard either.
  void drop_ramp();
  // When the call in use wrote last what was not made up; zero epoch: never.
  TimePoint last_written() const;
  // Until the last voice that is queued has been played; trailing silence does not count.
  Duration queued() const;
  DownlinkStats downlink_stats() const;
  // --- downlink, streaming side ---
  enum class Frame { Voice, Silence };
  // Fills `samples` (kFrameSamples) for the tick `now`: voice, or silence when there is none.
  Frame read(int16_t *samples, TimePoint now);
  // When the reader last gave out voice; for voice-to-voice figures. Zero epoch: never.
  TimePoint last_voice() const;

 private:
  struct Uplink;
  struct Downlink;
  std::unique_ptr<Uplink> uplink_;
  std::unique_ptr<Downlink> downlink_;
  std::atomic<Duration::rep> input_voice_{0};
};

}  // namespace oairt
