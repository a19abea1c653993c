#include "element_core.h"

#include <atomic>
#include <cstring>

#include "base/log.h"
#include "gstopenairealtimeenums.h"
#include "gstopenairealtimemessages.h"
#include "gstopenairealtimesignals.h"
#include "message_owners.h"
#include "rtc/peer.h"

OAIRT_LOG_DEFINE(element, "openairealtime", "OpenAI Realtime elements")
OAIRT_LOG_USE(element)

namespace oairt {
namespace {

constexpr auto kEndWait =
    milliseconds(5000);  // hang-up, store and connections have limits of their own
// An event is handed on in much less; a handler of the application may wait for this very thread.
constexpr auto kCallWait = milliseconds(100);

std::atomic<int> live_elements{0};

GQuark core_quark() {
  static GQuark quark = g_quark_from_static_string("oairt-element-core");
  return quark;
}

Ref<GstObject> top_level(GstElement *element) {
  auto object = Ref<GstObject>::share(GST_OBJECT_CAST(element));
  while (auto parent = Ref<GstObject>::adopt(gst_object_get_parent(object.get()))) object = parent;
  return object;
}

// Pipelines have no identity that outlives renaming and reuse of memory: they are given a number.
std::string pipeline_key(GstObject *top) {
  static GQuark quark = g_quark_from_static_string("oairt-pipeline-number");
  static Mutex lock;
  static guint next = 1;
  LockGuard guard(lock);
  guint number = GPOINTER_TO_UINT(g_object_get_qdata(G_OBJECT(top), quark));
  if (number == 0) {
    number = next++;
    g_object_set_qdata(G_OBJECT(top), quark, GUINT_TO_POINTER(number));
  }
  return "pipeline:" + std::to_string(number);
}

}  // namespace

thread_local int NoWaitScope::depth_ = 0;

// Outlives the element if need be: the session holds it only while it calls.
class ElementCore::Observer final : public SessionObserver {
 public:
  explicit Observer(GstElement *element) { g_weak_ref_init(&element_, element); }
  ~Observer() override { g_weak_ref_clear(&element_); }

  void on_session_event(const SessionEvent &event) override {
    NoWaitScope no_wait;
    if (!enter()) return;
    if (auto element = lock()) ElementCore::of(element.get())->deliver(event);
    leave();
  }
  void open() {
    LockGuard guard(mutex_);
    open_ = true;
  }
  // No event reaches the element any more, and none holds it: whoever gives up the last reference
  // after this is the application, which can wait for the end of the session.
  void close(Duration limit) {
    LockGuard guard(mutex_);
    open_ = false;
    if (NoWaitScope::active()) return;
    quiet_.wait_until(mutex_, Clock::now() + limit,
                      [this]() OAIRT_REQUIRES(mutex_) { return calls_ == 0; });
  }
  Secret request_token() override {
    NoWaitScope no_wait;
    auto element = lock();
    return element ? emit_request(element.get(), "request-token") : Secret();
  }
  bool answers_request_token() override {
    NoWaitScope no_wait;
    auto element = lock();
    return element && has_listener(element.get(), "request-token");
  }
  Secret request_ice_servers() override {
    NoWaitScope no_wait;
    auto element = lock();
    return element ? emit_request(element.get(), "request-ice-servers") : Secret();
  }
  bool answers_request_ice_servers() override {
    NoWaitScope no_wait;
    auto element = lock();
    return element && has_listener(element.get(), "request-ice-servers");
  }

 private:
  Ref<GstElement> lock() {
    return Ref<GstElement>::adopt(static_cast<GstElement *>(g_weak_ref_get(&element_)));
  }

  bool enter() {
    LockGuard guard(mutex_);
    calls_ += open_ ? 1 : 0;
    return open_;
  }
  void leave() {
    LockGuard guard(mutex_);
    --calls_;
    quiet_.notify_all();
  }

  GWeakRef element_;
  Mutex mutex_;
  Condition quiet_;
  bool open_ OAIRT_GUARDED_BY(mutex_) = false;
  int calls_ OAIRT_GUARDED_BY(mutex_) = 0;
};

ElementCore::ElementCore(GstElement *element)
    : element_(element), observer_(std::make_shared<Observer>(element)) {
  g_object_set_qdata(G_OBJECT(element), core_quark(), this);
  ++live_elements;
  prewarm_webrtc();
}

ElementCore::~ElementCore() {
  on_detached = nullptr;  // the element's parts are gone
  detach();
  if (--live_elements == 0 && !NoWaitScope::active()) {
    if (!Session::wait_for_ended(Clock::now() + kEndWait)) {
      LOG_WARNING("a session has not ended yet");
    }
  }
}

ElementCore *ElementCore::of(gpointer element) {
  return static_cast<ElementCore *>(g_object_get_qdata(G_OBJECT(element), core_quark()));
}

void ElementCore::set_property(guint id, const GValue *value, GParamSpec *spec) {
  const PropertyRow *row = property_row(id);
  if (row == nullptr) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(element_, id, spec);
    return;
  }
  {
    LockGuard guard(lock_);
    if (auto setting = setting_from_value(*row, value)) {
      settings_.insert_or_assign(row->name, std::move(*setting));
    } else {
      settings_.erase(row->name);
    }
  }
  forward(*row);
}

// Tells those who act on it: the element itself, or the session.
void ElementCore::forward(const PropertyRow &row) {
  if (row.scope == Scope::Element) {
    if (on_settings) on_settings(settings());
    note_audio(row);
    return;
  }
  std::shared_ptr<Session> session;
  Session::MemberId member;
  Settings settings;
  {
    LockGuard guard(lock_);
    session = session_;
    member = member_;
    settings = session_settings(settings_);
  }
  if (!session) return;
  Status status = session->update(member, settings);
  if (!status) post_failure(element_, status.error(), false);
}

// What the session keeps of the element's own settings.
void ElementCore::note_audio(const PropertyRow &row) {
  bool mute = std::strcmp(row.name, "mute") == 0, volume = std::strcmp(row.name, "volume") == 0;
  auto current = (mute || volume) && !hosted_ ? session() : nullptr;
  if (!current) return;
  Settings own = settings();
  if (mute) current->note_audio(setting_bool(own, "mute"), std::nullopt);
  if (volume) current->note_audio(std::nullopt, setting_double(own, "volume"));
}

// As it was left, unless it was set anew.
void ElementCore::restore_audio(const RestoredEvent &event) {
  Settings own = settings();
  GObjectClass *klass = G_OBJECT_GET_CLASS(element_);
  auto open = [&](const char *name) {
    return own.count(name) == 0 && g_object_class_find_property(klass, name) != nullptr;
  };
  if (event.mute && open("mute")) g_object_set(element_, "mute", gboolean{*event.mute}, nullptr);
  if (event.volume && open("volume")) g_object_set(element_, "volume", *event.volume, nullptr);
}

void ElementCore::get_property(guint id, GValue *value, GParamSpec *spec) {
  if (const PropertyRow *row = property_row(id)) {
    LockGuard guard(lock_);
    value_from_settings(*row, settings_, value);
  } else if (auto which = read_only_property(id)) {
    get_read_only(*which, value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(element_, id, spec);
  }
}

void ElementCore::get_read_only(ReadOnly which, GValue *value) {
  auto current = session();
  SessionSnapshot snapshot = current ? current->snapshot() : SessionSnapshot{};
  switch (which) {
    case ReadOnly::ConnectionState:
      g_value_set_enum(value, static_cast<int>(snapshot.state));
      break;
    case ReadOnly::CallId:
      g_value_set_string(value, snapshot.call_id.empty() ? nullptr : snapshot.call_id.c_str());
      break;
    case ReadOnly::SessionId:
      g_value_set_string(value,
                         snapshot.session_id.empty() ? nullptr : snapshot.session_id.c_str());
      break;
    case ReadOnly::Stats:
      g_value_take_boxed(value, stats_structure(snapshot).release());
      break;
  }
}

Settings ElementCore::settings() const {
  LockGuard guard(lock_);
  return settings_;
}

std::shared_ptr<Session> ElementCore::session() const {
  LockGuard guard(lock_);
  return session_;
}

void ElementCore::set_host_key(std::string key) {
  LockGuard guard(lock_);
  host_key_ = std::move(key);
}

std::string ElementCore::session_key() const {
  std::string name;
  {
    LockGuard guard(lock_);
    if (!host_key_.empty()) return host_key_;
    name = setting_text(settings_, "session");
  }
  return name.empty() ? pipeline_key(top_level(element_).get()) : "name:" + name;
}

GstStateChangeReturn ElementCore::change_state(GstElementClass *parent, GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !attach()) return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) set_running(true);
  GstStateChangeReturn result = parent->change_state(element_, transition);
  bool failed = result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (failed && transition == GST_STATE_CHANGE_READY_TO_PAUSED)) {
    set_running(false);
  }
  if (transition == GST_STATE_CHANGE_READY_TO_NULL ||
      (failed && transition == GST_STATE_CHANGE_NULL_TO_READY)) {
    detach();
  }
  return result;
}

bool ElementCore::attach() {
  auto session = Session::acquire(session_key());
  // Before attach(): the session may speak at once.
  observer_->open();
  if (!hosted_) message_owners::join(this, session.get(), top_level(element_).get());
  GString_ name(gst_object_get_name(GST_OBJECT_CAST(element_)));
  Settings own = settings();
  auto member = session->attach(name.get(), session_settings(own), observer_);
  if (!member) {
    message_owners::leave(this);
    post_failure(element_, member.error(), true);
    return false;
  }
  {
    LockGuard guard(lock_);
    session_ = session;
    member_ = member.value();
  }
  if (on_attached) on_attached(*session);
  if (on_settings) on_settings(own);
  for (const char *name : {"mute", "volume"}) {
    if (own.count(name) > 0) note_audio(*property_row(name));
  }
  return true;
}

void ElementCore::detach() {
  std::shared_ptr<Session> session;
  Session::MemberId member;
  {
    LockGuard guard(lock_);
    session = std::move(session_);
    session_ = nullptr;
    member = member_;
  }
  if (!session) return;
  if (on_detached) on_detached();
  session->detach(member);
  observer_->close(kCallWait);
  work_.cancel(kCallWait);
  message_owners::leave(this);
}

void ElementCore::set_running(bool running) {
  std::shared_ptr<Session> session;
  Session::MemberId member;
  {
    LockGuard guard(lock_);
    session = session_;
    member = member_;
  }
  if (!session) return;
  if (running) {
    session->run(member);
  } else {
    session->stop(member);
  }
}

void ElementCore::deliver(const SessionEvent &event) {
  if (on_event) on_event(event);
  if (hosted_) return;
  if (const auto *restored = std::get_if<RestoredEvent>(&event)) restore_audio(*restored);
  emit_signals(element_, event);
  if (!message_owners::owns(this)) return;
  if (const auto *failure = std::get_if<FailureEvent>(&event)) {
    if (failure->fatal) {
      post_fatal_when_settled(work_, element_, failure->error);
    } else {
      post_failure(element_, failure->error, false);
    }
  } else if (auto structure = message_structure(event)) {
    gst_element_post_message(
        element_, gst_message_new_element(GST_OBJECT_CAST(element_), structure.release()));
  }
}

void ElementCore::refuse(const char *action, const Error &error) {
  LOG_INFO("%s: %s was refused", GST_OBJECT_NAME(element_), action);
  post_failure(element_, error, false);
}

}  // namespace oairt
