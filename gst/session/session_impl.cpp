#include "session/session_impl.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <glib.h>

#include "base/log.h"
#include "base/reaper.h"
#include "session/transcription.h"
#include "store/store_uri.h"

OAIRT_LOG_USE(session)

namespace oairt {

// Hands the core's news to the members; outlives the session's face as long as the loop runs.
class SessionImpl::Output final : public CoreOutput {
 public:
  void emit(const SessionEvent &event) override {
    for (const auto &observer : observers()) observer->on_session_event(event);
  }
  void publish(const SessionSnapshot &snapshot) override {
    LockGuard guard(lock_);
    snapshot_ = snapshot;
  }
  bool somebody_answers_request_token() override {
    for (const auto &observer : observers()) {
      if (observer->answers_request_token()) return true;
    }
    return false;
  }
  Secret request_token() override {
    for (const auto &observer : observers()) {
      if (!observer->answers_request_token()) continue;
      Secret token = observer->request_token();
      if (!token.empty()) return token;
    }
    return {};
  }
  bool somebody_answers_request_ice_servers() override {
    auto all = observers();
    return std::any_of(all.begin(), all.end(), [](const auto &observer) {
      return observer->answers_request_ice_servers();
    });
  }
  Secret request_ice_servers() override {
    for (const auto &observer : observers()) {
      if (!observer->answers_request_ice_servers()) continue;
      Secret answer = observer->request_ice_servers();
      if (!answer.empty()) return answer;
    }
    return {};
  }

  SessionSnapshot snapshot() const {
    LockGuard guard(lock_);
    return snapshot_;
  }
  void add(MemberId member, std::weak_ptr<SessionObserver> observer) {
    LockGuard guard(lock_);
    observers_.emplace(member, std::move(observer));
  }
  void remove(MemberId member) {
    LockGuard guard(lock_);
    observers_.erase(member);
  }

 private:
  std::vector<std::shared_ptr<SessionObserver>> observers() const {
    LockGuard guard(lock_);
    std::vector<std::shared_ptr<SessionObserver>> alive;
    for (const auto &[member, observer] : observers_) {
      if (auto strong = observer.lock()) alive.push_back(std::move(strong));
    }
    return alive;
  }

  mutable Mutex lock_;
  SessionSnapshot snapshot_ OAIRT_GUARDED_BY(lock_);
  std::map<MemberId, std::weak_ptr<SessionObserver>> observers_ OAIRT_GUARDED_BY(lock_);
};

struct SessionImpl::Body {
  explicit Body(std::shared_ptr<MediaPort> media, std::shared_ptr<Output> output_in)
      : output(std::move(output_in)), loop("oairt-session") {
    core = std::make_shared<SessionCore>(loop, std::move(media), output);
  }
  // Tasks hold the core, so that none runs on a dead one; the loop is joined before it goes.
  template <typename Task>
  void post(Task task) {
    loop.post([core = core, task = std::move(task)] { task(*core); });
  }

  std::shared_ptr<Output> output;
  EventLoop loop;
  std::shared_ptr<SessionCore> core;
};

namespace {

Secret environment_key() {
  const char *key = g_getenv("OPENAI_API_KEY");
  return key != nullptr ? Secret(key) : Secret();
}

constexpr const char *kNamed = "name:";

Error nameless() {
  return Error{ErrorCode::Config,
               "The property \"persistence\" is \"disk\", which needs a name by which the session "
               "is found again: set \"session\".",
               "property session",
               {},
               {}};
}

}  // namespace

SessionImpl::SessionImpl(std::string key)
    : key_(std::move(key)),
      output_(std::make_shared<Output>()),
      body_(std::make_shared<Body>(media_, output_)),
      tools_(body_->core->tools()),
      images_(body_->core->images()) {}

SessionImpl::~SessionImpl() {
  reaper::expect();
  auto body = body_;
  body->loop.post([body]() mutable {
    auto *core = body->core.get();
    core->shut_down([body] {
      // What holds sockets goes in the loop; the loop itself is joined from outside.
      body->loop.post([body] { body->core.reset(); });
      reaper::finish([body]() mutable {
        body->loop.stop();
        body.reset();
        wait_for_closed_peers(Clock::now() + std::chrono::seconds(5));
      });
    });
  });
}

Result<std::shared_ptr<const Config>> SessionImpl::merged_config(const Member *candidate,
                                                                 MemberId replaced,
                                                                 bool relays_are_told) const {
  std::vector<NamedSettings> all;
  for (const auto &[id, member] : members_) {
    if (id != replaced) all.push_back({member.element, member.settings});
  }
  if (candidate != nullptr) all.push_back({candidate->element, candidate->settings});
  auto merged = merge_settings(all);
  if (!merged) return merged.error();
  auto config = build_config(merged.value(), environment_key(), relays_are_told);
  if (!config) return config.error();
  PersistenceOptions &persistence = config->persistence;
  bool named = key_.starts_with(kNamed);
  if (persistence.mode == PersistenceMode::Disk && !named) return nameless();
  config->name = named ? key_.substr(std::strlen(kNamed)) : key_;
  persistence.store.session = config->name;
  if (persistence.mode != PersistenceMode::None) {
    if (auto status = check_store_options(persistence.store); !status) return status.error();
  }
  return std::shared_ptr<const Config>(std::make_shared<Config>(std::move(config).value()));
}

Result<Session::MemberId> SessionImpl::attach(const std::string &element, const Settings &settings,
                                              std::weak_ptr<SessionObserver> observer) {
  MemberId id = 0;
  std::shared_ptr<const Config> config;
  auto strong = observer.lock();
  bool relays_are_told = (strong && strong->answers_request_ice_servers()) ||
                         output_->somebody_answers_request_ice_servers();
  {
    LockGuard guard(lock_);
    Member member{element, settings, observer};
    auto merged = merged_config(&member, 0, relays_are_told);
    if (!merged) return merged.error();
    config = std::move(merged).value();
    id = next_member_++;
    members_.emplace(id, std::move(member));
    linger_ = config->linger;
    transcription_ = config->transcription;
  }
  output_->add(id, std::move(observer));
  body_->post([config](SessionCore &core) { core.set_config(config); });
  prewarm_webrtc();
  return id;
}

void SessionImpl::detach(MemberId member) {
  stop(member);
  output_->remove(member);
  LockGuard guard(lock_);
  members_.erase(member);
}

void SessionImpl::run(MemberId member) {
  {
    LockGuard guard(lock_);
    auto position = members_.find(member);
    if (position == members_.end() || position->second.running) return;
    position->second.running = true;
    ++run_generation_;
  }
  body_->post([](SessionCore &core) { core.run(); });
}

void SessionImpl::stop(MemberId member) {
  {
    LockGuard guard(lock_);
    auto position = members_.find(member);
    if (position == members_.end() || !position->second.running) return;
    position->second.running = false;
    ++run_generation_;
    for (const auto &[id, other] : members_) {
      if (other.running) return;
    }
  }
  last_member_stopped();
}

void SessionImpl::last_member_stopped() {
  Duration linger;
  uint64_t generation;
  {
    LockGuard guard(lock_);
    linger = linger_;
    generation = run_generation_;
  }
  if (linger == Duration::zero()) {
    body_->post([](SessionCore &core) { core.stop(); });
    return;
  }
  LOG_INFO("no element is running; the session lingers for %.0f ms", to_ms(linger));
  // Holding ourselves is what lets a rebuilt pipeline find the session again.
  auto self = self_.lock();
  body_->loop.post([self, linger, generation] {
    self->body_->loop.call_after(linger, [self, generation] {
      {
        LockGuard guard(self->lock_);
        if (self->run_generation_ != generation) return;
      }
      self->body_->core->stop();
    });
  });
}

Status SessionImpl::update(MemberId member, const Settings &settings) {
  std::shared_ptr<const Config> config;
  bool relays_are_told = output_->somebody_answers_request_ice_servers();
  {
    LockGuard guard(lock_);
    auto position = members_.find(member);
    if (position == members_.end()) return Success{};
    Member candidate = position->second;
    candidate.settings = settings;
    auto merged = merged_config(&candidate, member, relays_are_told);
    if (!merged) return merged.error();
    config = std::move(merged).value();
    position->second.settings = settings;
    linger_ = config->linger;
    transcription_ = config->transcription;
  }
  body_->post([config](SessionCore &core) { core.set_config(config); });
  return Success{};
}

SessionSnapshot SessionImpl::snapshot() const {
  SessionSnapshot snapshot = output_->snapshot();
  snapshot.images_skipped = images_->skipped();
  snapshot.uplink = media_->uplink_stats();
  snapshot.downlink = media_->downlink_stats();
  snapshot.loop_delay_ms = to_ms(loop_delay());
  return snapshot;
}

Duration SessionImpl::loop_delay() const { return body_->loop.delay(); }

SessionSnapshot SessionImpl::output_state() const { return output_->snapshot(); }

void SessionImpl::post_to_core(std::function<void(SessionCore &)> task) {
  body_->post([task = std::move(task)](SessionCore &core) { task(core); });
}

Status SessionImpl::split_session() {
  body_->post([](SessionCore &core) { core.split("split-session"); });
  return Success{};
}

Status SessionImpl::forget_session() {
  body_->post([](SessionCore &core) { core.forget(); });
  return Success{};
}

void SessionImpl::grant_consent() {
  body_->post([](SessionCore &core) { core.grant_consent(); });
}

void SessionImpl::withdraw_consent() {
  body_->post([](SessionCore &core) { core.withdraw_consent(); });
}

void SessionImpl::note_audio(std::optional<bool> mute, std::optional<double> volume) {
  body_->post([mute, volume](SessionCore &core) { core.note_audio(mute, volume); });
}

void SessionImpl::note_encoder(const std::optional<EncoderLimits> &limits) {
  body_->post([limits](SessionCore &core) { core.note_encoder(limits); });
}

void SessionImpl::reconnect() {
  body_->post([](SessionCore &core) { core.reconnect(); });
}

void SessionImpl::restart_ice() {
  body_->post([](SessionCore &core) { core.restart_ice(); });
}

void SessionImpl::input_finished() {
  body_->post([](SessionCore &core) { core.input_finished(); });
}

void SessionImpl::input_resumed() {
  body_->post([](SessionCore &core) { core.input_resumed(); });
}

}  // namespace oairt
