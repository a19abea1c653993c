// The data channel "oai-events": whole JSON messages in and out of webrtcbin's channel object.
// Thread-bound to the event loop.
// Never hands out a message or takes one before allow() was called: the peer must be verified
// first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ref.h"
#include "rtc/mailbox.h"
#include "rtc/message_assembler.h"
#include "rtc/signal_handler.h"

typedef struct _GstWebRTCDataChannel GstWebRTCDataChannel;

namespace oairt {

class DataChannelListener {
 public:
  virtual ~DataChannelListener() = default;
  // Each may destroy the channel.
  virtual void on_channel_open() = 0;
  virtual void on_channel_closed() = 0;
  virtual void on_bad_message() = 0;  // text that is no JSON message was dropped
  virtual void on_message(std::string text) = 0;
};

class DataChannel {
 public:
  DataChannel(EventLoop &loop, std::shared_ptr<Mailbox> mailbox, DataChannelListener &listener);
  ~DataChannel();
  // Makes the channel in webrtcbin, before the offer. False if it cannot be made. With a `stream`
  // nobody opens it: both sides know it beforehand, and it is open with the association.
  bool create(GstElement *webrtcbin, std::optional<uint16_t> stream = std::nullopt);
  void allow();
  // As the answer says; without it we stay below what every peer takes.
  void set_remote_limit(std::optional<uint64_t> bytes, std::size_t ours);
  bool send(const std::string &text);
  std::size_t max_send_size() const { return max_send_size_; }
  bool is_open() const { return open_ && allowed_; }
  std::optional<TimePoint> opened() const { return opened_; }
  // webrtcbin's own; to be held for as long as it streams. Null before create().
  Ref<GObject> object() const;
  void handle_association_lost() { handle_closed(); }

 private:
  static constexpr std::size_t kDefaultLimit = 65535;  // some peers read into buffers of this size
  // How long whole messages wait for the rest of one before them: a few retransmissions.
  static constexpr Duration kMaxHold = milliseconds(3000);
  static constexpr std::size_t kMaxEarlyBytes = MessageAssembler::kMaxBytes;

  void connect_signals();
  void handle_open(TimePoint when);
  void handle_closed();
  void handle_piece(const std::string &piece);
  void handle_messages(MessageAssembler::Messages messages);
  void watch_held();
  void deliver();

  EventLoop &loop_;
  std::shared_ptr<Mailbox> mailbox_;
  DataChannelListener &listener_;
  struct Unref {
    void operator()(GstWebRTCDataChannel *channel) const { g_object_unref(channel); }
  };
  std::unique_ptr<GstWebRTCDataChannel, Unref> channel_;
  std::vector<SignalHandler> signals_;
  MessageAssembler assembler_;
  std::deque<std::string> early_;  // messages that came before allow()
  std::size_t early_bytes_ = 0;
  std::optional<EventLoop::TimerId> hold_timer_;
  std::size_t max_send_size_ = kDefaultLimit;
  std::optional<TimePoint> opened_;
  bool allowed_ = false, open_ = false, closed_ = false, announced_ = false;
};

}  // namespace oairt
