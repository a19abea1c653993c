// webrtcbin's statistics, asked for without waiting and kept until the next answer.
// Thread-bound to the event loop.
// Never has more than one question under way.
#pragma once

#include <memory>

#include "rtc/mailbox.h"
#include "rtc/operations.h"
#include "rtc/peer.h"

namespace oairt {

class StatsSampler {
 public:
  explicit StatsSampler(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  const PeerStats &last() const { return last_; }
  void ask(GstElement *webrtcbin, Operations &operations);
  // The figures in webrtcbin's own structure; what it does not say stays zero.
  static PeerStats parse(const GstStructure *stats);

 private:
  std::shared_ptr<Mailbox> mailbox_;
  bool asking_ = false;
  PeerStats last_;
};

}  // namespace oairt
