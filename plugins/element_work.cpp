#include "element_work.h"

#include <thread>
#include <utility>

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

void ElementWork::run(GstElement *element, Task task) {
  uint64_t generation;
  {
    LockGuard guard(state_->lock);
    ++state_->under_way;
    generation = state_->cancelled;
  }
  std::thread([state = state_, owner = Ref<GstElement>::share(element), task = std::move(task),
               generation]() mutable {
    NoWaitScope no_wait;
    task(owner.get(), [&state, generation](Duration limit) {
      LockGuard guard(state->lock);
      return state->changed.wait_until(
          state->lock, Clock::now() + limit,
          [&]() OAIRT_REQUIRES(state->lock) { return state->cancelled != generation; });
    });
    task = nullptr;
    owner = nullptr;
    LockGuard guard(state->lock);
    --state->under_way;
    state->changed.notify_all();
  }).detach();
}

void ElementWork::cancel(Duration limit) {
  LockGuard guard(state_->lock);
  ++state_->cancelled;
  state_->changed.notify_all();
  if (NoWaitScope::active()) return;
  state_->changed.wait_until(state_->lock, Clock::now() + limit,
                             [this]()
                                 OAIRT_REQUIRES(state_->lock) { return state_->under_way == 0; });
}

void post_fatal_when_settled(ElementWork &work, GstElement *element, const Error &error) {
  work.run(element, [error](GstElement *owner, const ElementWork::Cancelled &cancelled) {
    TimePoint deadline = Clock::now() + kPatience;
    while (Clock::now() < deadline && !has_settled(owner)) {
      if (cancelled(kLook)) return;
    }
    if (GST_STATE(owner) > GST_STATE_NULL) post_failure(owner, error, true);
  });
}

}  // namespace oairt
