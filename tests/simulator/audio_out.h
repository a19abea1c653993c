// The model's mouth towards one client: utterances queue here, are encoded with libopus and leave
// as 20 ms RTP packets, one for each tick of the pacer. Thread-bound. Never stretches or skips
// speech; between answers it sends silence, or nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "protocol/json.h"

struct OpusEncoder;

namespace oairt::sim {

class AudioOut {
 public:
  using Pcm = std::shared_ptr<const std::vector<int16_t>>;
  using Packet = std::function<void(uint32_t timestamp, bool marker, const std::vector<uint8_t> &)>;
  using Event = std::function<void(uint64_t speech)>;

  enum class Silence { Frames, Gaps };

  AudioOut(Silence silence, uint32_t first_timestamp, Packet packet, Event started, Event finished);
  ~AudioOut();
  AudioOut(const AudioOut &) = delete;
  AudioOut &operator=(const AudioOut &) = delete;

  void prepared(uint64_t speech, Pcm pcm);  // kept until it is played or stopped
  void play(uint64_t speech);
  void cut(uint64_t speech, int64_t keep_ms);
  int64_t stop(uint64_t speech);              // how many ms of it went out
  void tick();                                // every 20 ms
  void set_mute(bool mute) { mute_ = mute; }  // sends nothing at all, though time goes on
  bool talking() const;
  Json state() const;

 private:
  struct Utterance {
    uint64_t speech;
    Pcm pcm;
    std::size_t position = 0, end = 0;
    bool queued = false;
  };

  Utterance *find(uint64_t speech);
  void drop(uint64_t speech);
  // The next 20 ms; false: nobody speaks. `done` gets what ends with them.
  bool next_frame(int16_t *frame, std::vector<uint64_t> &begun, std::vector<uint64_t> &done);
  void encode(const int16_t *frame, bool speech);

  Silence silence_;
  Packet packet_;
  Event started_, finished_;
  OpusEncoder *encoder_ = nullptr;
  std::list<Utterance> utterances_;
  uint32_t timestamp_;
  bool mute_ = false, in_gap_ = true;
  int silent_frames_ = 0;
  std::vector<uint8_t> buffer_;
  uint64_t packets_ = 0, speech_frames_ = 0, stops_ = 0;
};

}  // namespace oairt::sim
