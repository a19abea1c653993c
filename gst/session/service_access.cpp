#include "session/service_access.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {

// A setting that has nothing to do with them leaves the relays alone: they are valid still.
bool same_relay_source(const Config &a, const Config &b) {
  auto same = [](const HttpHeader &one, const HttpHeader &other) {
    return one.name == other.name && one.value == other.value;
  };
  return a.ice_servers_url == b.ice_servers_url &&
         std::equal(a.token_headers.begin(), a.token_headers.end(), b.token_headers.begin(),
                    b.token_headers.end(), same);
}

// Nobody watches the network yet: a connection that was idle for longer may be dead.
constexpr Duration kKeptAhead = std::chrono::seconds(30);

}  // namespace

ServiceAccess::ServiceAccess(EventLoop &loop, std::weak_ptr<CoreOutput> output,
                             RelaysCallback on_relays, WarningCallback on_warning)
    : loop_(loop),
      output_(std::move(output)),
      on_relays_(std::move(on_relays)),
      on_warning_(std::move(on_warning)) {}

void ServiceAccess::connect_ahead(const Config &config) {
  if (http_) return;
  bool fits = ahead_url_ == config.base_url && ahead_options_ == config.http;
  if (ahead_ && fits && Clock::now() - ahead_since_ < kKeptAhead) return;
  ahead_.reset();
  if (!has_credential(config)) return;
  ahead_since_ = Clock::now();
  ahead_url_ = config.base_url;
  ahead_options_ = config.http;
  ahead_ = HttpClient::create(loop_, config.http);
  ahead_->warm_up(config.base_url);
}

void ServiceAccess::prepare(const std::shared_ptr<const Config> &config) {
  if (config_ == config && tokens_) {
    retry_relays();
    return;
  }
  bool same_http = http_ && config_->http == config->http;
  bool same_relays = same_http && relay_source_ && same_relay_source(*config_, *config);
  config_ = config;
  tokens_.reset();
  if (!same_http) {
    http_ = nullptr;
    connect_ahead(*config_);
    http_ = ahead_ ? std::exchange(ahead_, nullptr) : HttpClient::create(loop_, config_->http);
  }
  tokens_ = std::make_unique<TokenCache>(loop_, make_provider());
  probe_ = make_reachability_probe(loop_, config_->base_url, config_->http.proxy);
  if (same_relays) {
    retry_relays();
    return;
  }
  relays_.clear();
  relays_fault_.reset();
  watch_relays();
}

bool ServiceAccess::has_credential(const Config &config) {
  if (!config.ephemeral_key.empty() || !config.token_url.empty()) return true;
  if (!config.api_key.empty()) return true;
  auto output = output_.lock();
  return output && output->somebody_answers_request_token();
}

void ServiceAccess::probe(Duration timeout, ReachabilityProbe::Callback callback) {
  if (probe_) probe_->ask(timeout, std::move(callback));
}

void ServiceAccess::network_changed() {
  if (http_) http_->network_changed();
  retry_relays();
}

std::unique_ptr<TokenProvider> ServiceAccess::make_provider() {
  const Config &config = *config_;
  if (!config.ephemeral_key.empty()) return make_static_provider(loop_, config.ephemeral_key);
  if (!config.token_url.empty()) {
    TokenUrlOptions options;
    options.url = config.token_url;
    options.headers = config.token_headers;
    options.session_json = config.session.dump();
    options.timeout = config.connect_timeout;
    return make_token_url_provider(http_, std::move(options));
  }
  auto output = output_.lock();
  if (output && output->somebody_answers_request_token()) {
    std::weak_ptr<CoreOutput> weak = output_;
    return make_request_provider(loop_, [weak] {
      auto strong = weak.lock();
      return strong ? strong->request_token() : Secret();
    });
  }
  MintOptions options;
  options.base_url = config.base_url;
  options.api_key = config.api_key;
  options.azure = config.azure;
  options.safety_identifier = config.safety_identifier;
  options.session_json = config.session.dump();
  options.lifetime_s = config.token_lifetime_s;
  options.timeout = config.connect_timeout;
  return make_mint_provider(http_, std::move(options));
}

// A source that failed waits longer and longer; a call that has to be made now does not.
void ServiceAccess::retry_relays() {
  if (!relays_fault_ || Clock::now() < *relays_fault_) return;
  relays_fault_.reset();
  watch_relays();
}

void ServiceAccess::watch_relays() {
  relay_source_.reset();
  auto output = output_.lock();
  if (!config_->ice_servers_url.empty()) {
    IceServersUrlOptions options;
    options.url = config_->ice_servers_url;
    options.headers = config_->token_headers;
    options.timeout = config_->connect_timeout;
    relay_source_ = make_ice_servers_url_source(loop_, http_, std::move(options));
  } else if (output && output->somebody_answers_request_ice_servers()) {
    std::weak_ptr<CoreOutput> weak = output_;
    relay_source_ = make_ice_servers_request_source(loop_, [weak] {
      auto strong = weak.lock();
      return strong ? strong->request_ice_servers() : Secret();
    });
  } else {
    return;
  }
  relay_source_->start([this](Result<RelayCredentials> answer) {
    if (!answer) {
      auto pause = answer.error().retry_after.value_or(milliseconds(0));
      relays_fault_ = Clock::now() + pause;
      // Once, until they come again; the log has every attempt.
      if (!std::exchange(relays_warned_, true)) on_warning_(answer.error());
      return;
    }
    relays_fault_.reset();
    relays_warned_ = false;
    relays_ = std::move(answer.value().turn_servers);
    on_relays_(relays_.empty() ? config_->peer.turn_servers : relays_);
  });
}

}  // namespace oairt
