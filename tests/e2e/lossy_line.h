// The simulator behind a relay that can lose packets: signalling is direct, media goes through.
// Thread-bound to the test.
// Never loses anything until it is told to.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/network_relay.h"
#include "support/simulator_process.h"

namespace oairt::test {

class LossyLine {
 public:
  explicit LossyLine(std::vector<std::string> arguments = {}, RelayLink link = {}) : relay_(link) {
    uint16_t udp = relay_.open_udp();
    arguments.insert(arguments.begin(), {"--advertise-udp-port", std::to_string(udp)});
    simulator_ = std::make_unique<SimulatorProcess>(std::move(arguments));
    relay_.set_target(udp,
                      static_cast<uint16_t>(simulator_->state()["listening"]["udp_port"].as_int()));
  }
  SimulatorProcess &simulator() { return *simulator_; }
  void lose(NetworkRelay::Towards towards, double share) { relay_.set_loss(towards, share); }
  NetworkRelay &relay() { return relay_; }
  std::string properties() const {
    return " base-url=" + simulator_->base_url() + " api-key=" + SimulatorProcess::kApiKey + " ";
  }
  // What the simulator has of the first call's speech.
  Json heard() { return simulator_->state()["sessions"].items().at(0)["audio_in"]; }

 private:
  NetworkRelay relay_;
  std::unique_ptr<SimulatorProcess> simulator_;
};

}  // namespace oairt::test
