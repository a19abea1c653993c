#include "encoder_control.h"

#include <algorithm>

#include "gstopenairealtimeprops.h"

namespace oairt {
namespace {

// As on a clear network: below, libopus adds nothing that could repair a loss.
constexpr int kExpectedLossPercent = 10;

}  // namespace

EncoderLimits encoder_limits(const Settings &settings) {
  EncoderLimits limits;
  limits.bitrate = static_cast<int>(setting_int(settings, "bitrate"));
  limits.fec = setting_bool(settings, "inband-fec");
  limits.dtx = setting_bool(settings, "dtx");
  limits.fec_fixed = settings.count("inband-fec") > 0;
  limits.dtx_fixed = settings.count("dtx") > 0;
  return limits;
}

void EncoderControl::set_limits(const EncoderLimits &limits) {
  {
    LockGuard guard(lock_);
    limits_ = limits;
    ++changes_;
  }
  apply();
}

void EncoderControl::take_step(const QualityEvent &step) {
  {
    LockGuard guard(lock_);
    step_ = step;
    ++changes_;
  }
  apply();
}

void EncoderControl::forget_step() {
  {
    LockGuard guard(lock_);
    if (!step_) return;
    step_.reset();
    ++changes_;
  }
  apply();
}

void EncoderControl::hold(Duration limit) {
  LockGuard guard(lock_);
  held_ = true;
  applied_.wait_until(lock_, Clock::now() + limit,
                      [this]() OAIRT_REQUIRES(lock_) { return applying_ == 0; });
}

void EncoderControl::resume() {
  {
    LockGuard guard(lock_);
    held_ = false;
  }
  apply();
}

std::optional<EncoderControl::Wanted> EncoderControl::next(uint64_t &done) {
  LockGuard guard(lock_);
  bool first = done == 0;
  if (held_ || done == changes_) {
    if (!first) --applying_;
    applied_.notify_all();
    return std::nullopt;
  }
  if (first) ++applying_;
  done = changes_;
  return Wanted{limits_, step_};
}

void EncoderControl::apply() {
  if (encoder_ == nullptr) return;
  uint64_t done = 0;
  while (auto wanted = next(done)) {
    const auto &[limits, step] = *wanted;
    int bitrate = limits.bitrate, loss = kExpectedLossPercent;
    bool fec = limits.fec, dtx = limits.dtx;
    if (step) {
      // It may have been found for what was set before.
      bitrate = std::min(bitrate, step->bitrate);
      if (!limits.fec_fixed) fec = fec && step->fec;
      if (!limits.dtx_fixed) dtx = step->dtx;
      loss = std::max(loss, step->loss_percent);
    }
    g_object_set(encoder_, "bitrate", gint{bitrate}, "dtx", gboolean{dtx}, "inband-fec",
                 gboolean{fec}, "packet-loss-percentage", fec ? loss : 0, nullptr);
  }
}

}  // namespace oairt
