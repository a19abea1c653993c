#include "rtc/ice_channel.h"

#include <algorithm>
#include <utility>

namespace oairt {

bool IceWire::send(const uint8_t *data, std::size_t size) const {
  return nice_agent_send(agent_.get(), stream_, NICE_COMPONENT_TYPE_RTP, static_cast<guint>(size),
                         reinterpret_cast<const gchar *>(data)) > 0;
}

bool IceChannel::transmit(const std::shared_ptr<IceWire> &wire, const uint8_t *data,
                          std::size_t size) {
  if (!wire || !consent_ || !wire->send(data, size)) {
    ++send_drops_;
    return false;
  }
  bytes_sent_ += size;
  ++packets_sent_;
  return true;
}

void IceChannel::send(const uint8_t *data, std::size_t size) {
  if (size == 0) return;
  Datagram record;
  if (packet_kind(data, size) == PacketKind::Dtls) {
    record = std::make_shared<std::vector<uint8_t>>(data, data + size);
  }
  std::shared_ptr<IceWire> wire;
  bool wake = false;
  {
    LockGuard lock(send_mutex_);
    wire = wire_;
    if (record) {
      TimePoint now = Clock::now();
      replay_.sent(record, now);
      flight_.sent(record, now);
      echo_.sent(record, now);
      wake = !awake_ && next_repeat();
      awake_ |= wake;
    }
  }
  transmit(wire, data, size);
  if (wake) wake_();
}

std::optional<InboundPacket> IceChannel::pop() {
  LockGuard lock(queue_mutex_);
  queue_changed_.wait(
      queue_mutex_, [this]() OAIRT_REQUIRES(queue_mutex_) { return flushing_ || !queue_.empty(); });
  if (flushing_) return std::nullopt;
  InboundPacket packet = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= gst_buffer_get_size(packet.buffer.get());
  return packet;
}

void IceChannel::set_flushing(bool flushing) {
  LockGuard lock(queue_mutex_);
  flushing_ = flushing;
  queue_changed_.notify_all();
}

// A path that has just been found was heard just now.
void IceChannel::set_wire(std::shared_ptr<IceWire> wire) {
  LockGuard lock(send_mutex_);
  wire_.swap(wire);
  if (!wire_) return;
  last_on_wire_ = last_heard_ = Clock::now().time_since_epoch().count();
  consent_ = true;
}

void IceChannel::lose_consent() { consent_ = false; }

void IceChannel::heard(TimePoint now, bool on_wire) { alive(now, on_wire); }

void IceChannel::alive(TimePoint now, bool on_wire) {
  last_heard_ = now.time_since_epoch().count();
  if (!on_wire) return;
  Duration silence = now - TimePoint(Duration(last_on_wire_.exchange(last_heard_)));
  consent_ = true;
  std::vector<Datagram> missed;
  {
    LockGuard lock(send_mutex_);
    if (resume_after_ > Duration::zero() && silence > resume_after_) missed = replay_.records();
    replay_.received(now, std::max(DtlsReplay::kMargin, 2 * Duration(round_trip_.load())));
  }
  replay(missed);
}

void IceChannel::received(const uint8_t *data, std::size_t size, bool on_wire) {
  if (size == 0) return;
  InboundPacket packet{Ref<GstBuffer>::adopt(gst_buffer_new_memdup(data, size)), Clock::now()};
  last_inbound_ = packet.arrival.time_since_epoch().count();
  alive(packet.arrival, on_wire);
  bytes_received_ += size;
  ++packets_received_;
  {
    LockGuard lock(send_mutex_);
    flight_.received(data, size, packet.arrival);
  }
  LockGuard lock(queue_mutex_);
  while (queue_.size() >= kMaxQueuedPackets || queued_bytes_ + size > kMaxQueuedBytes) {
    if (queue_.empty()) break;
    queued_bytes_ -= gst_buffer_get_size(queue_.front().buffer.get());
    queue_.pop_front();
    ++receive_drops_;
  }
  queue_.push_back(std::move(packet));
  queued_bytes_ += size;
  queue_changed_.notify_all();
}

std::optional<TimePoint> IceChannel::next_repeat() const {
  auto flight = flight_.deadline(), echo = echo_.deadline();
  return flight && echo ? std::min(*flight, *echo) : flight ? flight : echo;
}

std::optional<TimePoint> IceChannel::repeat_deadline() {
  LockGuard lock(send_mutex_);
  auto deadline = next_repeat();
  awake_ = deadline.has_value();
  return deadline;
}

void IceChannel::repeat() {
  std::shared_ptr<IceWire> wire;
  std::vector<Datagram> records;
  {
    LockGuard lock(send_mutex_);
    wire = wire_;
    TimePoint now = Clock::now();
    records = flight_.due(now);
    for (Datagram &record : echo_.due(now)) records.push_back(std::move(record));
  }
  for (const Datagram &record : records) {
    if (transmit(wire, record->data(), record->size())) ++repeats_;
  }
}

void IceChannel::replay() {
  std::vector<Datagram> records;
  {
    LockGuard lock(send_mutex_);
    records = replay_.records();
  }
  replay(records);
}

void IceChannel::replay(const std::vector<Datagram> &records) {
  if (records.empty()) return;
  std::shared_ptr<IceWire> wire;
  {
    LockGuard lock(send_mutex_);
    wire = wire_;
  }
  for (const Datagram &record : records) {
    if (transmit(wire, record->data(), record->size())) ++replays_;
  }
}

}  // namespace oairt
