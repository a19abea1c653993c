#include "simulator.h"

#include <algorithm>
#include <ctime>
#include <random>

namespace oairt::sim {
namespace {

constexpr std::size_t kPastCalls = 100;

Options completed(Options options) {
  options.session.keep_user_audio = options.voice == Voice::Echo;
  // Ids must not come back when a simulator is started again, unless that is wanted.
  if (options.seed == 0) options.seed = std::random_device()() + 1ULL;
  return options;
}

}  // namespace

Simulator::Simulator(GMainContext *context, Options options)
    : context_(context),
      options_(completed(std::move(options))),
      script_(options_.script),
      chance_(options_.seed),
      tokens_(options_.api_keys, chance_.seed()),
      pacer_(context),
      undertaker_(context, G_PRIORITY_DEFAULT, [this] { bury(); }),
      api_(options_, tokens_, faults_, *this, chance_.seed()) {}

Simulator::~Simulator() {
  http_.reset();
  calls_.clear();
  ended_.clear();
}

Result<std::unique_ptr<Simulator>> Simulator::start(GMainContext *context, Options options) {
  std::unique_ptr<Simulator> self(new Simulator(context, std::move(options)));
  const Options &given = self->options_;
  for (const auto &fault : given.faults) {
    if (auto status = self->order_fault(fault); !status) return status.error();
  }
  if (!given.log.empty()) {
    if (auto status = self->log_.open(given.log); !status) return status.error();
  }
  TransportOptions wire;
  wire.listen = given.listen;
  wire.udp_port = given.udp_port;
  wire.tcp_port = given.tcp_port;
  wire.advertise = given.advertise;
  wire.advertise_udp_port = given.advertise_udp_port;
  wire.advertise_tcp_port = given.advertise_tcp_port;
  wire.dead_candidates = given.dead_candidates;
  wire.line = given.line;
  wire.dtls_repeat_at_once = given.dtls_repeat_at_once;
  wire.seed = given.seed;
  auto transport = Transport::open(context, wire);
  if (!transport) return transport.error();
  self->transport_ = std::move(transport).value();
  self->transport_->set_timeouts(given.disconnected_s, given.failed_s);
  self->world_ = std::make_unique<CallWorld>(
      CallWorld{context, given, self->script_, self->faults_, self->log_, self->pacer_,
                *self->transport_, given.voice == Voice::Speech ? Speaker::shared() : nullptr,
                [raw = self.get()](const std::string &id, const std::string &reason) {
                  raw->on_ended(id, reason);
                }});
  auto http =
      HttpServer::listen(context, given.listen, given.port, self->chance_.seed(),
                         [raw = self.get()](const Request &request, const std::string &request_id) {
                           return raw->serve(request, request_id);
                         });
  if (!http) return http.error();
  self->http_ = std::move(http).value();
  self->log_.write("listening", {{"at", self->listening()}, {"seed", given.seed}});
  return self;
}

std::string Simulator::base_url() const {
  return "http://" + options_.listen + ":" + std::to_string(port()) + "/v1";
}

Json Simulator::listening() const {
  return Json::object({{"listening", base_url()},
                       {"port", static_cast<int>(port())},
                       {"udp_port", static_cast<int>(transport_->udp_port())},
                       {"tcp_port", static_cast<int>(transport_->tcp_port())}});
}

Reply Simulator::serve(const Request &request, const std::string &request_id) {
  ++requests_;
  bool is_control = request.path == "/simulator" || request.path.starts_with("/simulator/");
  Reply reply = is_control
                    ? control(request)
                    : api_.handle(request, Clock::now(), static_cast<int64_t>(std::time(nullptr)));
  const char *fate = reply.fate == Reply::Fate::Hang    ? "never answered"
                     : reply.fate == Reply::Fate::Reset ? "reset"
                                                        : "answered";
  log_.write("http", {{"method", request.method},
                      {"path", request.path},
                      {"request_id", request_id},
                      {"key_mark", key_mark(request.key())},
                      {"content_type", request.content_type()},
                      {"bytes", request.body.size()},
                      {"fate", fate},
                      {"delay_ms", to_ms(reply.delay)},
                      {"status", reply.status}});
  return reply;
}

PeerFaults Simulator::take_peer_faults() {
  TimePoint now = Clock::now();
  PeerFaults faults;
  faults.wrong_fingerprint = faults_.take("wrong_fingerprint", now).has_value();
  faults.no_audio = faults_.take("no_audio", now).has_value();
  faults.garbage_sdp = faults_.take("garbage_sdp", now).has_value();
  faults.no_udp = faults_.take("no_udp", now).has_value();
  faults.follow_new_address = !faults_.take("no_migration", now).has_value();
  return faults;
}

std::variant<CreatedCall, ApiError> Simulator::create_call(NewCall call) {
  auto offer = parse_offer(call.offer);
  if (!offer) {
    log_.write("offer-refused", {{"why", offer.error().message}});
    return ApiError{"invalid_offer", "", ""};
  }
  offer->event_stream = call.event_stream;
  std::string id = "rtc_u1_" + chance_.hex(32);
  auto made = std::make_unique<Call>(*world_, id, offer.value(), std::move(call.config),
                                     take_peer_faults(), call.safety_id, chance_.seed());
  ++created_;
  log_.write("call", {{"call", id},
                      {"session", made->session_id()},
                      {"key_mark", call.key_mark},
                      {"dcid", call.event_stream ? Json(int64_t{*call.event_stream}) : Json()}});
  CreatedCall created{id, made->answer(), made->etag()};
  calls_[id] = std::move(made);
  return created;
}

bool Simulator::hang_up(const std::string &id) {
  auto found = calls_.find(id);
  if (found == calls_.end()) return false;
  found->second->hang_up();
  return true;
}

std::string Simulator::etag_of(const std::string &id) {
  auto found = calls_.find(id);
  return found == calls_.end() ? "" : found->second->etag();
}

CallDesk::Restarted Simulator::restart_ice(const std::string &id, const std::string &ufrag,
                                           const std::string &pwd) {
  Call &call = *calls_.at(id);
  if (!call.restart_ice(ufrag, pwd)) return {false, call.etag(), ""};
  return {true, call.etag(), call.ice_fragment()};
}

void Simulator::on_ended(const std::string &id, const std::string &reason) {
  auto node = calls_.extract(id);
  if (node.empty()) return;
  Json state = node.mapped()->state();
  state.set("reason", reason);
  past_.push_back(std::move(state));
  if (past_.size() > kPastCalls) past_.pop_front();
  ended_.push_back(std::move(node.mapped()));
  undertaker_.set(Clock::now());
}

void Simulator::bury() { ended_.clear(); }

Json Simulator::state() const {
  Json running = Json::array(), past = Json::array();
  for (const auto &[id, call] : calls_) running.push_back(call->state());
  for (const auto &state : past_) past.push_back(state);
  return Json::object({{"listening", listening()},
                       {"sessions", running},
                       {"ended_sessions", past},
                       {"calls_created", created_},
                       {"secrets_minted", tokens_.minted()},
                       {"http_requests", requests_},
                       {"faults", faults_.state()}});
}

Result<int> Simulator::act(const std::string &id, const std::string &action,
                           const std::string &value) {
  const FaultKind *kind = find_fault_kind(action);
  if (kind == nullptr || kind->scope != FaultScope::Action) {
    return Error{ErrorCode::Config, "There is no action '" + action + "'.", {}, {}, {}};
  }
  std::vector<std::string> wanted;
  for (const auto &[call_id, call] : calls_) {
    if (id == "*" || id == call_id || id == call->session_id()) wanted.push_back(call_id);
  }
  for (const auto &call_id : wanted) {
    auto found = calls_.find(call_id);
    if (found == calls_.end()) continue;
    if (auto status = found->second->act(action, value); !status) return status.error();
  }
  return static_cast<int>(wanted.size());
}

}  // namespace oairt::sim
