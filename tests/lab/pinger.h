// Asks the service something harmless again and again, and notes when it answers: an item that
// nobody has is asked for, and the error names the question.
// answered() from any thread, the rest from one.
// Never asks for anything that changes the conversation.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/lock.h"
#include "timeline.h"

namespace oairt::lab {

class Pinger {
 public:
  using Send = std::function<bool(const std::string &event)>;  // false: refused

  Pinger(Timeline &timeline, Send send) : timeline_(timeline), send_(std::move(send)) {}

  void ping();
  // True if this is an answer to a ping.
  bool answered(const std::string &event);
  void flush();  // writes a line "ping" with all since the last one

 private:
  Timeline &timeline_;
  const Send send_;
  int64_t last_ = 0;
  Mutex lock_;
  std::map<int64_t, double> asked_ OAIRT_GUARDED_BY(lock_);
  std::string answers_ OAIRT_GUARDED_BY(lock_);
  int sent_ OAIRT_GUARDED_BY(lock_) = 0, refused_ OAIRT_GUARDED_BY(lock_) = 0;
};

}  // namespace oairt::lab
