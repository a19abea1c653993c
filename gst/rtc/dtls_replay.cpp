#include "rtc/dtls_replay.h"

namespace oairt {

void DtlsReplay::sent(const Datagram &datagram, TimePoint now) {
  if (datagram->size() > kMaxBytes) return;
  entries_.push_back({now, datagram});
  bytes_ += datagram->size();
  while (bytes_ > kMaxBytes) drop_front();
}

void DtlsReplay::received(TimePoint now, Duration margin) {
  while (!entries_.empty() && entries_.front().when < now - margin) drop_front();
}

std::vector<Datagram> DtlsReplay::records() const {
  std::vector<Datagram> out;
  out.reserve(entries_.size());
  for (const Entry &entry : entries_) out.push_back(entry.datagram);
  return out;
}

void DtlsReplay::drop_front() {
  bytes_ -= entries_.front().datagram->size();
  entries_.pop_front();
}

}  // namespace oairt
