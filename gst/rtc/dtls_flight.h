// Keeps the last flight of our DTLS handshake and says when to send it again: once at once, since
// of two copies the one that is less delayed counts, then while no answer comes. OpenSSL's own
// timer waits 1, 2, 4 s; on a lossy network that is the longest part of a connect.
// Thread-bound: the owner guards it. Time is an argument.
// Never changes a record: what was received already is dropped by the peer's replay window.
//
//   sent(handshake) ----> waiting --- kCopyDelay, then every pause(), kMaxRepeats times --> due()
//        ^                   |  \--- the peer repeats its own flight: at once
//        |                   v
//      next flight <---- answered (the peer moved on, or the handshake is over)
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "rtc/dtls_records.h"

namespace oairt {

class DtlsFlight {
 public:
  static constexpr int kMaxRepeats = 12;
  static constexpr std::size_t kMaxBytes = 32 * 1024;
  // Not in the same instant, in which a full queue would swallow both.
  static constexpr Duration kCopyDelay = milliseconds(5);
  // What the peer takes to answer.
  static constexpr Duration kMargin = milliseconds(20);
  static constexpr Duration kLongestPause = milliseconds(400);

  explicit DtlsFlight(Duration interval) : interval_(interval) {}  // 0: never repeats

  void sent(const Datagram &datagram, TimePoint now);
  void received(const uint8_t *data, std::size_t size, TimePoint now);
  // The flight, when it is time to send it again.
  std::vector<Datagram> due(TimePoint now);
  std::optional<TimePoint> deadline() const { return next_; }
  // A repetition before the answer can be there is not only useless: peers answer each with their
  // own flight (Pion 3.0), and OpenSSL gives up at the thirteenth Finished.
  void set_round_trip(Duration round_trip) { round_trip_ = round_trip; }
  uint64_t repeats() const { return total_repeats_; }

 private:
  bool moved_on(const DtlsSummary &sum);
  void answered();
  Duration pause() const;
  void make_safe();

  const Duration interval_;
  Duration round_trip_{0};
  Duration pause_{0};  // half as long again each time
  std::vector<Datagram> flight_;
  std::size_t flight_bytes_ = 0;
  std::optional<uint16_t> flight_first_message_;
  bool flight_open_ = false;  // still growing: nothing was heard since
  bool flight_ends_ = false;  // with a ChangeCipherSpec and what follows it
  bool copied_ = false;
  int repeats_left_ = 0;
  std::optional<TimePoint> next_;
  TimePoint last_sent_{};
  bool sent_finished_ = false;
  bool over_ = false;
  std::optional<uint16_t> peer_message_;  // the highest clear handshake message of the peer
  bool peer_changed_cipher_ = false, peer_finished_ = false;
  uint64_t total_repeats_ = 0;
};

}  // namespace oairt
