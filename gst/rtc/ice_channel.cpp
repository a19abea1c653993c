#include "rtc/ice_channel.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {

// Packets show that we hear the peer, and not that it hears us: that long ago it did, mostly.
constexpr Duration kUnproven = std::chrono::seconds(2);

}  // namespace

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
  if (packet_kind(data, size) == PacketKind::Dtls) {
    send_record(std::make_shared<std::vector<uint8_t>>(data, data + size));
    return;
  }
  std::shared_ptr<IceWire> wire;
  {
    LockGuard lock(send_mutex_);
    wire = wire_;
  }
  transmit(wire, data, size);
}

void IceChannel::send_record(Datagram record) {
  std::shared_ptr<IceWire> wire;
  std::vector<Datagram> records;
  bool wake = false;
  {
    LockGuard lock(send_mutex_);
    wire = wire_;
    TimePoint now = Clock::now();
    records = packer_.sent(std::move(record), now);
    keep(records, now);
    auto next = next_repeat();
    wake = next && (!awake_at_ || *next < *awake_at_);
    if (wake) awake_at_ = next;
  }
  for (const Datagram &one : records) transmit(wire, one->data(), one->size());
  if (wake) wake_();
}

void IceChannel::keep(const std::vector<Datagram> &records, TimePoint now) {
  flight_.set_round_trip(round_trip());
  for (const Datagram &record : records) {
    replay_.sent(record, now);
    flight_.sent(record, now);
    echo_.sent(record, now);
  }
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

void IceChannel::heard(TimePoint now, bool on_wire) { alive(now, on_wire, true); }

// What is sent again when a packet ends a silence may be lost once more, for a link is heard before
// there is a route that leads back over it. So it is kept until the peer has answered.
bool IceChannel::alive(TimePoint now, bool on_wire, bool answer) {
  last_heard_ = now.time_since_epoch().count();
  if (!on_wire) return false;
  Duration silence = now - TimePoint(Duration(last_on_wire_.exchange(last_heard_)));
  consent_ = true;
  bool resumed = resume_after_ > Duration::zero() && silence > resume_after_;
  std::vector<Datagram> missed;
  {
    LockGuard lock(send_mutex_);
    if (resumed || (answer && one_way_)) missed = replay_.records();
    one_way_ = !answer && (resumed || one_way_);
    if (!one_way_) {
      Duration margin = answer ? DtlsReplay::kMargin : kUnproven;
      replay_.received(now, std::max(margin, 2 * round_trip()));
    }
  }
  replay(missed);
  return resumed;
}

bool IceChannel::received(const uint8_t *data, std::size_t size, bool on_wire) {
  if (size == 0) return false;
  InboundPacket packet{Ref<GstBuffer>::adopt(gst_buffer_new_memdup(data, size)), Clock::now()};
  last_inbound_ = packet.arrival.time_since_epoch().count();
  bool resumed = alive(packet.arrival, on_wire, false);
  bytes_received_ += size;
  ++packets_received_;
  {
    LockGuard lock(send_mutex_);
    flight_.received(data, size, packet.arrival);
  }
  {
    LockGuard lock(queue_mutex_);
    while (queue_.size() >= kMaxQueuedPackets || queued_bytes_ + size > kMaxQueuedBytes) {
      if (queue_.empty()) break;
      queued_bytes_ -= gst_buffer_get_size(queue_.front().buffer.get());
      queue_.pop_front();
      ++receive_drops_;
    }
    queue_.push_back(std::move(packet));
    queued_bytes_ += size;
  }
  queue_changed_.notify_all();  // who wakes up finds the lock free
  return resumed;
}

std::optional<TimePoint> IceChannel::next_repeat() const {
  std::optional<TimePoint> next;
  for (auto deadline : {packer_.deadline(), flight_.deadline(), echo_.deadline()}) {
    if (deadline) next = std::min(next.value_or(*deadline), *deadline);
  }
  return next;
}

std::optional<TimePoint> IceChannel::repeat_deadline() {
  LockGuard lock(send_mutex_);
  return awake_at_ = next_repeat();
}

void IceChannel::repeat() {
  std::shared_ptr<IceWire> wire;
  std::vector<Datagram> fresh, again;
  {
    LockGuard lock(send_mutex_);
    wire = wire_;
    TimePoint now = Clock::now();
    fresh = packer_.due(now);
    keep(fresh, now);
    again = flight_.due(now);
    for (Datagram &record : echo_.due(now)) again.push_back(std::move(record));
  }
  for (const Datagram &record : fresh) transmit(wire, record->data(), record->size());
  for (const Datagram &record : again) {
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
