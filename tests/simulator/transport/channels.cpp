#include "transport/channels.h"

#include "transport/transport.h"

namespace oairt::sim {
namespace {

constexpr uint8_t kOpen = 0x03;
constexpr uint8_t kAck = 0x02;
constexpr uint8_t kUnorderedBit = 0x80;
constexpr size_t kOpenHeaderBytes = 12;
constexpr size_t kMaxChannels = 64;

enum Ppid : uint32_t {
  kDcep = 50,
  kText = 51,
  kBinary = 53,
  kEmptyText = 56,
  kEmptyBinary = 57,
};

}  // namespace

std::optional<DcepOpen> parse_dcep_open(BytesView message) {
  if (message.size() < kOpenHeaderBytes || message[0] != kOpen) return std::nullopt;
  size_t label_bytes = read_u16(&message[8]), protocol_bytes = read_u16(&message[10]);
  if (message.size() < kOpenHeaderBytes + label_bytes + protocol_bytes) return std::nullopt;
  DcepOpen open;
  open.channel_type = message[1];
  open.label = to_text(message.subspan(kOpenHeaderBytes, label_bytes));
  open.protocol = to_text(message.subspan(kOpenHeaderBytes + label_bytes, protocol_bytes));
  return open;
}

DataChannels::DataChannels(std::shared_ptr<SctpEngine> engine, uint16_t remote_port,
                           size_t max_message_bytes, std::optional<uint16_t> agreed, Hooks hooks)
    : max_message_bytes_(max_message_bytes),
      agreed_(agreed),
      hooks_(std::move(hooks)),
      sctp_(std::move(engine), remote_port,
            {hooks_.owner, hooks_.send, [this] { on_up(); },
             [this](uint16_t stream, uint32_t ppid, Bytes message) {
               on_message(stream, ppid, std::move(message));
             },
             [this](uint16_t stream) { on_stream_reset(stream); },
             [this](uint16_t stream) { close_stream(stream); }, [this] { on_lost(); }}) {}

bool DataChannels::send(const std::string &label, const std::string &text) {
  if (text.size() > max_message_bytes_) return false;
  for (auto &[stream, channel] : channels_) {
    if (channel.label != label || channel.state != State::Open) continue;
    BytesView bytes = view_of(text);
    Bytes message = text.empty() ? Bytes{0} : Bytes(bytes.begin(), bytes.end());
    return sctp_.send(stream, text.empty() ? kEmptyText : kText, std::move(message),
                      channel.unordered);
  }
  return false;
}

void DataChannels::close_channel(const std::string &label) {
  for (auto &[stream, channel] : channels_) {
    if (channel.label == label) return close_stream(stream);
  }
}

void DataChannels::close(bool abort) {
  closed_ = true;
  sctp_.close(abort);
}

// As Pion does with a channel that is negotiated: it is open with the association.
void DataChannels::on_up() {
  auto stream = std::exchange(agreed_, std::nullopt);
  if (!stream) return;
  channels_[*stream] = {kEventChannel, false};
  hooks_.on_open(kEventChannel);
}

void DataChannels::on_message(uint16_t stream, uint32_t ppid, Bytes message) {
  if (ppid == kDcep) {
    if (!message.empty() && message[0] == kOpen) on_open_request(stream, message);
    return;
  }
  auto found = channels_.find(stream);
  if (found == channels_.end()) return;
  std::string label = found->second.label;
  if (ppid == kText || ppid == kBinary) {
    hooks_.on_message(label, to_text(message));
  } else if (ppid == kEmptyText || ppid == kEmptyBinary) {
    hooks_.on_message(label, "");
  }
}

void DataChannels::on_open_request(uint16_t stream, BytesView message) {
  std::optional<DcepOpen> open = parse_dcep_open(message);
  if (!open || channels_.contains(stream) || channels_.size() >= kMaxChannels) return;
  channels_[stream] = {open->label, (open->channel_type & kUnorderedBit) != 0};
  sctp_.send(stream, kDcep, {kAck}, false);
  hooks_.on_open(open->label);
}

void DataChannels::on_stream_reset(uint16_t stream) {
  auto found = channels_.find(stream);
  if (found == channels_.end()) return;
  Channel channel = found->second;
  channels_.erase(found);
  if (channel.state == State::Open) sctp_.reset_stream(stream);
  hooks_.on_closed(channel.label);
}

void DataChannels::close_stream(uint16_t stream) {
  auto found = channels_.find(stream);
  if (found == channels_.end() || found->second.state == State::Closing) return;
  found->second.state = State::Closing;
  sctp_.reset_stream(stream);
}

void DataChannels::on_lost() {
  std::map<uint16_t, Channel> gone = std::move(channels_);
  channels_.clear();
  for (auto &[stream, channel] : gone) {
    if (closed_) return;
    hooks_.on_closed(channel.label);
  }
}

}  // namespace oairt::sim
