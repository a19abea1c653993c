#include "rtc/dtls_packer.h"

#include <utility>

namespace oairt {

std::vector<Datagram> DtlsPacker::sent(Datagram datagram, TimePoint now) {
  std::vector<Datagram> out;
  DtlsSummary sum = summarize_dtls(datagram->data(), datagram->size());
  bool holds = sum.handshake && !sum.alert && !sum.application;
  if (!held_.empty() && (!holds || held_bytes_ + datagram->size() > kMaxBytes)) {
    out.push_back(take());
  }
  if (!holds) {
    out.push_back(std::move(datagram));
    return out;
  }
  held_bytes_ += datagram->size();
  held_.push_back(std::move(datagram));
  if (!deadline_) deadline_ = now + kPatience;
  if (sum.flight_end) out.push_back(take());
  return out;
}

std::vector<Datagram> DtlsPacker::due(TimePoint now) {
  if (!deadline_ || now < *deadline_) return {};
  return {take()};
}

std::vector<Datagram> DtlsPacker::split(const Datagram &datagram) {
  const std::vector<uint8_t> &all = *datagram;
  if (all.size() <= kSafeBytes) return {datagram};
  std::vector<Datagram> out;
  auto cut = [&](std::size_t from, std::size_t to) {
    if (from == to) return;
    auto at = [&](std::size_t place) { return all.begin() + static_cast<std::ptrdiff_t>(place); };
    out.push_back(std::make_shared<std::vector<uint8_t>>(at(from), at(to)));
  };
  std::size_t from = 0, to = 0;
  while (to < all.size()) {
    std::size_t next = to + dtls_record_size(all.data() + to, all.size() - to);
    if (next - from > kSafeBytes) {
      cut(from, to);
      from = to;
    }
    to = next;
  }
  cut(from, to);
  return out;
}

Datagram DtlsPacker::take() {
  Datagram packed = held_.front();
  if (held_.size() > 1) {
    auto bytes = std::make_shared<std::vector<uint8_t>>();
    bytes->reserve(held_bytes_);
    for (const Datagram &one : held_) bytes->insert(bytes->end(), one->begin(), one->end());
    packed = std::move(bytes);
  }
  held_.clear();
  held_bytes_ = 0;
  deadline_.reset();
  return packed;
}

}  // namespace oairt
