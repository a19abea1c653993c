// The program store-driver beside a test. Thread-bound.
// Ends the process that it started, and only that.
#pragma once

#include <string>
#include <vector>

#include <gio/gio.h>

#include "base/clock.h"
#include "base/ref.h"
#include "store/store.h"

namespace oairt::test {

class DriverProcess {
 public:
  DriverProcess(const StoreOptions &options, const std::string &mode, int64_t first_slot = 1);
  ~DriverProcess();

  void say(const std::string &line);
  // Reads until a line begins so; all lines up to it.
  std::vector<std::string> wait_for_line(const std::string &start);
  // All lines until its end.
  std::vector<std::string> rest();
  void signal(int number) { g_subprocess_send_signal(process_.get(), number); }
  void freeze();  // and waits until every thread stands still
  void kill();

 private:
  bool next_line(std::string &line);

  Ref<GSubprocess> process_;
  std::string buffer_;
};

}  // namespace oairt::test
