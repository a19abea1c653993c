// A whole client in one object, to face the simulator's transport: ICE checks from a socket of its
// own, DTLS server, SRTP, SCTP and DCEP. It does only what it is told, so that tests can lie with
// it. Thread-bound to the default main context. Never retries by itself, except DTLS's own timers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "transport/sctp.h"
#include "transport/srtp.h"
#include "transport/stun.h"

struct ssl_st;
struct ssl_ctx_st;

namespace oairt::sim::test {

class MiniClient {
 public:
  explicit MiniClient(bool tcp = false) : tcp_(tcp) {}
  ~MiniClient();

  std::string offer() const;
  // Reads credentials and ports of the answer, and opens a socket.
  void accept(const std::string &answer);
  void open_socket();  // a new one: the old address is gone
  void send_check(bool nominate);
  void send_check_with(const std::string &username, const std::string &password, bool nominate);
  void send_raw(BytesView packet);
  void start_channel(const std::string &label);  // once DTLS is up
  void send_text(const std::string &text);
  void reset_channel();
  void send_rtp(uint16_t sequence, BytesView payload, uint32_t ssrc = 1234);
  void leave();  // close_notify

  std::string ufrag = "user", pwd = "passwordpasswordpassword";
  std::string server_ufrag, server_pwd;
  uint16_t udp_port = 0, tcp_port = 0;
  unsigned dtls_timeout_ms = 1000;
  std::string extra_data_lines;                           // of the offer's data section
  std::function<bool(bool outgoing, BytesView)> is_lost;  // decides on each packet

  int checks_answered = 0, packets = 0, rtp_packets = 0, rtcp_packets = 0, channel_resets = 0;
  std::vector<int> check_errors;
  bool dtls_up = false, dtls_closed = false, association_lost = false, channel_acked = false;
  std::vector<std::string> texts;
  Bytes last_payload;

 private:
  friend struct ClientBio;
  bool on_readable();
  void on_packet(BytesView packet);
  void on_stun(BytesView packet);
  void on_dtls(BytesView packet);
  void on_dtls_up();
  void start_dtls();
  void send_dtls(BytesView data);

  bool tcp_;
  int fd_ = -1;
  Source readable_, dtls_timer_;
  Bytes tcp_input_;
  ssl_ctx_st *context_ = nullptr;
  ssl_st *ssl_ = nullptr;
  BytesView incoming_;
  std::unique_ptr<Srtp> srtp_;
  std::unique_ptr<Sctp> sctp_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace oairt::sim::test
