// What the benchmarks share: figures and how they are printed, what a process uses, a small HTTP
// client, the simulator behind a relay. Thread-bound.
// Never hides a run that failed: it is counted and printed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/network_relay.h"
#include "support/simulator_process.h"

namespace oairt::bench {

using test::RelayLink;

class Series {
 public:
  void add(double value) { values_.push_back(value); }
  void fail() { ++failures_; }
  std::size_t count() const { return values_.size(); }
  int failures() const { return failures_; }
  double at(double share) const;  // 0.5: the median
  double share_above(double limit) const;
  const std::vector<double> &values() const { return values_; }

 private:
  std::vector<double> values_;
  int failures_ = 0;
};

// One line "figure;WHAT;WHO;UNIT;N;FAILED;MEDIAN;MIN;MAX"; run.sh makes tables of them.
void print_figure(const std::string &what, const std::string &who, const std::string &unit,
                  const Series &series);
void print_figure(const std::string &what, const std::string &who, const std::string &unit,
                  double value);

struct ProcessUse {
  int threads = 0, files = 0;
  double memory_kb = 0;  // resident
  double heap_kb = 0;    // given out by malloc
  double cpu_s = 0;      // user and system, since the start
};
ProcessUse process_use();

// The first IPv4 address of this machine that is not the loopback's: libnice, as webrtcbin sets it
// up, does not use the loopback. Without one the benchmark ends.
std::string own_address();

// "--name VALUE" or the default.
double number_option(int argc, char **argv, const std::string &name, double fallback);
bool has_option(int argc, char **argv, const std::string &name);

// Initialises GStreamer and runs the body as a gst-check test, so that the helpers of the tests may
// assert and a critical of GLib fails it.
using BenchMain = int (*)(int argc, char **argv);
int run_bench(int argc, char **argv, BenchMain body);

struct HttpReply {
  int status = 0;
  std::string body;
};
// Blocks; on a connection of its own.
HttpReply http_post(int port, const std::string &path, const std::string &bearer,
                    const std::string &content_type, const std::string &body);
std::string mint_key(int simulator_port);

// The simulator as both clients reach it: media over own_address(), signalling over the loopback;
// with a link, media and, unless it is to be direct, signalling go through a relay.
class Service {
 public:
  enum class Http { Relayed, Direct };
  explicit Service(std::vector<std::string> arguments = {});
  explicit Service(RelayLink link, std::vector<std::string> arguments = {},
                   Http http = Http::Relayed);

  test::SimulatorProcess &simulator() { return *simulator_; }
  test::NetworkRelay *relay() { return relay_.get(); }
  int http_port() const { return http_port_; }
  std::string base_url() const;
  // Properties for a launch line: where it is and a fresh key.
  std::string properties() const;
  std::string key() const { return mint_key(simulator_->port()); }

 private:
  std::unique_ptr<test::NetworkRelay> relay_;
  std::unique_ptr<test::SimulatorProcess> simulator_;
  int http_port_ = 0;
};

}  // namespace oairt::bench
