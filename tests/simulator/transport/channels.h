// Data channels of one peer: DCEP (RFC 8832) and text messages over an SCTP association.
// Thread-bound to the transport's context.
// Never opens a channel itself: the client does, or both know of it beforehand.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "transport/sctp.h"

namespace oairt::sim {

class DataChannels {
 public:
  struct Hooks {
    std::weak_ptr<void> owner;
    std::function<void(BytesView)> send;
    std::function<void(const std::string &label)> on_open;
    std::function<void(const std::string &label, const std::string &text)> on_message;
    std::function<void(const std::string &label)> on_closed;
  };

  // `agreed`: the stream of the event channel, where both sides know it without DCEP.
  DataChannels(std::shared_ptr<SctpEngine> engine, uint16_t remote_port, size_t max_message_bytes,
               std::optional<uint16_t> agreed, Hooks hooks);

  void start() { sctp_.start(); }
  void receive(BytesView packet) { sctp_.receive(packet); }
  // False: there is no such channel, or the text is larger than the peer takes.
  bool send(const std::string &label, const std::string &text);
  void close_channel(const std::string &label);
  void close(bool abort);  // no callback after this

 private:
  enum class State { Open, Closing };
  struct Channel {
    std::string label;
    bool unordered = false;
    State state = State::Open;
  };

  void on_up();
  void on_message(uint16_t stream, uint32_t ppid, Bytes message);
  void on_open_request(uint16_t stream, BytesView message);
  void on_stream_reset(uint16_t stream);
  void close_stream(uint16_t stream);
  void on_lost();

  size_t max_message_bytes_;
  std::optional<uint16_t> agreed_;
  Hooks hooks_;
  bool closed_ = false;
  std::map<uint16_t, Channel> channels_;
  Sctp sctp_;
};

struct DcepOpen {
  uint8_t channel_type = 0;
  std::string label, protocol;
};
std::optional<DcepOpen> parse_dcep_open(BytesView message);

}  // namespace oairt::sim
