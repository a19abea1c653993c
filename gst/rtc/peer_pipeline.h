// The private pipeline of a call: webrtcbin with our ICE agent below it, the uplink's end before it
// and the downlink's end behind it. Its bus has no thread: errors are posted to the mailbox.
// Thread-bound to the event loop.
// Never takes the pipeline down on the loop: that is the reaper's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rtc/ice_agent.h"
#include "rtc/mailbox.h"
#include "rtc/operations.h"
#include "rtc/peer.h"
#include "rtc/signal_handler.h"
#include "rtc/uplink_sender.h"
#include "rtc/voice_receiver.h"

namespace oairt {

class PeerPipeline {
 public:
  using FailureCallback = std::function<void(std::string detail, bool network)>;

  PeerPipeline(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<MediaPort> media);
  // Makes and starts everything. An element that is missing is the error.
  Status start(IceAgent &ice, const PeerOptions &options, FailureCallback failed);

  GstElement *webrtcbin() const { return webrtcbin_.get(); }
  const std::shared_ptr<UplinkSender> &sender() const { return sender_; }
  VoiceReceiver &receiver() { return *receiver_; }
  // For the actions of webrtcbin, all of them.
  Operations &operations() { return *operations_; }
  // The pipeline's running time starts here on the monotonic clock.
  GstClockTime base_time() const;
  // RTCP sender reports need the latency, which nobody else distributes in a private pipeline.
  void settle_latency();
  // Ends it. `polite`: the peer is told by a DTLS close_notify first, which takes a moment; `ice`
  // is closed behind it, and `channel` let go when nothing runs any more.
  void close(EventLoop &loop, std::shared_ptr<IceAgent> ice, Ref<GObject> channel, bool polite);

 private:
  Status make_elements(IceAgent &ice, const PeerOptions &options);
  Status link_uplink();
  void connect_signals();
  void watch_bus();

  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Operations> operations_;
  std::shared_ptr<UplinkSender> sender_;
  std::shared_ptr<VoiceReceiver> receiver_;
  Ref<GstElement> pipeline_, webrtcbin_;
  FailureCallback failed_;
  std::vector<SignalHandler> signals_;
};

}  // namespace oairt
