// Where the streaming threads and the paths meet: what webrtcbin sends goes to the path in use,
// what any path hears is queued for webrtcbin. Keeps the DTLS records that may be needed again, and
// sends them when the peer is heard after a silence. Sends nothing without the peer's consent.
// Thread-safe; the loop's side is marked.
// Never blocks a sender, never grows without bound, never holds a lock over a call to libnice.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include <nice/agent.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"
#include "rtc/dtls_echo.h"
#include "rtc/dtls_flight.h"
#include "rtc/dtls_packer.h"
#include "rtc/dtls_replay.h"

namespace oairt {

// The sending end of one path. Shared with a send that is under way, so that the loop can see when
// nobody uses it any more; its last owner is the loop.
class IceWire {
 public:
  IceWire(NiceAgent *agent, guint stream) : agent_(Ref<NiceAgent>::share(agent)), stream_(stream) {}
  bool send(const uint8_t *data, std::size_t size) const;

 private:
  Ref<NiceAgent> agent_;
  guint stream_;
};

struct InboundPacket {
  Ref<GstBuffer> buffer;
  TimePoint arrival;
};

class IceChannel {
 public:
  static constexpr std::size_t kMaxQueuedPackets = 2048;
  static constexpr std::size_t kMaxQueuedBytes = 4 * 1024 * 1024;

  // `wake` tells the loop that repeat_deadline() came into being or is earlier; any thread. What
  // was sent during a silence of at least `resume_after` is sent again at its end; 0: never.
  IceChannel(Duration dtls_repeat, Duration opening_repeat, Duration resume_after,
             std::function<void()> wake)
      : resume_after_(resume_after),
        wake_(std::move(wake)),
        flight_(dtls_repeat),
        echo_(opening_repeat) {}

  // Sink side.
  void send(const uint8_t *data, std::size_t size);

  // Source side: waits for a packet; nothing when flushing.
  std::optional<InboundPacket> pop();
  void set_flushing(bool flushing);

  // Loop side.
  void set_wire(std::shared_ptr<IceWire> wire);
  // `on_wire`: by the path in use; any other says nothing about what that one delivers. True if
  // that ended a silence: then the peer should be asked whether it hears us too.
  bool received(const uint8_t *data, std::size_t size, bool on_wire);
  // The peer answered a check of ours on the path in use, or on any other.
  void heard(TimePoint now, bool on_wire);
  // RFC 7675: from now on nothing is sent, until the peer is heard on the path in use.
  void lose_consent();
  void set_round_trip(Duration round_trip) { round_trip_ = round_trip.count(); }
  Duration round_trip() const { return Duration(round_trip_.load()); }
  std::optional<TimePoint> repeat_deadline();
  void repeat();  // sends what is due of the opening, mostly again
  void replay();  // sends what the last path may have lost

  TimePoint last_heard() const { return TimePoint(Duration(last_heard_.load())); }
  TimePoint last_heard_on_wire() const { return TimePoint(Duration(last_on_wire_.load())); }
  bool consent() const { return consent_; }
  TimePoint last_inbound() const { return TimePoint(Duration(last_inbound_.load())); }
  uint64_t bytes_sent() const { return bytes_sent_; }
  uint64_t bytes_received() const { return bytes_received_; }
  uint64_t packets_sent() const { return packets_sent_; }
  uint64_t packets_received() const { return packets_received_; }
  uint64_t send_drops() const { return send_drops_; }        // no path, or it refused
  uint64_t receive_drops() const { return receive_drops_; }  // nobody fetched them
  uint64_t repeats() const { return repeats_; }
  uint64_t replays() const { return replays_; }

 private:
  std::optional<TimePoint> next_repeat() const OAIRT_REQUIRES(send_mutex_);
  void keep(const std::vector<Datagram> &records, TimePoint now) OAIRT_REQUIRES(send_mutex_);
  void send_record(Datagram record);
  bool transmit(const std::shared_ptr<IceWire> &wire, const uint8_t *data, std::size_t size);

  bool alive(TimePoint now, bool on_wire, bool answer);
  void replay(const std::vector<Datagram> &records);

  const Duration resume_after_;
  const std::function<void()> wake_;

  Mutex send_mutex_;
  std::shared_ptr<IceWire> wire_ OAIRT_GUARDED_BY(send_mutex_);
  DtlsPacker packer_ OAIRT_GUARDED_BY(send_mutex_);
  DtlsFlight flight_ OAIRT_GUARDED_BY(send_mutex_);
  DtlsEcho echo_ OAIRT_GUARDED_BY(send_mutex_);
  DtlsReplay replay_ OAIRT_GUARDED_BY(send_mutex_);
  // A packet has ended a silence; only an answer shows that the peer hears us again too.
  bool one_way_ OAIRT_GUARDED_BY(send_mutex_) = false;
  std::optional<TimePoint> awake_at_ OAIRT_GUARDED_BY(send_mutex_);  // the loop's timer

  Mutex queue_mutex_;
  Condition queue_changed_;
  std::deque<InboundPacket> queue_ OAIRT_GUARDED_BY(queue_mutex_);
  std::size_t queued_bytes_ OAIRT_GUARDED_BY(queue_mutex_) = 0;
  bool flushing_ OAIRT_GUARDED_BY(queue_mutex_) = false;

  std::atomic<Duration::rep> last_inbound_{0}, last_heard_{0}, last_on_wire_{0}, round_trip_{0};
  std::atomic<bool> consent_{true};
  std::atomic<uint64_t> bytes_sent_{0}, bytes_received_{0};
  std::atomic<uint64_t> packets_sent_{0}, packets_received_{0};
  std::atomic<uint64_t> send_drops_{0}, receive_drops_{0}, repeats_{0}, replays_{0};
};

}  // namespace oairt
