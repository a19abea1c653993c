#include "rtc/dtls_echo.h"

#include <algorithm>

namespace oairt {

void DtlsEcho::sent(const Datagram &datagram, TimePoint now) {
  if (!enabled_ || !summarize_dtls(datagram->data(), datagram->size()).application) return;
  if (!opened_) opened_ = now;
  std::size_t copies = queues_.size() * datagram->size();
  if (now - *opened_ > kOpening || bytes_ + copies > kMaxBytes) return;
  bytes_ += copies;
  for (Queue &queue : queues_) queue.entries.push_back({now + queue.delay, datagram});
}

std::vector<Datagram> DtlsEcho::due(TimePoint now) {
  std::vector<Datagram> out;
  for (Queue &queue : queues_) {
    while (!queue.entries.empty() && queue.entries.front().when <= now) {
      out.push_back(std::move(queue.entries.front().datagram));
      queue.entries.pop_front();
    }
  }
  return out;
}

std::optional<TimePoint> DtlsEcho::deadline() const {
  std::optional<TimePoint> next;
  for (const Queue &queue : queues_) {
    if (queue.entries.empty()) continue;
    TimePoint when = queue.entries.front().when;
    next = std::min(next.value_or(when), when);
  }
  return next;
}

}  // namespace oairt
