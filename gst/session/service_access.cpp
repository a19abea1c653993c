#include "session/service_access.h"

#include <utility>

namespace oairt {
namespace {

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
  if (config_ == config && tokens_) return;
  config_ = config;
  tokens_.reset();
  relay_source_.reset();
  relays_.clear();
  connect_ahead(*config_);
  http_ = ahead_ ? std::exchange(ahead_, nullptr) : HttpClient::create(loop_, config_->http);
  tokens_ = std::make_unique<TokenCache>(loop_, make_provider());
  probe_ = make_reachability_probe(loop_, config_->base_url, config_->http.proxy);
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

void ServiceAccess::watch_relays() {
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
      on_warning_(answer.error());
      return;
    }
    relays_ = std::move(answer.value().turn_servers);
    on_relays_(relays_);
  });
}

}  // namespace oairt
