// Ends what cannot end itself on its own thread: joins loops, destroys what blocks.
// Thread-safe. One worker thread for the process, started on first use.
// Never drops a task; wait_idle() is how a process makes sure that nothing is left.
#pragma once

#include <functional>

#include "base/clock.h"

namespace oairt::reaper {

// Announces something that will be handed over with finish(): wait_idle() waits for it too.
void expect();
// Runs the task on the worker and takes back one expect().
void finish(std::function<void()> task);
// Waits until everything announced is done, at most until the deadline. Not from the worker.
bool wait_idle(TimePoint deadline);

}  // namespace oairt::reaper
