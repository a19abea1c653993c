// Runs the simulator program beside a test: real sockets, its own process. Thread-bound.
// Ends the process that it started, and only that.
#pragma once

#include <string>
#include <vector>

#include <gio/gio.h>

#include "protocol/json.h"

namespace oairt::test {

class SimulatorProcess {
 public:
  static constexpr const char *kApiKey = "sk-simulator-4f1d0c9ab2";

  // Starts it on a free loopback port and waits until it listens; aborts the test if it does not.
  explicit SimulatorProcess(std::vector<std::string> arguments = {}, int port = 0);
  ~SimulatorProcess();

  std::string base_url() const;  // http://127.0.0.1:PORT/v1
  int port() const { return port_; }
  const std::string &log_file() const { return log_file_; }

  // GET /simulator/state.
  Json state();
  // What the newest session that is alive remembers, "role: words" a line.
  std::string remembered();
  // POST to a control path, e.g. "/simulator/faults".
  Json control(const std::string &path, const Json &body = Json::object());
  // The log so far, a JSON object a line; only those of this "kind" if one is given.
  std::vector<Json> log(const std::string &kind = "");

  void kill();  // SIGKILL: gone without a word
  void terminate();

 private:
  void launch(const std::vector<std::string> &arguments, int port);
  std::string request(const char *method, const std::string &path, const std::string &body);

  GSubprocess *process_ = nullptr;
  int port_ = 0;
  std::string log_file_;
};

}  // namespace oairt::test
