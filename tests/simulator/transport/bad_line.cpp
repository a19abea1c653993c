#include "transport/bad_line.h"

#include <algorithm>
#include <utility>

namespace oairt::sim {
namespace {

// So much later than its time, the next packet is before it.
constexpr milliseconds kOvertaken{30};

}  // namespace

BadLine::BadLine(GMainContext *context, uint64_t seed, Send send)
    : send_(std::move(send)),
      alarm_(context, G_PRIORITY_DEFAULT, [this] { deliver(); }),
      random_(seed) {}

bool BadLine::happens(double probability) {
  return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

void BadLine::send(Bytes packet) {
  bool lost = happens(options_.loss), overtaken = happens(options_.reorder);
  double late_ms = std::uniform_real_distribution<double>(0, 1)(random_) * to_ms(options_.jitter);
  if (lost) {
    ++lost_;
    return;
  }
  TimePoint now = Clock::now();
  // Lateness alone keeps the order, as a queue does.
  TimePoint due =
      std::max(last_due_, now + std::chrono::duration_cast<Duration>(
                                    std::chrono::duration<double, std::milli>(late_ms)));
  if (overtaken) {
    ++reordered_;
    due += kOvertaken;
  } else {
    last_due_ = due;
  }
  if (due <= now && waiting_.empty()) return send_(packet);
  waiting_.emplace(due, std::move(packet));
  arm();
}

void BadLine::deliver() {
  while (!waiting_.empty() && waiting_.begin()->first <= Clock::now()) {
    Bytes packet = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    send_(packet);
  }
  arm();
}

void BadLine::arm() {
  alarm_.set(waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->first));
}

void BadLine::fill(Peer::Stats &stats) const {
  stats.line_lost = lost_;
  stats.line_reordered = reordered_;
}

}  // namespace oairt::sim
