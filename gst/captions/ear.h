// What speech sounds like from moment to moment, in a few figures: how loud it is, and how that is
// spread over the frequencies that tell vowels, murmurs and hisses apart.
// Thread-bound to whoever owns it; cheap enough for a streaming thread.
// Never keeps more than 10 ms of sound.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

struct _GstFFTF32;

namespace oairt::captions {

constexpr int kPartsPerFrame = 2;  // of 10 ms
constexpr std::size_t kBands = 10;

struct PartSound {
  float level_db = -120;  // of the root mean square, full scale is 0
  std::array<float, kBands> bands_db;
  PartSound() { bands_db.fill(-120); }
};
struct FrameSound {
  std::array<PartSound, kPartsPerFrame> parts;
};

class Ear {
 public:
  static constexpr std::size_t kFrame = 960;  // samples: 20 ms at 48 kHz

  Ear();
  ~Ear();
  Ear(const Ear &) = delete;
  Ear &operator=(const Ear &) = delete;

  // The next 20 ms, mono.
  FrameSound hear(const int16_t *samples);

 private:
  static constexpr std::size_t kPart = kFrame / kPartsPerFrame, kWindow = 2 * kPart;

  void spread(PartSound &part);

  _GstFFTF32 *fft_;
  std::array<float, kWindow> shape_, recent_{};
};

}  // namespace oairt::captions
