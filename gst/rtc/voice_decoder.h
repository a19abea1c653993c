// RTP packets of one Opus stream, in order, into mono samples: finds what is missing, restores it
// from the next packet's in-band FEC or conceals it, and tells pauses from losses.
// Thread-bound to the streaming thread of its pad.
// Never holds a packet back: opusdec with FEC would delay every packet by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/ref.h"

struct OpusDecoder;

namespace oairt {

struct RtpPacket {
  uint16_t sequence;
  uint32_t timestamp;
  const uint8_t *payload;
  std::size_t size;
};

class VoiceSink {
 public:
  virtual ~VoiceSink() = default;
  virtual void on_samples(const int16_t *samples, std::size_t count, bool concealed) = 0;
  virtual void on_pause() = 0;  // the sender paused before what comes next
};

class VoiceDecoder {
 public:
  VoiceDecoder();
  ~VoiceDecoder();
  VoiceDecoder(const VoiceDecoder &) = delete;
  VoiceDecoder &operator=(const VoiceDecoder &) = delete;

  void feed(const RtpPacket &packet, VoiceSink &sink);
  uint64_t lost() const { return lost_; }

 private:
  void bridge(int missing, const RtpPacket &packet, VoiceSink &sink);
  void decode(const uint8_t *data, std::size_t size, int samples, bool fec, bool concealed,
              VoiceSink &sink);

  OpusDecoder *decoder_;
  std::vector<int16_t> samples_;
  std::optional<uint16_t> next_sequence_;
  uint32_t next_timestamp_ = 0;
  int packet_samples_;  // what a packet of this stream holds
  uint64_t lost_ = 0;
};

}  // namespace oairt
