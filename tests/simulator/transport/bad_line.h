// The way of RTP to the client, if it is to be a bad one: packets get lost, late, overtaken.
// Thread-bound to the transport's context.
// Never touches anything but RTP, and never asks for entropy: the same seed gives the same losses.
#pragma once

#include <functional>
#include <map>
#include <random>

#include "alarm.h"
#include "transport/bytes.h"
#include "transport/transport.h"

namespace oairt::sim {

class BadLine {
 public:
  using Send = std::function<void(BytesView packet)>;

  BadLine(GMainContext *context, uint64_t seed, Send send);

  void set_options(const LineOptions &options) { options_ = options; }
  // Sends it now or later, or never.
  void send(Bytes packet);
  void fill(Peer::Stats &stats) const;

 private:
  void deliver();
  void arm();
  bool happens(double probability);

  Send send_;
  Alarm alarm_;
  std::mt19937_64 random_;
  LineOptions options_;
  std::multimap<TimePoint, Bytes> waiting_;
  TimePoint last_due_{};
  uint64_t lost_ = 0, reordered_ = 0;
};

}  // namespace oairt::sim
