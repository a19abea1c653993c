#include "rtc/dtls_echo.h"

#include <algorithm>

namespace oairt {

void DtlsEcho::sent(const Datagram &datagram, TimePoint now) {
  if (interval_ <= Duration::zero()) return;
  if (!summarize_dtls(datagram->data(), datagram->size()).application) return;
  if (!opened_) opened_ = now;
  if (now - *opened_ > kOpening || bytes_ + 2 * datagram->size() > kMaxBytes) return;
  bytes_ += 2 * datagram->size();
  first_.push_back({now + interval_, datagram});
  second_.push_back({now + 3 * interval_, datagram});
}

std::vector<Datagram> DtlsEcho::due(TimePoint now) {
  std::vector<Datagram> out;
  for (auto *queue : {&first_, &second_}) {
    while (!queue->empty() && queue->front().when <= now) {
      out.push_back(std::move(queue->front().datagram));
      queue->pop_front();
    }
  }
  return out;
}

std::optional<TimePoint> DtlsEcho::deadline() const {
  std::optional<TimePoint> next;
  for (const auto *queue : {&first_, &second_}) {
    if (!queue->empty()) next = std::min(next.value_or(queue->front().when), queue->front().when);
  }
  return next;
}

}  // namespace oairt
