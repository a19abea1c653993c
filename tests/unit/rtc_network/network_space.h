// A network of the test's own: the test thread moves into a fresh network namespace with nothing
// but loopback, so that links may come and go without anyone else noticing. Needs root. Test thread
// only; threads made afterwards live in the same namespace. Never touches the machine's own
// network: a test is a process of its own, and the namespace dies with it.
#pragma once

#include <functional>
#include <string>

namespace oairt::test {

// Null if it can be had; else why not.
const char *why_no_network_space();

class NetworkSpace {
 public:
  NetworkSpace();  // the thread is in it from now on
  ~NetworkSpace();
  NetworkSpace(const NetworkSpace &) = delete;
  NetworkSpace &operator=(const NetworkSpace &) = delete;

  // Runs commands here, one a line; "@far" stands for the file of the second namespace. Fails the
  // test if one fails.
  void run(const std::string &commands);
  // A second namespace, that of the server; the task runs in it.
  void in_far(const std::function<void()> &task);
  void run_far(const std::string &commands);

 private:
  int near_ = -1, far_ = -1;
};

}  // namespace oairt::test
