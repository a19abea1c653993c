// One path to the peer: a NiceAgent of its own with freshly gathered addresses. Several may live at
// once; which of them carries the call is the agent's business.
// Thread-bound to the event loop; libnice may signal a state from a sending thread, that is posted.
// Never logs credentials, never waits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/secret.h"
#include "rtc/ice_addresses.h"
#include "rtc/ice_agent.h"
#include "rtc/ice_candidate.h"
#include "rtc/ice_channel.h"
#include "rtc/ice_check.h"
#include "rtc/ice_early.h"
#include "rtc/ice_peek.h"
#include "rtc/ice_servers.h"
#include "rtc/ice_stats.h"

namespace oairt {

struct IcePathConfig {
  IceAgent::Credentials local, remote;
  std::vector<Destination> destinations;  // decide which local addresses are gathered
  std::optional<ServerAddress> stun;
  bool relay_only = false;
  bool tcp = false;  // TCP in place of UDP
  enum class Devices { All, Preferred, Others } devices = Devices::All;
  bool controlling = true;
  bool aggressive = true;
  Duration pacing = milliseconds(5);
  unsigned tos = 0;
};

class IcePath;

class IcePathListener {
 public:
  virtual ~IcePathListener() = default;
  virtual void on_path_state(const std::shared_ptr<IcePath> &path, IceState state) = 0;
  virtual void on_path_pair(const std::shared_ptr<IcePath> &path) = 0;
  virtual void on_path_packet(const IcePath &path, const uint8_t *data, std::size_t size) = 0;
  // The peer answered a probe.
  virtual void on_path_answer(const std::shared_ptr<IcePath> &path, Duration round_trip) = 0;
};

class IcePath : public std::enable_shared_from_this<IcePath> {
 public:
  IcePath(EventLoop &loop, std::weak_ptr<IcePathListener> listener, IcePathConfig config);
  ~IcePath();
  IcePath(const IcePath &) = delete;
  IcePath &operator=(const IcePath &) = delete;

  // False if there is no address to send from as yet; then this path is of no use.
  bool gather();
  // What is known already is skipped.
  void add_relays(const std::vector<RelayServer> &relays);
  void add_remote(const std::vector<IceCandidate> &candidates);
  void set_tos(unsigned tos);
  // Asks the peer for a sign of life and tells it that this is the path to use. Needs a pair that
  // was once connected; whether libnice still thinks so does not matter. False: nothing was sent.
  bool probe();
  // Bytes that came from the peer by a way that no socket of the path shows.
  void overhear(const uint8_t *data, std::size_t size);
  // Whether the machine can still send from it: the address is there and its device is up.
  bool has_address(const std::vector<LocalAddress> &now) const;
  // Ends it; `done` runs in the loop when TURN servers have their allocations back, maybe at once.
  void close(std::function<void()> done);

  bool released() const { return released_; }  // close() is complete
  IceState state() const { return state_; }
  TimePoint begun() const { return begun_; }
  const IcePathConfig &config() const { return config_; }
  const std::shared_ptr<IceWire> &wire() const { return wire_; }
  IceSnapshot snapshot() const;

 private:
  static void on_state(NiceAgent *agent, guint stream, guint component, guint state, gpointer self);
  static void on_pair(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
                      NiceCandidate *remote, gpointer self);
  static void on_packet(NiceAgent *agent, guint stream, guint component, guint size, gchar *data,
                        gpointer self);
  static void on_relays_released(GObject *agent, GAsyncResult *result, gpointer data);
  gulong connect_signal(const char *signal, GCallback callback);
  void handle_state(IceState state);
  void prepare_sockets(const std::vector<LocalAddress> &addresses, bool pin);
  void watch_sockets();
  std::string device_of(const std::string &address) const;
  void deliver(const uint8_t *data, std::size_t size);
  bool has_allocation() const;
  void detach();

  const TimePoint begun_ = Clock::now();
  EventLoop &loop_;
  const std::weak_ptr<IcePathListener> listener_;
  const IcePathConfig config_;
  Ref<NiceAgent> agent_;
  guint stream_ = 0;
  gulong state_handler_ = 0, pair_handler_ = 0;
  std::shared_ptr<IceWire> wire_;
  std::unique_ptr<EarlyReader> early_;  // until it is connected
  IceChecks checks_;
  std::unique_ptr<SocketPeek> peek_;
  std::vector<LocalAddress> addresses_;  // it gathered from
  bool was_connected_ = false;
  IceState state_ = IceState::New;
  std::vector<IceCandidate> remote_;
  std::vector<RelayServer> relays_;
  bool closed_ = false, released_ = false;
};

}  // namespace oairt
