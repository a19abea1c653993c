#include "fatal_post.h"

#include <thread>

#include "base/ref.h"
#include "element_core.h"
#include "gstopenairealtimemessages.h"

namespace oairt {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);
constexpr Duration kLook = milliseconds(5);  // nothing tells when a change has settled

bool has_settled(GstElement *element) {
  auto top = Ref<GstObject>::share(GST_OBJECT_CAST(element));
  while (auto parent = Ref<GstObject>::adopt(gst_object_get_parent(top.get()))) top = parent;
  return gst_element_get_state(GST_ELEMENT_CAST(top.get()), nullptr, nullptr, 0) !=
         GST_STATE_CHANGE_ASYNC;
}

}  // namespace

void FatalPost::post(GstElement *element, const Error &error) {
  uint64_t generation;
  {
    LockGuard guard(state_->lock);
    ++state_->under_way;
    generation = state_->cancelled;
  }
  std::thread([state = state_, owner = Ref<GstElement>::share(element), error,
               generation]() mutable {
    NoWaitScope no_wait;
    wait_and_post(state, owner.get(), error, generation);
    owner = nullptr;
    LockGuard guard(state->lock);
    --state->under_way;
    state->changed.notify_all();
  }).detach();
}

void FatalPost::wait_and_post(const std::shared_ptr<State> &state, GstElement *element,
                              const Error &error, uint64_t generation) {
  TimePoint deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline && !has_settled(element)) {
    LockGuard guard(state->lock);
    bool cancelled = state->changed.wait_until(
        state->lock, Clock::now() + kLook,
        [&]() OAIRT_REQUIRES(state->lock) { return state->cancelled != generation; });
    if (cancelled) return;
  }
  if (GST_STATE(element) > GST_STATE_NULL) post_failure(element, error, true);
}

void FatalPost::cancel(Duration limit) {
  LockGuard guard(state_->lock);
  ++state_->cancelled;
  state_->changed.notify_all();
  if (NoWaitScope::active()) return;
  state_->changed.wait_until(state_->lock, Clock::now() + limit,
                             [this]()
                                 OAIRT_REQUIRES(state_->lock) { return state_->under_way == 0; });
}

}  // namespace oairt
