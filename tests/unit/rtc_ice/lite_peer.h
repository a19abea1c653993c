// An ICE-lite peer on 127.0.0.1, UDP and TCP: answers checks, follows the nominated address, echoes
// the rest. It can be deaf, refuse to follow, or speak before it answers.
// Thread-safe; works on a loop of its own.
// Never shares code with the agent under test, except for libnice's STUN messages.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gio/gio.h>
#include <stun/usages/ice.h>

#include "base/event_loop.h"
#include "base/ref.h"

namespace oairt::test {

class LitePeer {
 public:
  using Bytes = std::vector<uint8_t>;

  explicit LitePeer(std::string address = "127.0.0.1");
  ~LitePeer();

  const std::string ufrag = "liteufrag", pwd = "litepasswordlitepassword";
  std::string udp_candidate() const { return candidate("udp", udp_port_, "2130706431", ""); }
  std::string tcp_candidate() const {
    return candidate("tcp", tcp_port_, "1671430143", " tcptype passive");
  }

  void send(Bytes bytes);                   // to the nominated address
  void send_before_answering(Bytes bytes);  // once, to the next check's sender
  std::string remote() const;               // the nominated address
  std::set<std::string> sources() const;    // everyone who sent a check

  std::atomic<bool> deaf{false};  // drops all that comes
  std::atomic<bool> deaf_on_udp{false};
  std::atomic<bool> echo{true};
  // Answers that must not count: signed with another password, or to a check that nobody made.
  enum class Forgery { None, Password, Transaction };
  std::atomic<Forgery> forgery{Forgery::None};
  std::atomic<bool> follow{true};  // goes to where it was nominated last
  std::atomic<int> checks{0}, nominations{0}, packets{0}, dropped{0};
  std::function<void(const Bytes &)> on_packet;  // in the peer's loop; set before use

 private:
  struct Remote {
    Ref<GSocket> socket;
    Ref<GSocketAddress> address;  // none on TCP
    std::string name;
  };
  struct Stream {
    Ref<GSocket> socket;
    std::string name;
    Bytes pending;
  };
  std::string candidate(const char *protocol, uint16_t port, const char *priority,
                        const char *tail) const;
  void watch(GSocket *socket, std::function<bool()> ready);
  bool read_udp();
  bool accept_tcp();
  bool read_tcp(Stream &stream);
  void handle(const Remote &from, Bytes bytes);
  bool answer_check(const Remote &from, const Bytes &bytes);
  static void transmit(const Remote &to, const Bytes &bytes);
  static bool validate(StunAgent *agent, StunMessage *message, uint8_t *username, uint16_t length,
                       uint8_t **password, size_t *password_length, void *self);

  const std::string address_;
  uint16_t udp_port_ = 0, tcp_port_ = 0;
  Ref<GSocket> udp_, listener_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<GSource *> sources_;
  StunAgent stun_;
  mutable std::mutex mutex_;
  Remote nominated_;
  std::set<std::string> seen_;
  Bytes early_;
  std::unique_ptr<EventLoop> loop_;
};

}  // namespace oairt::test
