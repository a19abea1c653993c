// The sink's way from its pad to the packets: raw speech of any layout is mixed to mono and
// encoded, Opus goes past all that. Streaming thread: take(); the rest while nothing streams. Never
// passes on what does not follow the caps that it took.
#pragma once

#include <atomic>
#include <vector>

#include <gst/gst.h>

namespace oairt {

class SpeechInput {
 public:
  // Makes the elements in the bin and links them to `packets`; all are the bin's.
  void make(GstBin *bin, GstElement *packets);
  // The element that is not installed, or nullptr.
  const char *missing() const { return missing_; }
  GstPad *sink_pad() const;  // (transfer full), for what is encoded here
  GstPad *mono_pad() const;  // (transfer full), a source: mono, 48 kHz, before the encoder
  GstElement *encoder() const { return encoder_; }
  bool is_raw() const { return is_raw_; }
  // Before the caps go on: the pads' sticky events follow by themselves. True: what comes is of
  // another kind than before.
  bool take(GstGhostPad *ghost, const GstCaps *caps);

 private:
  GstElement *make_part(const char *factory, const char *name);
  bool choose(GstGhostPad *ghost, bool raw);
  void renew_convert(GstGhostPad *ghost);
  void set_mix(GstGhostPad *ghost, const GstCaps *caps);

  GstBin *bin_ = nullptr;  // owns the elements
  GstElement *convert_ = nullptr, *resample_ = nullptr, *filter_ = nullptr, *encoder_ = nullptr;
  GstElement *packets_ = nullptr;
  const char *missing_ = nullptr;
  std::atomic<bool> is_raw_{true};
  std::vector<float> weights_;
  bool mixing_ = false;  // audioconvert has been told what comes
};

}  // namespace oairt
