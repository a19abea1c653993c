// One call: a peer on the wire, the session behind it, the sound between the two, and the faults
// that are done to it.
// Thread-bound to the simulator's context.
// Never ends inside a callback of its own: it says so to its owner and is gone a moment later.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "alarm.h"
#include "audio_in.h"
#include "audio_meter.h"
#include "audio_out.h"
#include "base/result.h"
#include "faults.h"
#include "log.h"
#include "options.h"
#include "pacer.h"
#include "session.h"
#include "speaker.h"
#include "transport/transport.h"

namespace oairt::sim {

// What all calls of a simulator share.
struct CallWorld {
  GMainContext *context;
  const Options &options;
  Script &script;
  Faults &faults;
  Log &log;
  Pacer &pacer;
  Transport &transport;
  std::shared_ptr<Speaker> speaker;
  std::function<void(const std::string &call_id, const std::string &reason)> on_ended;
};

class Call : private PeerListener, private SessionHost {
 public:
  Call(CallWorld &world, std::string id, const Offer &offer, SessionConfig config,
       const PeerFaults &faults, std::string safety_id, uint64_t seed);
  ~Call() override;

  const std::string &id() const { return id_; }
  const std::string &session_id() const { return session_->id(); }
  std::string answer();
  void hang_up();
  // Does something to the call now; the names are those of the action faults.
  Status act(const std::string &action, const std::string &value);
  Json state() const;

  const std::string &etag() const { return etag_; }
  // False: these are the client's credentials already.
  bool restart_ice(const std::string &ufrag, const std::string &pwd);
  std::string ice_fragment() { return peer_->ice_fragment(); }

 private:
  void on_ice_connected() override;
  void on_dtls_connected() override;
  void on_channel_open(const std::string &label) override;
  void on_message(const std::string &label, const std::string &text) override;
  void on_channel_closed(const std::string &label) override;
  void on_rtp(uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
              const std::vector<uint8_t> &payload) override;
  void on_path_changed(const std::string &from, const std::string &to) override;
  void on_disconnected() override;
  void on_reconnected() override;
  void on_closed(const std::string &reason) override;

  void send(const Json &event) override;
  void prepare(Speech speech) override;
  void play(uint64_t speech) override { audio_out_->play(speech); }
  void cut(uint64_t speech, int64_t keep_ms) override { audio_out_->cut(speech, keep_ms); }
  int64_t stop(uint64_t speech) override;
  void session_expired() override;
  std::optional<std::string> take_fault(const std::string &name) override;
  void reached(const std::string &point) override;

  void hear(const int16_t *pcm, std::size_t samples);
  void tick();
  void log_rtp();
  void spoken(uint64_t speech, const std::string &text, Speaker::Spoken spoken);
  void log_play(uint64_t speech, const char *what, int64_t heard_ms);
  void send_text(const std::string &text);
  void later(Duration delay, std::function<void()> task);
  void wake();       // by the alarm: runs what is due
  void set_alarm();  // after anything that may have changed what is due
  void end(CloseMode mode, const std::string &reason);
  void finished(const std::string &reason);

  Status do_blackhole(const std::string &value);
  Status do_line(const std::string &value);
  Status do_send(const std::string &value);
  Status do_huge(const std::string &value);
  Status do_say(const std::string &value);
  std::map<std::string, std::function<Status(const std::string &)>> make_actions();

  CallWorld &world_;
  const std::string id_, safety_id_;
  std::string etag_, remote_ufrag_;
  Chance chance_;
  std::unique_ptr<Peer> peer_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<AudioIn> audio_in_;
  std::unique_ptr<AudioOut> audio_out_;
  AudioMeter meter_;
  Timers timers_;
  Alarm alarm_;
  std::map<std::string, std::function<Status(const std::string &)>> actions_;
  Pacer::Id pacer_id_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TimePoint created_;
  std::map<std::string, int> points_;    // how often each was reached
  std::map<std::string, int64_t> sent_;  // events by type
  int64_t dropped_events_ = 0, path_changes_ = 0;
  uint64_t rtp_logged_ = 0;
  int ticks_ = 0;
  bool ended_ = false, deaf_ = false, frozen_ = false, channel_open_ = false;
};

}  // namespace oairt::sim
