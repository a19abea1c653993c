#include "echo_control.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cancel_proof.h"

namespace oairt {
namespace {

// GStreamer's webrtcdsp has the canceller of webrtc-audio-processing 1 from 1.24 on.
bool adapts_slowly() {
  guint major, minor, micro, nano;
  gst_version(&major, &minor, &micro, &nano);
  return minor >= 23;
}

}  // namespace

// What the sink's streaming thread works with; replaced as a whole.
struct EchoControl::Chain {
  VoiceDspOptions options;
  std::unique_ptr<VoiceDsp> dsp;
  EchoAligner aligner;
  CancelProof proof{adapts_slowly()};
};

Status EchoControl::set_options(const Options &options) {
  follows_voice_ = options.half_duplex || options.dsp.echo_cancel;
  {
    LockGuard guard(lock_);
    if (options == options_) return Success{};
    bool same_dsp = options.dsp == options_.dsp;
    options_ = options;
    if (same_dsp || !started_) return Success{};
  }
  return rebuild();
}

Status EchoControl::start() {
  {
    LockGuard guard(lock_);
    started_ = true;
  }
  return rebuild();
}

void EchoControl::stop() {
  std::shared_ptr<Chain> old;
  LockGuard guard(lock_);
  started_ = false;
  old.swap(chain_);
}

Status EchoControl::rebuild() {
  LockGuard one_at_a_time(building_);
  VoiceDspOptions wanted;
  {
    LockGuard guard(lock_);
    wanted = options_.dsp;
    if (!started_) return Success{};
  }
  std::shared_ptr<Chain> chain;
  Status status = Success{};
  if (wanted.any()) {
    auto dsp = VoiceDsp::make(wanted);
    if (dsp) {
      chain =
          std::shared_ptr<Chain>(new Chain{wanted, std::move(dsp).value(), EchoAligner(far_end_)});
    } else {
      status = dsp.error();
    }
  }
  LockGuard guard(lock_);
  if (started_) chain_.swap(chain);
  return status;
}

bool EchoControl::is_needed(bool live) const {
  LockGuard guard(lock_);
  if (live) return chain_ != nullptr || options_.half_duplex;
  return chain_ && (chain_->options.noise_suppression || chain_->options.gain_control);
}

bool EchoControl::withheld(Duration from, Duration length) const {
  {
    LockGuard guard(lock_);
    if (!options_.half_duplex) return false;
  }
  Duration back = answering_ ? kLongestPause : kRoomTail;
  return far_end_.voiced(from - back, from + length) > Duration(0);
}

void EchoControl::process(int16_t *block, Duration at, bool live) {
  std::shared_ptr<Chain> chain;
  {
    LockGuard guard(lock_);
    chain = chain_;
  }
  if (chain && (live || chain->options.noise_suppression || chain->options.gain_control)) {
    std::array<int16_t, VoiceDsp::kBlock> played{};
    bool echo = live && chain->options.echo_cancel;
    if (echo) chain->aligner.next(block, at, played.data());
    double heard = rms(block, VoiceDsp::kBlock);
    chain->dsp->process(block, played.data());
    if (echo) {
      chain->proof.add(rms(played.data(), played.size()), heard, rms(block, VoiceDsp::kBlock));
      bool hold = chain->aligner.hold() || (chain->aligner.is_known() && chain->proof.hold());
      if (hold) std::fill_n(block, VoiceDsp::kBlock, 0);
    }
  }
  if (live && withheld(at, milliseconds(10))) std::fill_n(block, VoiceDsp::kBlock, 0);
}

}  // namespace oairt
