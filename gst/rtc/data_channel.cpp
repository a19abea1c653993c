#include "rtc/data_channel.h"

#include <algorithm>
#include <utility>

#include <gst/webrtc/webrtc.h>

#include "base/log.h"

OAIRT_LOG_USE(rtc)

namespace oairt {
namespace {

constexpr const char *kLabel = "oai-events";

}  // namespace

DataChannel::DataChannel(EventLoop &loop, std::shared_ptr<Mailbox> mailbox,
                         DataChannelListener &listener)
    : loop_(loop), mailbox_(std::move(mailbox)), listener_(listener) {}

DataChannel::~DataChannel() {
  if (hold_timer_) loop_.cancel(*hold_timer_);
}

bool DataChannel::create(GstElement *webrtcbin, std::optional<uint16_t> stream) {
  GstWebRTCDataChannel *channel = nullptr;
  UniqueStructure options(
      gst_structure_new("application/data-channel", "ordered", G_TYPE_BOOLEAN, TRUE, nullptr));
  if (stream) {
    gst_structure_set(options.get(), "negotiated", G_TYPE_BOOLEAN, TRUE, "id", G_TYPE_INT,
                      gint{*stream}, nullptr);
  }
  g_signal_emit_by_name(webrtcbin, "create-data-channel", kLabel, options.get(), &channel);
  channel_.reset(channel);
  if (channel_) connect_signals();
  return channel_ != nullptr;
}

Ref<GObject> DataChannel::object() const {
  return channel_ ? Ref<GObject>::share(G_OBJECT(channel_.get())) : Ref<GObject>();
}

void DataChannel::connect_signals() {
  GstWebRTCDataChannel *channel = channel_.get();
  signals_.push_back(SignalHandler::connect<>(channel, "on-open", [box = mailbox_, this] {
    box->post([this, when = Clock::now()] { handle_open(when); });
  }));
  signals_.push_back(SignalHandler::connect<>(
      channel, "on-close", [box = mailbox_, this] { box->post([this] { handle_closed(); }); }));
  signals_.push_back(SignalHandler::connect<gchar *>(
      channel, "on-message-string", [box = mailbox_, this](gchar *text) {
        if (text == nullptr) return;
        box->post([this, piece = std::string(text)] { handle_piece(piece); });
      }));
  signals_.push_back(SignalHandler::connect<GError *>(channel, "on-error", [](GError *error) {
    LOG_WARNING("data channel: %s", error != nullptr ? error->message : "unknown error");
  }));
}

void DataChannel::set_remote_limit(std::optional<uint64_t> bytes, std::size_t ours) {
  if (!bytes) return;
  uint64_t limit = *bytes == 0 ? ours : std::min<uint64_t>(*bytes, ours);
  max_send_size_ = static_cast<std::size_t>(limit);
}

bool DataChannel::send(const std::string &text) {
  if (!is_open() || text.empty() || text.size() > max_send_size_) return false;
  GError *error = nullptr;
  gboolean sent = FALSE;
  sent = gst_webrtc_data_channel_send_string_full(channel_.get(), text.c_str(), &error);
  UniqueError owner(error);
  if (!sent) LOG_WARNING("cannot send: %s", error != nullptr ? error->message : "not open");
  return sent != FALSE;
}

void DataChannel::allow() {
  allowed_ = true;
  deliver();
}

void DataChannel::handle_open(TimePoint when) {
  if (closed_ || open_) return;
  open_ = true;
  opened_ = when;
  deliver();
}

void DataChannel::handle_closed() {
  if (std::exchange(closed_, true)) return;
  open_ = false;
  LOG_INFO("data channel closed");
  listener_.on_channel_closed();
}

void DataChannel::handle_piece(const std::string &piece) {
  LOG_TRACE("piece of %zu bytes", piece.size());
  uint64_t dropped = assembler_.dropped();
  MessageAssembler::Messages messages = assembler_.feed(piece);
  watch_held();
  auto box = mailbox_;
  if (assembler_.dropped() != dropped) listener_.on_bad_message();
  if (box->is_open()) handle_messages(std::move(messages));
}

void DataChannel::watch_held() {
  if (assembler_.is_holding() == hold_timer_.has_value()) return;
  if (hold_timer_) {
    loop_.cancel(*std::exchange(hold_timer_, std::nullopt));
    return;
  }
  hold_timer_ = loop_.call_after(kMaxHold, [this] {
    hold_timer_.reset();
    LOG_WARNING("the rest of a large message did not come");
    handle_messages(assembler_.give_up());
  });
}

void DataChannel::handle_messages(MessageAssembler::Messages messages) {
  for (std::string &message : messages) {
    if (early_bytes_ + message.size() > kMaxEarlyBytes) {
      LOG_WARNING("dropped a message: too many before the peer is verified");
      continue;
    }
    early_bytes_ += message.size();
    early_.push_back(std::move(message));
  }
  deliver();
}

// What may go out now, in order: first that the channel is open, then what came.
void DataChannel::deliver() {
  if (!allowed_ || !open_ || !mailbox_->is_open()) return;
  auto box = mailbox_;
  if (!std::exchange(announced_, true)) {
    listener_.on_channel_open();
    if (!box->is_open()) return;
  }
  while (!early_.empty()) {
    std::string message = std::move(early_.front());
    early_.pop_front();
    early_bytes_ -= message.size();
    listener_.on_message(std::move(message));
    if (!box->is_open()) return;
  }
}

}  // namespace oairt
