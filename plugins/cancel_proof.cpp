#include "cancel_proof.h"

#include <cmath>

namespace oairt {

void CancelProof::add(double played, double heard, double left) {
  if (shown_) return;
  quiet_ = played > kPlayed ? Duration(0) : quiet_ + kBlock;
  if (quiet_ >= kTail) return;
  active_ += kBlock;
  heard_ = heard_ * kKept + heard * heard;
  left_ = left_ * kKept + left * left;
  shown_ = active_ >= kLongest || (active_ >= kEnough && left_ < heard_ * kGone);
}

double rms(const int16_t *samples, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += double{samples[i] / 32768.0} * (samples[i] / 32768.0);
  return count > 0 ? std::sqrt(sum / static_cast<double>(count)) : 0;
}

}  // namespace oairt
