#include "rtc/dtls_flight.h"

#include <algorithm>
#include <utility>

#include "rtc/dtls_packer.h"

namespace oairt {
namespace {
// A peer that repeats its flight in several datagrams asks once, not once per datagram.
constexpr Duration kAnswerSpacing = milliseconds(20);
}  // namespace

void DtlsFlight::sent(const Datagram &datagram, TimePoint now) {
  if (interval_ <= Duration::zero() || over_) return;
  DtlsSummary sum = summarize_dtls(datagram->data(), datagram->size());
  if (sum.alert) {
    over_ = true;
    answered();
    return;
  }
  if (!sum.handshake) return;
  bool stack_repeats = (sum.first_message && sum.first_message == flight_first_message_) ||
                       (sum.change_cipher && flight_ends_);
  if (!flight_open_ || stack_repeats) {
    copied_ = flight_open_;  // a repetition needs no copy
    flight_.clear();
    flight_bytes_ = 0;
    flight_first_message_ = sum.first_message;
    flight_ends_ = false;
    flight_open_ = true;
  }
  if (flight_bytes_ + datagram->size() > kMaxBytes) return;
  flight_.push_back(datagram);
  flight_bytes_ += datagram->size();
  flight_ends_ |= sum.change_cipher;
  sent_finished_ |= sum.change_cipher;
  repeats_left_ = kMaxRepeats;
  pause_ = interval_;
  last_sent_ = now;
  next_ = now + (copied_ ? pause() : kCopyDelay);
}

Duration DtlsFlight::pause() const {
  if (round_trip_ <= Duration::zero()) return pause_;
  return std::max<Duration>(pause_, round_trip_ * 5 / 4 + kMargin);
}

void DtlsFlight::received(const uint8_t *data, std::size_t size, TimePoint now) {
  if (over_) return;
  PacketKind kind = packet_kind(data, size);
  if (kind == PacketKind::Rtp) {
    // Only a peer that has the keys, and so our last flight, sends media.
    over_ = sent_finished_;
    if (over_) answered();
    return;
  }
  if (kind != PacketKind::Dtls) return;
  DtlsSummary sum = summarize_dtls(data, size);
  if (sum.alert || (sum.application && sent_finished_)) {
    over_ = true;
    answered();
  } else if (moved_on(sum)) {
    answered();
  } else if (sum.handshake && next_ && repeats_left_ > 0) {
    next_ = std::min(*next_, std::max(now, last_sent_ + kAnswerSpacing));
  }
}

// Whether the datagram goes on in the handshake; a peer does so only when it has our whole flight.
bool DtlsFlight::moved_on(const DtlsSummary &sum) {
  bool progress = sum.application;
  if (sum.last_message && (!peer_message_ || *sum.last_message > *peer_message_)) {
    peer_message_ = sum.last_message;
    progress = true;
  }
  if (sum.change_cipher && !peer_changed_cipher_) progress = peer_changed_cipher_ = true;
  if (sum.encrypted && !peer_finished_) progress = peer_finished_ = true;
  return progress;
}

void DtlsFlight::answered() {
  flight_.clear();
  flight_bytes_ = 0;
  flight_first_message_.reset();
  flight_open_ = flight_ends_ = false;
  next_.reset();
}

// A path that takes no large datagrams may have swallowed those that were sent twice.
void DtlsFlight::make_safe() {
  std::vector<Datagram> pieces;
  for (const Datagram &datagram : flight_) {
    for (Datagram &piece : DtlsPacker::split(datagram)) pieces.push_back(std::move(piece));
  }
  flight_ = std::move(pieces);
}

std::vector<Datagram> DtlsFlight::due(TimePoint now) {
  if (!next_ || now < *next_) return {};
  if (repeats_left_ == 0) {
    next_.reset();
    return {};
  }
  if (copied_) {
    if (repeats_left_ == kMaxRepeats) make_safe();
    --repeats_left_;
    pause_ = std::max(interval_, std::min<Duration>(pause_ * 3 / 2, kLongestPause));
  }
  copied_ = true;
  ++total_repeats_;
  last_sent_ = now;
  next_ = now + pause();
  return flight_;
}

}  // namespace oairt
