// The client's RTP as one continuous flow of 20 ms PCM frames: put in order, decoded with libopus,
// losses concealed (in-band FEC if it is there), holes in the timestamps filled with silence.
// Thread-bound. It is told the time.
// Never waits for a lost packet longer than the reorder window.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "protocol/json.h"

struct OpusDecoder;

namespace oairt::sim {

class AudioIn {
 public:
  using Sink = std::function<void(const int16_t *pcm, std::size_t samples)>;

  explicit AudioIn(Sink sink);
  ~AudioIn();
  AudioIn(const AudioIn &) = delete;
  AudioIn &operator=(const AudioIn &) = delete;

  void push(uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
            const std::vector<uint8_t> &payload, TimePoint now);
  // Regularly: gives up on lost packets, and lets silence pass where the client sends nothing.
  void tick(TimePoint now);
  Json state() const;
  uint64_t packets() const { return packets_; }

 private:
  struct Packet {
    uint32_t timestamp;
    std::vector<uint8_t> payload;
    TimePoint arrival;
  };

  void restart(uint16_t sequence, uint32_t timestamp, uint32_t ssrc);
  void drain(TimePoint now, bool hurry);
  void conceal(const Packet &next, int64_t missing);
  void decode(const Packet &packet);
  void fill_gap(uint32_t timestamp);
  void emit(const int16_t *pcm, std::size_t samples);
  void emit_silence(int64_t samples);

  Sink sink_;
  OpusDecoder *decoder_ = nullptr;
  std::map<int64_t, Packet> waiting_;  // by extended sequence number
  std::optional<uint32_t> ssrc_;
  int64_t highest_ = 0;  // extended sequence number
  int64_t next_ = 0;
  uint32_t expected_timestamp_ = 0;
  int64_t filled_ = 0;  // samples of silence that were let pass ahead of timestamps
  TimePoint last_arrival_{}, silent_since_{};
  bool starving_ = false;
  std::vector<int16_t> frame_;  // what does not make 20 ms yet
  uint64_t packets_ = 0, lost_ = 0, concealed_ = 0, late_ = 0, reordered_ = 0, gaps_ = 0,
           ssrc_changes_ = 0, undecodable_ = 0, bytes_ = 0, with_fec_ = 0, restored_ = 0;
  double longest_gap_ms_ = 0;
};

}  // namespace oairt::sim
