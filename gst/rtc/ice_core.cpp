#include "rtc/ice_core.h"

#include <algorithm>
#include <cstring>

#include <sys/random.h>

#include "base/log.h"
#include "rtc/ice_gobject.h"

OAIRT_LOG_DEFINE(ice, "openairealtime-ice", "ICE agent and paths")
OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

constexpr std::size_t kMaxCredential = 256;  // RFC 8839, 5.4

// True random: an ICE password guards the path against strangers.
std::string random_ice_text(std::size_t size) {
  static constexpr char kChars[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    ssize_t got = getrandom(text.data() + filled, size - filled, 0);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  for (char &c : text) c = kChars[static_cast<unsigned char>(c) % 64];
  return text;
}

bool usable_credential(const char *text) {
  return text != nullptr && *text != '\0' && std::strlen(text) <= kMaxCredential;
}

}  // namespace

std::shared_ptr<IceAgent> IceAgent::create(EventLoop &loop, IceOptions options) {
  auto core = std::make_shared<IceCore>(loop, std::move(options));
  core->init();
  // The core lives as long as webrtcbin holds the GObject; its work ends with the last owner here.
  return std::shared_ptr<IceAgent>(static_cast<IceAgent *>(core.get()),
                                   [core](IceAgent *) { core->close(); });
}

IceCore::IceCore(EventLoop &loop, IceOptions options) : loop_(loop), options_(std::move(options)) {
  g_weak_ref_init(&transport_, nullptr);
}

IceCore::~IceCore() { g_weak_ref_clear(&transport_); }

void IceCore::init() {
  std::weak_ptr<IceCore> weak = weak_from_this();
  channel_ = std::make_shared<IceChannel>(
      options_.dtls_repeat, options_.opening_repeat, options_.resume_after, [weak] {
        if (auto core = weak.lock()) core->post([](IceCore &self) { self.schedule_repeat(); });
      });
  servers_ = std::make_shared<IceServers>(
      [weak] {
        if (auto core = weak.lock()) core->on_servers_changed();
      },
      [weak](const uint8_t *data, std::size_t size) {
        auto core = weak.lock();
        if (core && core->active_) core->active_->overhear(data, size);
      });
  post([](IceCore &self) { self.configure_servers(); });
}

void IceCore::configure_servers() {
  servers_->set_ca_file(options_.ca_file);
  auto report = [](const Error &error) { LOG_WARNING("%s", error.message.c_str()); };
  if (!options_.stun_server.empty()) {
    auto uri = parse_stun_uri(options_.stun_server);
    uri ? servers_->set_stun(std::move(uri).value()) : report(uri.error());
  }
  add_turn_servers(options_.turn_servers);
  if (!options_.proxy.empty()) {
    auto uri = parse_proxy_uri(options_.proxy);
    uri ? servers_->set_proxy(std::move(uri).value()) : report(uri.error());
  }
  options_.turn_servers.clear();
  servers_->resolve();
}

void IceCore::add_turn_servers(const std::vector<Secret> &turn_servers) {
  for (const Secret &server : turn_servers) {
    auto uri = parse_turn_uri(server.reveal());
    if (uri) {
      servers_->add_turn(std::move(uri).value());
    } else {
      LOG_WARNING("%s", uri.error().message.c_str());
    }
  }
}

void IceCore::set_turn_servers(const std::vector<Secret> &turn_servers) {
  loop_.assert_in_loop();
  if (ended_) return;
  servers_->clear_turn();
  add_turn_servers(turn_servers);
  servers_->resolve();
  // An effort under way may as well use them; what is in use is left alone.
  on_servers_changed();
}

void IceCore::post(std::function<void(IceCore &)> task) {
  LockGuard lock(mutex_);
  if (!open_) return;
  loop_.post([weak = weak_from_this(), task = std::move(task)] {
    auto core = weak.lock();
    if (core && !core->ended_) task(*core);
  });
}

GstWebRTCICE *IceCore::new_reference() { return make_ice_object(shared_from_this()); }

void IceCore::set_state_callback(StateCallback callback) {
  loop_.assert_in_loop();
  state_callback_ = std::move(callback);
}

std::optional<IcePair> IceCore::selected_pair() const { return snapshot().pair(); }

IceSnapshot IceCore::snapshot() const {
  LockGuard lock(mutex_);
  return snapshot_;
}

IceCounters IceCore::counters() const {
  IceCounters counters;
  counters.swaps = swaps_;
  counters.paths = paths_;
  counters.replayed_records = channel_->replays();
  counters.probes = probes_;
  counters.answers = answers_;
  counters.round_trip = channel_->round_trip();
  counters.repeated_records = channel_->repeats();
  counters.send_drops = channel_->send_drops();
  counters.receive_drops = channel_->receive_drops();
  counters.ignored_candidates = ignored_;
  return counters;
}

void IceCore::attach_transport(GstWebRTCICETransport *transport) {
  g_weak_ref_set(&transport_, transport);
}

bool IceCore::set_local(const char *ufrag, const char *pwd) {
  if (!usable_credential(ufrag) || !usable_credential(pwd)) return false;
  post([local = Credentials{ufrag, Secret(pwd)}](IceCore &self) {
    self.local_ = local;
    self.schedule_sync();
  });
  return true;
}

bool IceCore::set_remote(const char *ufrag, const char *pwd) {
  if (!usable_credential(ufrag) || !usable_credential(pwd)) return false;
  post([remote = Credentials{ufrag, Secret(pwd)}](IceCore &self) {
    bool other = remote.ufrag != self.remote_.ufrag || !(remote.pwd == self.remote_.pwd);
    // Candidates belong to the credentials they came with.
    if (other && !self.remote_.ufrag.empty()) self.candidates_.clear();
    self.remote_ = remote;
    self.schedule_sync();
  });
  return true;
}

void IceCore::add_candidate(const char *line) {
  if (line == nullptr || *line == '\0') return;  // end of candidates
  post([text = std::string(line)](IceCore &self) {
    if (self.candidates_.add(text)) {
      self.schedule_sync();
    } else if (self.candidates_.ignored() != self.ignored_) {
      self.ignored_ = self.candidates_.ignored();
      LOG_INFO("candidate of the peer ignored: %s",
               self.candidates_.list().size() >= IceCandidateList::kMax
                   ? "too many"
                   : to_string(self.candidates_.last_fault()));
    }
  });
}

bool IceCore::set_stun(const char *text) {
  std::optional<ServerUri> uri;
  if (text != nullptr && *text != '\0') {
    auto parsed = parse_stun_uri(text);
    if (!parsed) return false;
    uri = std::move(parsed).value();
  }
  post([uri](IceCore &self) {
    self.servers_->set_stun(uri);
    self.servers_->resolve();
  });
  return true;
}

bool IceCore::add_turn(const char *text, bool replace) {
  std::optional<ServerUri> uri;
  if (text != nullptr && *text != '\0') {
    auto parsed = parse_turn_uri(text);
    if (!parsed) return false;
    uri = std::move(parsed).value();
  }
  post([uri, replace](IceCore &self) {
    if (replace) self.servers_->clear_turn();
    if (uri) self.servers_->add_turn(*uri);
    self.servers_->resolve();
    self.on_servers_changed();
  });
  return true;
}

bool IceCore::set_proxy(const char *text) {
  std::optional<ServerUri> uri;
  if (text != nullptr && *text != '\0') {
    auto parsed = parse_proxy_uri(text);
    if (!parsed) return false;
    uri = std::move(parsed).value();
  }
  post([uri](IceCore &self) {
    self.servers_->set_proxy(uri);
    self.servers_->resolve();
  });
  return true;
}

void IceCore::set_relay_only(bool relay_only) {
  post([relay_only](IceCore &self) { self.options_.relay_only = relay_only; });
}

void IceCore::set_tos(unsigned tos) {
  post([tos](IceCore &self) {
    self.tos_ = tos;
    if (self.active_) self.active_->set_tos(tos);
  });
}

void IceCore::request_close() {
  post([](IceCore &self) { self.close(); });
}

IceAgent::Credentials IceCore::begin_restart() {
  loop_.assert_in_loop();
  restart_local_ = Credentials{random_ice_text(8), Secret(random_ice_text(32))};
  return *restart_local_;
}

void IceCore::finish_restart(const Credentials &remote,
                             const std::vector<std::string> &candidates) {
  loop_.assert_in_loop();
  if (ended_ || !restart_local_) return;
  end_rounds();  // theirs are the old credentials
  if (active_ && !before_restart_) before_restart_ = Before{local_, remote_, candidates_};
  local_ = *std::exchange(restart_local_, std::nullopt);
  remote_ = remote;
  candidates_.clear();
  for (const std::string &line : candidates) candidates_.add(line);
  ignored_ = candidates_.ignored();
  if (ready()) start_round("restart");
}

}  // namespace oairt
