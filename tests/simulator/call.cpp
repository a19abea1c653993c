#include "call.h"

#include <algorithm>
#include <ctime>

namespace oairt::sim {
namespace {

constexpr milliseconds kLastWords{60};  // from the last event to the end of the transport

}  // namespace

Call::Call(CallWorld &world, std::string id, const Offer &offer, SessionConfig config,
           const PeerFaults &faults, std::string safety_id, uint64_t seed)
    : world_(world),
      id_(std::move(id)),
      safety_id_(std::move(safety_id)),
      remote_ufrag_(offer.ufrag),
      chance_(seed),
      alarm_(world.context, G_PRIORITY_DEFAULT, [this] { wake(); }),
      created_(Clock::now()) {
  if (world.options.ice_restart) etag_ = "\"" + chance_.hex(16) + "\"";
  SessionHost &host = *this;
  session_ = std::make_unique<Session>(host, world.options.session, world.script, std::move(config),
                                       chance_.seed());
  audio_in_ =
      std::make_unique<AudioIn>([this](const int16_t *pcm, std::size_t n) { hear(pcm, n); });
  audio_out_ = std::make_unique<AudioOut>(
      world.options.silence, static_cast<uint32_t>(chance_.seed()),
      [this](uint32_t timestamp, bool marker, const std::vector<uint8_t> &payload) {
        peer_->send_rtp(timestamp, marker, payload);
      },
      [this](uint64_t speech) {
        log_play(speech, "started", 0);
        session_->play_started(speech, Clock::now());
      },
      [this](uint64_t speech) {
        log_play(speech, "finished", -1);
        session_->play_finished(speech, Clock::now());
      });
  actions_ = make_actions();
  peer_ = world.transport.create_peer(offer, *this, faults);
}

Call::~Call() {
  *alive_ = false;
  if (pacer_id_ != 0) world_.pacer.remove(pacer_id_);
}

std::string Call::answer() {
  reached("answer");
  return peer_->answer();
}

void Call::later(Duration delay, std::function<void()> task) {
  timers_.at(Clock::now() + delay, std::move(task));
  set_alarm();
}

void Call::wake() {
  TimePoint now = Clock::now();
  timers_.run(now);
  if (!ended_) session_->advance(now);
  set_alarm();
}

void Call::set_alarm() {
  TimePoint next = timers_.next().value_or(TimePoint::max());
  if (!ended_) next = std::min(next, session_->deadline().value_or(TimePoint::max()));
  alarm_.set(next == TimePoint::max() ? std::nullopt : std::optional(next));
}

void Call::on_ice_connected() {
  world_.log.write("ice",
                   {{"call", id_}, {"state", "connected"}, {"remote", peer_->stats().remote}});
  reached("ice");
}

void Call::on_dtls_connected() {
  world_.log.write("dtls", {{"call", id_}, {"state", "connected"}});
  pacer_id_ = world_.pacer.add([this] { tick(); });
  reached("dtls");
}

void Call::on_channel_open(const std::string &label) {
  world_.log.write("channel", {{"call", id_}, {"label", label}, {"state", "open"}});
  if (label != kEventChannel) return;
  channel_open_ = true;
  session_->open(Clock::now(), static_cast<int64_t>(std::time(nullptr)));
  set_alarm();
}

void Call::on_message(const std::string &label, const std::string &text) {
  auto json = Json::parse(text);
  world_.log.write("event-in", {{"call", id_},
                                {"label", label},
                                {"bytes", text.size()},
                                {"event", json ? without_pictures(json.value()) : Json()}});
  if (label != kEventChannel || frozen_ || ended_) return;
  if (auto most = world_.options.max_message_bytes; most > 0 && text.size() > most) {
    later(Duration::zero(), [this] { peer_->close_channel(); });
    return;
  }
  session_->handle(text, Clock::now());
  set_alarm();
}

void Call::on_channel_closed(const std::string &label) {
  world_.log.write("channel", {{"call", id_}, {"label", label}, {"state", "closed"}});
  if (label == kEventChannel) channel_open_ = false;
}

void Call::on_rtp(uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
                  const std::vector<uint8_t> &payload) {
  if (audio_in_->packets() == 0) {
    world_.log.write("rtp-first", {{"call", id_},
                                   {"sequence", sequence},
                                   {"bytes", payload.size()},
                                   {"since_created_ms", to_ms(Clock::now() - created_)}});
  }
  audio_in_->push(sequence, timestamp, ssrc, payload, Clock::now());
  set_alarm();
}

void Call::hear(const int16_t *pcm, std::size_t samples) {
  meter_.hear(pcm, samples);
  if (!deaf_ && !ended_) session_->hear(pcm, samples, Clock::now());
}

void Call::on_path_changed(const std::string &from, const std::string &to) {
  ++path_changes_;
  world_.log.write("path", {{"call", id_}, {"from", from}, {"to", to}});
}

void Call::on_disconnected() {
  world_.log.write("ice", {{"call", id_}, {"state", "disconnected"}});
}

void Call::on_reconnected() { world_.log.write("ice", {{"call", id_}, {"state", "reconnected"}}); }

void Call::on_closed(const std::string &reason) { finished(reason); }

void Call::tick() {
  if (ended_) return;
  audio_in_->tick(Clock::now());
  if (!ended_) audio_out_->tick();
  if (++ticks_ % 50 == 0) log_rtp();
  set_alarm();
}

void Call::log_rtp() {
  if (!world_.log.enabled()) return;
  uint64_t packets = audio_in_->packets();
  world_.log.write("rtp", {{"call", id_},
                           {"packets_in", packets - std::exchange(rtp_logged_, packets)},
                           {"level_db", meter_.last_level_db()},
                           {"in", audio_in_->state()},
                           {"out", audio_out_->state()}});
}

void Call::send(const Json &event) {
  const std::string &type = event["type"].as_string();
  ++sent_[type];
  if (type.starts_with("input_audio_buffer.speech_") || type.starts_with("output_audio_buffer.")) {
    world_.log.write("speech", {{"call", id_}, {"what", type}});
  }
  send_text(event.dump());
}

void Call::send_text(const std::string &text) {
  bool sent = !ended_ && channel_open_ && peer_->send_message(text);
  if (!sent) ++dropped_events_;
  if (!world_.log.enabled()) return;
  auto json = Json::parse(text);
  world_.log.write("event-out", {{"call", id_},
                                 {"sent", sent},
                                 {"bytes", text.size()},
                                 {"event", json ? without_pictures(json.value()) : Json()}});
}

void Call::prepare(Speech speech) {
  auto deliver = [this, alive = alive_, id = speech.id, text = speech.text](Speaker::Spoken said) {
    if (*alive && !ended_) spoken(id, text, std::move(said));
  };
  if (world_.options.voice == Voice::Speech) {
    world_.speaker->synthesize(speech.text, speech.voice, world_.options.language, speech.speed,
                               world_.context, deliver);
    return;
  }
  auto pcm = std::make_shared<std::vector<int16_t>>(std::move(speech.user_pcm));
  if (world_.options.voice == Voice::Tone || pcm->empty()) {
    *pcm = make_tone(world_.options.tone_hz, world_.options.tone_s);
  }
  later(Duration::zero(), [deliver, pcm] { deliver({pcm, {}}); });
}

void Call::spoken(uint64_t speech, const std::string &text, Speaker::Spoken spoken) {
  auto duration_ms = static_cast<int64_t>(spoken.pcm->size()) * 1000 / kSampleRate;
  auto words = place_words(text, spoken.marks);
  if (!spoken.marks.empty()) {
    Json list = Json::array();
    for (const auto &word : words) {
      list.push_back(Json::object({{"text", word.text}, {"ms", word.ms}, {"own", word.own}}));
    }
    world_.log.write(
        "words",
        {{"call", id_}, {"speech", speech}, {"duration_ms", duration_ms}, {"words", list}});
  }
  audio_out_->prepared(speech, std::move(spoken.pcm));
  session_->voice_ready(speech, {duration_ms, std::move(words)}, Clock::now());
  set_alarm();
}

void Call::log_play(uint64_t speech, const char *what, int64_t heard_ms) {
  Json heard = heard_ms >= 0 ? Json(heard_ms) : Json();
  world_.log.write("play",
                   {{"call", id_}, {"speech", speech}, {"what", what}, {"heard_ms", heard}});
}

int64_t Call::stop(uint64_t speech) {
  int64_t heard_ms = audio_out_->stop(speech);
  log_play(speech, "stopped", heard_ms);
  return heard_ms;
}

void Call::session_expired() {
  later(kLastWords, [this] {
    switch (world_.options.expiry_close) {
      case ExpiryClose::Notify:
        return end(CloseMode::CloseNotify, "session expired");
      case ExpiryClose::Silent:
        return end(CloseMode::Silent, "session expired");
      case ExpiryClose::Channel:
        return peer_->close_channel();
    }
  });
}

std::optional<std::string> Call::take_fault(const std::string &name) {
  auto value = world_.faults.take(name, Clock::now());
  if (value) world_.log.write("fault", {{"call", id_}, {"name", name}, {"value", *value}});
  return value;
}

void Call::reached(const std::string &point) {
  for (const auto &fault : world_.faults.take_actions(point, ++points_[point])) {
    // What only sets a switch is in force at that point; what may end the call comes after it.
    bool only_a_switch = fault.name == "freeze" || fault.name == "deaf" || fault.name == "mute";
    if (only_a_switch && fault.delay <= Duration::zero()) {
      (void)act(fault.name, fault.value);
      continue;
    }
    later(fault.delay, [this, fault] {
      if (!ended_) (void)act(fault.name, fault.value);
    });
  }
}

void Call::hang_up() {
  later(Duration::zero(), [this] { end(CloseMode::CloseNotify, "hung up"); });
}

void Call::end(CloseMode mode, const std::string &reason) {
  if (ended_) return;
  peer_->close(mode);
  finished(reason);
}

void Call::finished(const std::string &reason) {
  if (std::exchange(ended_, true)) return;
  if (pacer_id_ != 0) world_.pacer.remove(std::exchange(pacer_id_, 0));
  log_rtp();
  world_.log.write("call-ended", {{"call", id_}, {"reason", reason}});
  world_.on_ended(id_, reason);
}

bool Call::restart_ice(const std::string &ufrag, const std::string &pwd) {
  if (ufrag == remote_ufrag_) return false;
  remote_ufrag_ = ufrag;
  peer_->restart_ice(ufrag, pwd);
  etag_ = "\"" + chance_.hex(16) + "\"";
  world_.log.write("ice", {{"call", id_}, {"state", "restarted"}});
  return true;
}

Json Call::state() const {
  Json sent = Json::object();
  for (const auto &[type, count] : sent_) sent.set(type, count);
  Peer::Stats stats = peer_->stats();
  return Json::object({{"id", id_},
                       {"age_ms", to_ms(Clock::now() - created_)},
                       {"ended", ended_},
                       {"channel_open", channel_open_},
                       {"safety_identifier", safety_id_},
                       {"path", stats.remote},
                       {"path_changes", path_changes_},
                       {"etag", etag_},
                       {"wire", Json::object({{"rtp_received", stats.rtp_received},
                                              {"rtp_lost", stats.rtp_lost},
                                              {"rtp_sent", stats.rtp_sent},
                                              {"rtp_unhandled", stats.rtp_unhandled},
                                              {"rtcp_received", stats.rtcp_received},
                                              {"line_lost", stats.line_lost},
                                              {"line_reordered", stats.line_reordered},
                                              {"stun_requests", stats.stun_requests}})},
                       {"audio_in", audio_in_->state()},
                       {"heard", meter_.state()},
                       {"audio_out", audio_out_->state()},
                       {"events_sent", sent},
                       {"events_dropped", dropped_events_},
                       {"session", session_->state()}});
}

}  // namespace oairt::sim
