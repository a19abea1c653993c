// The client that the tutorials show: webrtcbin with its own ICE agent, which gathers all its
// candidates before the offer is posted. What ours is measured against.
// Thread-bound, apart from the callbacks of webrtcbin, which write down times under a lock.
// Never tuned: every property that a tutorial leaves alone has its default, unless the encoder is
// asked for.
#pragma once

#include <optional>
#include <string>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"

namespace oairt::bench {

class StockClient {
 public:
  struct Times {
    std::optional<TimePoint> playing, local_description, channel_open, created;
  };

  // `key`: an ephemeral key; `http_port` on 127.0.0.1.
  StockClient(int http_port, std::string key, const std::string &encoder = "opusenc");
  ~StockClient();
  StockClient(const StockClient &) = delete;
  StockClient &operator=(const StockClient &) = delete;

  void play();
  bool wait_for_created(Duration limit);
  Times times() const;
  void send(const std::string &event);  // when the channel is open

 private:
  static void on_negotiation_needed(GstElement *webrtcbin, gpointer self);
  static void on_offer(GstPromise *promise, gpointer self);
  static void on_gathering(GstElement *webrtcbin, GParamSpec *, gpointer self);
  static void on_open(GObject *channel, gpointer self);
  static void on_message(GObject *channel, gchar *text, gpointer self);
  static void on_pad(GstElement *webrtcbin, GstPad *pad, gpointer self);
  void note(std::optional<TimePoint> Times::*which);
  void exchange();

  const int http_port_;
  const std::string key_;
  Ref<GstElement> pipeline_, webrtcbin_;
  Ref<GObject> channel_;
  GThread *signalling_ = nullptr;
  mutable Mutex lock_;
  Condition changed_;
  Times times_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt::bench
