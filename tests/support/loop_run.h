// Running things of a loop from a test, and waiting for what they answer.
// Thread-safe: called from the test's own thread only.
// Never waits for ever: a test that gets no answer fails by its assertion.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "base/event_loop.h"

namespace oairt::test {

// Runs the task in the loop and waits for its end.
template <typename Task>
auto run_in(EventLoop &loop, Task task) {
  using Value = decltype(task());
  std::packaged_task<Value()> packaged(std::move(task));
  auto future = packaged.get_future();
  loop.post([&packaged] { packaged(); });
  return future.get();
}

// What a callback will be given.
template <typename Value>
class Awaited {
 public:
  std::function<void(Value)> callback() {
    return [state = state_](Value value) {
      ++state->calls;
      if (state->calls == 1) state->promise.set_value(std::move(value));
    };
  }
  std::optional<Value> wait(Duration limit = std::chrono::seconds(20)) {
    auto future = state_->promise.get_future();
    if (future.wait_for(limit) != std::future_status::ready) return std::nullopt;
    return future.get();
  }
  int calls() const { return state_->calls; }

 private:
  struct State {
    std::promise<Value> promise;
    std::atomic<int> calls{0};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace oairt::test
