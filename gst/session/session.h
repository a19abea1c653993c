// One conversation with the service: owns the event loop, the rooms beneath and the current call.
// Thread-safe: every method here; none waits for the network. Observers are called in the loop.
// Never ends on the thread of its own loop, never blocks a state change.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "policy/quality.h"
#include "rtc/media_port.h"
#include "rtc/peer.h"
#include "session/session_events.h"
#include "session/settings.h"

namespace oairt {

// Of one event on the data channel. Every peer of this service takes so much; larger ones are said
// to have closed the channel.
constexpr std::size_t kMaxEventBytes = 65535;

// A picture for the conversation, and the words that go with it.
struct Image {
  std::string jpeg;
  int width = 0, height = 0;
  std::string text;  // empty: none, and nobody is asked to answer
};

// How long each step of the last connect took, in ms; nothing: not reached.
struct ConnectBreakdown {
  std::optional<double> token_ms, sdp_ms, ice_ms, dtls_ms, sctp_ms, session_ms, total_ms;
  bool negotiated_channel = false;  // the event channel; else it was opened
};

// How often the session was brought back, by what it took.
struct RecoveryCounts {
  uint64_t ride_outs = 0, migrations = 0, ice_restarts = 0, replacements = 0, rollovers = 0;
};

// How the speech that we send is encoded now, and what the policy knows of the network.
struct QualityFigures {
  std::optional<QualityStep> encoding;                  // nothing: nobody encodes here
  std::optional<double> uplink_loss, uplink_jitter_ms;  // nothing: no receiver report came
  double downlink_loss = 0;
  uint64_t steps = 0;
};

struct SessionSnapshot {
  ConnectionState state = ConnectionState::Idle;
  std::string call_id, session_id;
  int64_t expires_at = 0;
  ConnectBreakdown connect;
  PeerStats peer;
  QualityFigures quality;
  UplinkStats uplink;
  DownlinkStats downlink;
  std::optional<double> voice_to_voice_ms;  // user stopped -> first model audio at the src
  uint64_t connects = 0, reconnects = 0;    // calls; and those that took the place of another
  RecoveryCounts recoveries;
  double last_outage_ms = 0;
  int64_t input_tokens = 0, output_tokens = 0, total_tokens = 0;
  uint64_t images_sent = 0, images_skipped = 0;
  std::size_t max_event_bytes = kMaxEventBytes;
  double loop_delay_ms = 0;  // as loop_delay()
  bool asleep = false;       // the call was hung up since nobody spoke; what is sent brings it back
};

class Session {
 public:
  // An element's membership; the number is the element's for as long as it is attached.
  using MemberId = uint64_t;

  // The session of that key, or a new one. Keys: "name:NAME" or "pipeline:ID".
  static std::shared_ptr<Session> acquire(const std::string &key);
  // Waits until every session that ended is gone from memory, at most until the deadline.
  static bool wait_for_ended(TimePoint deadline);
  virtual ~Session() = default;

  // NULL->READY. Merges and checks the settings of all members: an error names what contradicts or
  // is wrong, and the element is not a member. A call of the observer that is under way may still
  // finish after detach() returned.
  virtual Result<MemberId> attach(const std::string &element, const Settings &settings,
                                  std::weak_ptr<SessionObserver> observer) = 0;
  virtual void detach(MemberId member) = 0;  // READY->NULL
  // READY->PAUSED and back: while one member runs, the session wants to be connected. When the last
  // one stops it lingers for `linger-time`, then hangs up.
  virtual void run(MemberId member) = 0;
  virtual void stop(MemberId member) = 0;
  // A property changed after READY: settings of the model reach the service at once
  // (session.update), those of the connection at the next call.
  virtual Status update(MemberId member, const Settings &settings) = 0;

  virtual std::shared_ptr<MediaPort> media() = 0;
  virtual SessionSnapshot snapshot() const = 0;
  // For how long the session's loop has owed an answer, by this and by earlier calls; a session
  // that is well answers within milliseconds.
  virtual Duration loop_delay() const = 0;

  // Client events. Refused with the reason when not connected or not valid; else queued in order.
  virtual Status send_event(const std::string &json) = 0;
  virtual Status send_text(const std::string &text, bool respond) = 0;
  virtual Status create_response() = 0;
  virtual Status
  interrupt() = 0;  // response.cancel, output_audio_buffer.clear, drop what is queued
  virtual Status commit_audio() = 0;
  virtual Status clear_audio() = 0;
  virtual Status submit_tool_output(const std::string &call_id, const std::string &output) = 0;
  // A user's item. Refused while another one is on its way; SnapshotEvent tells what became of it.
  virtual Status send_image(const Image &image) = 0;
  // False: none would be taken now, which counts as skipped.
  virtual bool wants_image() = 0;
  // What was said is another visitor's: the model forgets it, its record is closed, the call and
  // the configuration stay.
  virtual Status split_session() = 0;
  // The same, and nothing of the session is left in its store.
  virtual Status forget_session() = 0;
  // Whether what is said may be stored, where `consent-required`; withdrawing erases.
  virtual void grant_consent() = 0;
  virtual void withdraw_consent() = 0;
  // Kept with the record, and told by RestoredEvent. Nothing: not known here.
  virtual void note_audio(std::optional<bool> mute, std::optional<double> volume) = 0;
  // What the encoder of the input may do; nothing: the input comes encoded. QualityEvent says what
  // it shall do.
  virtual void note_encoder(const std::optional<EncoderLimits> &limits) = 0;
  // Drops the call, or re-arms after a fatal error, and connects anew at once.
  virtual void reconnect() = 0;
  // Asks the server for new ICE credentials and a new path, where it offers that.
  virtual void restart_ice() = 0;
  // The input ended (EOS at the sink): AnswerFinishedEvent follows when the answer was spoken.
  virtual void input_finished() = 0;
  virtual void input_resumed() = 0;
};

}  // namespace oairt
