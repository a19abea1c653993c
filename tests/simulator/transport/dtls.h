// The DTLS 1.2 client of one peer, over datagrams that somebody else carries.
// Thread-bound to the transport's context.
// Never speaks before the peer's certificate matched the fingerprint of the offer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <glib.h>

#include "transport/bytes.h"
#include "transport/source.h"

struct ssl_st;
struct x509_store_ctx_st;

namespace oairt::sim {

struct SrtpKeys {
  std::string profile;  // as OpenSSL names it, e.g. "SRTP_AES128_CM_SHA1_80"
  Bytes local, remote;  // master key and salt in one piece
};

class Dtls {
 public:
  struct Hooks {
    std::weak_ptr<void> owner;  // held while a timer runs in here
    std::function<void(BytesView)> send;
    std::function<void()> on_connected;
    std::function<void(BytesView)> on_data;
    std::function<void(const std::string &reason)> on_closed;
  };

  Dtls(GMainContext *context, std::string remote_fingerprint, unsigned retransmit_ms,
       bool repeat_at_once, Hooks hooks);
  ~Dtls();
  Dtls(const Dtls &) = delete;
  Dtls &operator=(const Dtls &) = delete;

  void start();  // later calls do nothing
  void receive(BytesView datagram);
  void send(BytesView data);
  // Empty if the peer agreed to none.
  SrtpKeys srtp_keys() const;
  bool connected() const { return state_ == State::Connected; }
  void close(bool notify);  // no callback after this

 private:
  enum class State { New, Handshaking, Connected, Closed };

  static int verify_peer(x509_store_ctx_st *store, void *);
  friend struct DtlsBio;

  void advance();
  void read_data();
  void fail(const std::string &reason);
  unsigned next_timeout_us(unsigned previous_us);
  void arm_timer();
  bool on_timer();
  void resend_flight();
  void on_output(BytesView datagram);
  void flush();
  bool is_old_flight(BytesView datagram) const;
  void note_messages(BytesView datagram);

  GMainContext *context_;
  std::string remote_fingerprint_;
  unsigned retransmit_ms_;
  bool repeat_at_once_;
  Hooks hooks_;
  State state_ = State::New;
  ssl_st *ssl_ = nullptr;
  BytesView incoming_;  // the datagram that OpenSSL may read now
  Source timer_;

  // The datagrams of our last flight, to be sent again as they are: receivers drop the copies that
  // they know by the record number, so this can be done as often as we like.
  std::vector<Bytes> flight_;
  size_t sent_ = 0;              // datagrams of it
  bool flight_complete_ = true;  // the next output begins a new one
  int timeouts_ = 0;             // of OpenSSL, since the last progress
  int newest_message_ = -1;      // the peer's highest handshake message number so far
  int answered_message_ = -1;    // the same when our last flight began
  gint64 resent_at_us_ = 0;
};

}  // namespace oairt::sim
