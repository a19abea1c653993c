#include "rtc/voice_receiver.h"

#include <utility>

#include <gst/rtp/rtp.h>

#include "rtc/sdp.h"
#include "rtc/voice_decoder.h"

namespace oairt {

// One RTP stream; used by the streaming thread of its pad, which owns it.
class VoiceReceiver::Stream : public VoiceSink {
 public:
  Stream(std::shared_ptr<Shared> shared, int number)
      : shared_(std::move(shared)), number_(number) {}

  void receive(GstBuffer *buffer) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp)) return;
    shared_->packets++;
    shared_->bytes += gst_rtp_buffer_get_payload_len(&rtp);
    writer_ = shared_->writer;
    bool heard = writer_ != 0 && number_ == shared_->streams &&
                 gst_rtp_buffer_get_payload_type(&rtp) == kOpusPayloadType;
    if (heard) {
      decoder_.feed({gst_rtp_buffer_get_seq(&rtp), gst_rtp_buffer_get_timestamp(&rtp),
                     static_cast<const uint8_t *>(gst_rtp_buffer_get_payload(&rtp)),
                     gst_rtp_buffer_get_payload_len(&rtp)},
                    *this);
    }
    gst_rtp_buffer_unmap(&rtp);
  }

  static GstFlowReturn chain(GstPad *pad, GstObject *, GstBuffer *buffer) {
    auto *stream = static_cast<Stream *>(gst_pad_get_element_private(pad));
    stream->receive(buffer);
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
  }

  static gboolean handle_event(GstPad *, GstObject *, GstEvent *event) {
    gst_event_unref(event);
    return TRUE;
  }

 private:
  void on_samples(const int16_t *samples, std::size_t count, bool concealed) override {
    shared_->media->write(writer_, samples, count, Clock::now(), concealed);
  }
  void on_pause() override { shared_->media->end_burst(writer_); }

  std::shared_ptr<Shared> shared_;
  const int number_;
  uint64_t writer_ = 0;
  VoiceDecoder decoder_;
};

VoiceReceiver::VoiceReceiver(std::shared_ptr<MediaPort> media)
    : element_(Ref<GstElement>::sink(gst_bin_new("downlink"))),
      shared_(std::make_shared<Shared>()) {
  shared_->media = std::move(media);
}

Ref<GstPad> VoiceReceiver::add_pad() {
  int number = ++shared_->streams;
  if (number > kMaxStreams) {
    shared_->streams--;
    return nullptr;
  }
  GString_ name(g_strdup_printf("sink_%d", number));
  auto pad = Ref<GstPad>::sink(gst_pad_new(name.get(), GST_PAD_SINK));
  auto *stream = new Stream(shared_, number);
  gst_pad_set_element_private(pad.get(), stream);
  gst_pad_set_chain_function_full(pad.get(), &Stream::chain, stream,
                                  [](gpointer data) { delete static_cast<Stream *>(data); });
  gst_pad_set_event_function(pad.get(), &Stream::handle_event);
  gst_pad_set_active(pad.get(), TRUE);
  gst_element_add_pad(element_.get(), pad.get());
  return pad;
}

}  // namespace oairt
