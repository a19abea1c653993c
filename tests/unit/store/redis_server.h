// A real redis-server on a loopback port and in a directory of its own. Thread-bound.
// Ends the process that it started, and only that.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gio/gio.h>

#include "base/ref.h"

namespace oairt::test {

// A program that goes with the test, also if that fails or is killed.
Ref<GSubprocess> start_program(const std::vector<std::string> &words, GSubprocessFlags flags);

class RedisServer {
 public:
  // Why there can be none; nullptr: there can.
  static const char *absent();

  explicit RedisServer(std::vector<std::string> arguments = {});
  ~RedisServer();

  int port() const { return port_; }
  int tls_port() const { return tls_port_; }  // free for one that is started with TLS
  std::string uri() const { return "redis://127.0.0.1:" + std::to_string(port_) + "/0"; }
  const std::string &directory() const { return directory_; }

  void start(std::vector<std::string> arguments = {});
  void kill();    // SIGKILL
  void freeze();  // SIGSTOP: connections stay, nothing is answered
  void thaw();
  // By redis-cli.
  std::string command(const std::vector<std::string> &words);

 private:
  void signal(int number);

  int port_ = 0, tls_port_ = 0;
  std::string directory_;
  std::vector<std::string> arguments_;
  Ref<GSubprocess> process_;
};

}  // namespace oairt::test
