#include <algorithm>
#include <utility>

#include "base/log.h"
#include "rtc/dtls_records.h"
#include "rtc/ice_core.h"

OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

GstWebRTCICEConnectionState to_webrtc(IceState state) {
  switch (state) {
    case IceState::Checking:
      return GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING;
    case IceState::Connected:
      return GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED;
    case IceState::Failed:
      return GST_WEBRTC_ICE_CONNECTION_STATE_FAILED;
    case IceState::New:
      break;
  }
  return GST_WEBRTC_ICE_CONNECTION_STATE_NEW;
}

// libnice tells the pair and the state of a new path one by one.
constexpr Duration kNominationSpacing = milliseconds(20);

const char *name(IceState state) {
  switch (state) {
    case IceState::New:
      return "new";
    case IceState::Checking:
      return "checking";
    case IceState::Connected:
      return "connected";
    case IceState::Failed:
      return "failed";
  }
  return "?";
}

}  // namespace

void IceCore::cancel(EventLoop::TimerId &timer) {
  if (timer != 0) loop_.cancel(std::exchange(timer, 0));
}

void IceCore::on_path_state(const std::shared_ptr<IcePath> &path, IceState state) {
  if (ended_) return;
  LOG_DEBUG("path %p is %s", static_cast<void *>(path.get()), name(state));
  if (Effort *effort = effort_of(path)) {
    if (state == IceState::Connected) {
      effort->round->remove(path);
      swap_in(path);
    } else if (state == IceState::Failed) {
      on_pending_failed(*effort, path);
    }
  } else if (path == active_ && (state == IceState::Connected || state == IceState::Failed)) {
    set_state(state);
    publish_snapshot();
  }
}

void IceCore::swap_in(const std::shared_ptr<IcePath> &path) {
  std::shared_ptr<IcePath> old = std::exchange(active_, path);
  end_rounds_gently();
  before_restart_.reset();
  channel_->set_wire(active_->wire());
  schedule_nominations();
  if (old) {
    channel_->replay();
    ++swaps_;
    retire(std::move(old), options_.retire);
  }
  next_consent_check_ = Clock::now() + options_.consent_interval;
  watch_consent();
  publish_snapshot();
  LOG_INFO("path %p is in use", static_cast<void *>(active_.get()));
  set_state(IceState::Connected);
}

// The peer may have heard a loser of the race last, and on a slow network its check arrives long
// after it was given up; the peer must come back at once.
void IceCore::schedule_nominations() {
  TimePoint now = Clock::now();
  bool again = now - std::exchange(nominated_at_, now) < kNominationSpacing;
  if (std::exchange(nominated_, active_.get()) == active_.get() && again) return;
  probe();
  for (int delay_ms : {20, 60, 120, 300, 800, 1600}) {
    loop_.call_after(milliseconds(delay_ms),
                     [weak = weak_from_this(), path = std::weak_ptr<IcePath>(active_)] {
                       auto self = weak.lock();
                       auto winner = path.lock();
                       if (self && winner && !self->ended_ && winner == self->active_) {
                         self->probe();
                       }
                     });
  }
}

// A replaced path, and one that lost the race, still hears what is on its way to it, but not for
// long: its next check would nominate it again at the peer.
void IceCore::retire(std::shared_ptr<IcePath> path, Duration time) {
  retired_.push_back(path);
  loop_.call_after(time, [weak = weak_from_this(), old = std::weak_ptr<IcePath>(path)] {
    auto self = weak.lock();
    auto path = old.lock();
    if (!self || self->ended_ || !path) return;
    std::erase(self->retired_, path);
    self->bury(std::move(path));
  });
}

void IceCore::bury(std::shared_ptr<IcePath> path) {
  if (!loop_.in_loop()) {  // the loop has ended, and nothing is under way any more
    path->close([] {});
    return;
  }
  IcePath &dead = *path;
  dying_.push_back(std::move(path));
  dead.close([self = shared_from_this()] {
    // Its last owner lets go in the loop, once no sending thread uses it.
    self->loop_.post([self] { self->reap(); });
  });
}

void IceCore::reap() {
  bool busy = false;
  std::erase_if(dying_, [&busy](const std::shared_ptr<IcePath> &path) {
    bool used = path.use_count() > 1 || (path->wire() && path->wire().use_count() > 1);
    busy |= used && path->released();
    if (!used) LOG_DEBUG("path %p is gone", static_cast<void *>(path.get()));
    return !used;
  });
  if (busy) loop_.post([self = shared_from_this()] { self->reap(); });
  if (ended_ && dying_.empty()) drained_ = true;
}

void IceCore::on_path_pair(const std::shared_ptr<IcePath> &path) {
  if (ended_ || path != active_) return;
  publish_snapshot();
  schedule_nominations();
  auto transport = Ref<GstWebRTCICETransport>::adopt(
      static_cast<GstWebRTCICETransport *>(g_weak_ref_get(&transport_)));
  if (transport) gst_webrtc_ice_transport_selected_pair_change(transport.get());
}

void IceCore::on_path_packet(const IcePath &path, const uint8_t *data, std::size_t size) {
  if (is_stunted_dtls(data, size)) {
    LOG_DEBUG("dropped a DTLS record that is too short to be one");
    return;
  }
  bool on_active = &path == active_.get();
  if (channel_->received(data, size, on_active)) schedule_nominations();
  on_sign_of_life(on_active);
  schedule_repeat();
}

void IceCore::on_path_answer(const std::shared_ptr<IcePath> &path, Duration round_trip) {
  if (ended_) return;
  ++answers_;
  round_trip_ = round_trip_ ? (*round_trip_ * 3 + round_trip) / 4 : round_trip;
  channel_->set_round_trip(*round_trip_);
  channel_->heard(Clock::now(), path == active_);
  on_sign_of_life(path == active_);
}

void IceCore::on_sign_of_life(bool on_active) {
  if (ended_ || !on_active || state_ != IceState::Failed) return;
  LOG_INFO("the peer is heard again on the path in use");
  set_state(IceState::Connected);
  watch_consent();
}

void IceCore::probe() {
  loop_.assert_in_loop();
  if (!ended_ && active_ && active_->probe()) ++probes_;
}

// Asks from time to time, and notes when the peer was not heard for too long.
void IceCore::watch_consent() {
  cancel(consent_timer_);
  if (ended_ || !active_) return;
  TimePoint now = Clock::now(), expiry = channel_->last_heard_on_wire() + options_.consent_timeout;
  if (now >= next_consent_check_) {
    probe();
    next_consent_check_ = now + std::chrono::duration_cast<Duration>(
                                    options_.consent_interval * g_random_double_range(0.8, 1.2));
  }
  if (now >= expiry && channel_->consent()) {
    LOG_WARNING("nothing was heard from the peer for %.0f s; only the question is sent",
                to_ms(options_.consent_timeout) / 1000);
    channel_->lose_consent();
    set_state(IceState::Failed);
    if (ended_) return;
  }
  TimePoint next =
      channel_->consent() ? std::min(next_consent_check_, expiry) : next_consent_check_;
  consent_timer_ = loop_.call_at(next, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self || self->ended_) return;
    self->consent_timer_ = 0;
    self->watch_consent();
  });
}

void IceCore::schedule_repeat() {
  auto deadline = channel_->repeat_deadline();
  if (deadline == repeat_at_) return;
  cancel(repeat_timer_);
  repeat_at_ = deadline;
  if (!deadline) return;
  repeat_timer_ = loop_.call_at(*deadline, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self || self->ended_) return;
    self->repeat_timer_ = 0;
    self->repeat_at_.reset();
    self->channel_->repeat();
    self->schedule_repeat();
  });
}

void IceCore::publish_snapshot() {
  const auto path = active_ ? active_ : efforts_.empty() ? nullptr : efforts_.back().round->any();
  if (!path) return;
  IceSnapshot fresh = path->snapshot();
  LockGuard lock(mutex_);
  std::swap(snapshot_, fresh);
}

void IceCore::set_state(IceState state) {
  if (state == state_) return;
  state_ = state;
  LOG_INFO("ICE is %s", name(state));
  auto transport = Ref<GstWebRTCICETransport>::adopt(
      static_cast<GstWebRTCICETransport *>(g_weak_ref_get(&transport_)));
  // webrtcbin starts DTLS from within this call.
  if (transport) {
    gst_webrtc_ice_transport_connection_state_change(transport.get(), to_webrtc(state));
  }
  if (state_callback_ && !ended_) {
    auto callback = state_callback_;
    callback(state);
  }
}

void IceCore::close() {
  {
    LockGuard lock(mutex_);
    if (!open_) return;
    open_ = false;
  }
  ended_ = true;
  state_callback_ = nullptr;
  channel_->set_wire(nullptr);
  servers_->close();
  if (loop_.in_loop()) {
    cancel(sync_timer_);
    cancel(repeat_timer_);
    cancel(consent_timer_);
  }
  std::vector<std::shared_ptr<IcePath>> paths = std::exchange(retired_, {});
  if (active_) paths.push_back(std::exchange(active_, nullptr));
  end_rounds();
  for (auto &path : paths) bury(std::move(path));
  if (!loop_.in_loop()) dying_.clear();
  if (dying_.empty()) drained_ = true;
}

}  // namespace oairt
