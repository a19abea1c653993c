// The call's end of the downlink: RTP from webrtcbin's source pads into the media port.
// Thread-safe: add_pad(), set_writer() and the counters; the pads run on webrtcbin's threads.
// Never blocks webrtcbin, and lets nothing through before it was given a writer.
#pragma once

#include <atomic>
#include <memory>

#include "base/ref.h"
#include "rtc/media_port.h"

namespace oairt {

class VoiceReceiver {
 public:
  explicit VoiceReceiver(std::shared_ptr<MediaPort> media);
  GstElement *element() const { return element_.get(); }
  // A pad for one more RTP stream. The stream that was added last is the one that is heard.
  // Nothing if there are suspiciously many.
  Ref<GstPad> add_pad();
  void set_writer(uint64_t writer) { shared_->writer = writer; }
  void close() { shared_->writer = 0; }

  uint64_t packets() const { return shared_->packets; }
  uint64_t bytes() const { return shared_->bytes; }

 private:
  class Stream;
  static constexpr int kMaxStreams = 4;
  // What the pads share; apart from the element, which holds the pads.
  struct Shared {
    std::shared_ptr<MediaPort> media;
    std::atomic<uint64_t> writer = 0;  // 0: none
    std::atomic<int> streams = 0;
    std::atomic<uint64_t> packets = 0, bytes = 0;
  };

  Ref<GstElement> element_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace oairt
