// One SCTP association over somebody else's datagrams, by usrsctp without its threads.
// Thread-bound to the transport's context; all associations of a process share one context.
// Never calls back from inside the library: what it reports is kept until it has returned.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

#include <glib.h>

#include "base/clock.h"
#include "transport/bytes.h"
#include "transport/source.h"

struct socket;

namespace oairt::sim {

class Sctp;

// The library's process-wide part: its timers, and who an address handle belongs to.
class SctpEngine {
 public:
  static std::shared_ptr<SctpEngine> get(GMainContext *context);

 private:
  friend class Sctp;
  explicit SctpEngine(GMainContext *context) : context_(context) {}
  uintptr_t add(Sctp *association);
  void remove(uintptr_t id);
  bool on_tick();

  GMainContext *context_;
  std::weak_ptr<SctpEngine> self_;
  Source ticker_;
  TimePoint ticked_, last_use_;
};

class Sctp {
 public:
  struct Hooks {
    std::weak_ptr<void> owner;  // held while a timer runs in here
    std::function<void(BytesView)> send;
    std::function<void()> on_up;
    std::function<void(uint16_t stream, uint32_t ppid, Bytes message)> on_message;
    std::function<void(uint16_t stream)> on_stream_reset;  // by the peer
    std::function<void(uint16_t stream)> on_oversized;     // the message was thrown away
    std::function<void()> on_lost;                         // the association is gone
  };

  Sctp(std::shared_ptr<SctpEngine> engine, uint16_t remote_port, Hooks hooks);
  ~Sctp();
  Sctp(const Sctp &) = delete;
  Sctp &operator=(const Sctp &) = delete;

  void start();
  void receive(BytesView packet);
  // Queued if the association is not up or busy; false if too much is waiting already.
  bool send(uint16_t stream, uint32_t ppid, Bytes message, bool unordered);
  void reset_stream(uint16_t stream);  // once what was sent on it before is out
  void close(bool abort);              // no callback after this

 private:
  friend class SctpEngine;
  friend struct SctpLibrary;

  struct Event {
    enum class Kind { Up, Message, Reset, Oversized, Lost } kind;
    uint16_t stream = 0;
    uint32_t ppid = 0;
    Bytes message;
  };
  struct Outgoing {
    uint16_t stream;
    uint32_t ppid;
    Bytes message;
    bool unordered;
    size_t sent = 0;
  };
  struct Partial {
    Bytes message;
    bool oversized = false;
  };

  void on_piece(uint16_t stream, uint32_t ppid, BytesView piece, bool last);
  void on_notification(BytesView notification);
  void process();
  void pump();
  bool send_piece(Outgoing &outgoing);
  bool try_reset(uint16_t stream);

  std::shared_ptr<SctpEngine> engine_;
  uint16_t remote_port_;
  Hooks hooks_;
  uintptr_t id_;
  struct socket *socket_ = nullptr;
  bool up_ = false;
  bool closed_ = false;
  std::deque<Event> events_;
  std::deque<Outgoing> queue_;
  size_t queued_bytes_ = 0;
  std::set<uint16_t> resets_;
  std::unordered_map<uint16_t, Partial> partials_;
};

}  // namespace oairt::sim
