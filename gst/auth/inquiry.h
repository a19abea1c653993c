// Asks the application for something secret, on a worker thread that it may block.
// Thread-bound to the event loop; the answer comes there, never inline, never after the end of
// this. Never has more than one question open: an application that never returns costs one thread.
#pragma once

#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "base/secret.h"

namespace oairt {

class Inquiry {
 public:
  Inquiry(EventLoop &loop, std::function<Secret()> ask);
  ~Inquiry();
  Inquiry(const Inquiry &) = delete;
  Inquiry &operator=(const Inquiry &) = delete;

  // A question that is still open answers this one too, in place of the callback that it had.
  // Empty if the application gave nothing, or no thread could be started.
  void ask(std::function<void(Secret)> callback);

 private:
  struct Question;
  static void deliver(std::shared_ptr<Question> question);
  static gpointer run(gpointer question);

  EventLoop &loop_;
  std::function<Secret()> ask_;
  std::function<void(Secret)> callback_;
  std::shared_ptr<Question> question_;
};

}  // namespace oairt
