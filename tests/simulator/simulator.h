// The whole simulated service: HTTP in front, calls behind, control beside it.
// Thread-bound to the context it was started on; that context must be run by its owner.
// Never outlives its context, and asks for no network but the address it listens on.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "call.h"
#include "http_server.h"
#include "service_api.h"

namespace oairt::sim {

class Simulator : private CallDesk {
 public:
  static Result<std::unique_ptr<Simulator>> start(GMainContext *context, Options options);
  ~Simulator() override;

  uint16_t port() const { return http_->port(); }
  std::string base_url() const;  // for the client's base-url
  Json listening() const;        // the line that the program prints
  Json state() const;
  Status order_fault(const std::string &text) { return faults_.order(text, Clock::now()); }
  // On one call (by call or session id) or on all ("*"); says how many there were.
  Result<int> act(const std::string &id, const std::string &action, const std::string &value);
  Script &script() { return script_; }
  std::size_t calls() const { return calls_.size(); }

 private:
  Simulator(GMainContext *context, Options options);
  Reply serve(const Request &request, const std::string &request_id);
  Reply control(const Request &request);
  Reply control_faults(const Request &request);
  Reply control_script(const Request &request);
  Reply control_action(const Request &request, const std::string &id, const std::string &action);
  std::variant<CreatedCall, ApiError> create_call(NewCall call) override;
  bool hang_up(const std::string &id) override;
  std::string etag_of(const std::string &id) override;
  Restarted restart_ice(const std::string &id, const std::string &ufrag,
                        const std::string &pwd) override;
  PeerFaults take_peer_faults();
  void on_ended(const std::string &id, const std::string &reason);
  void bury();

  GMainContext *context_;
  const Options options_;
  Script script_;
  Faults faults_;
  Log log_;
  Chance chance_;
  TokenStore tokens_;
  Pacer pacer_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<CallWorld> world_;
  std::map<std::string, std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<Call>> ended_;  // freed by the alarm
  std::deque<Json> past_;                     // the last states of calls that ended
  Alarm undertaker_;
  ServiceApi api_;
  std::unique_ptr<HttpServer> http_;
  int64_t created_ = 0, requests_ = 0;
};

}  // namespace oairt::sim
