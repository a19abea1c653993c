// A peer under test on a loop of its own, and everything that it told its listener.
// Used from the test's thread; waits with a deadline, never for ever.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/lock.h"
#include "rtc/peer.h"

namespace oairt::test {

class PeerBench : private PeerListener {
 public:
  // What was heard so far; read it in wait() or after the peer is gone.
  struct Heard {
    std::string offer;
    bool connected = false, open = false, closed = false, failed = false;
    int calls = 0;
    Error error;
    std::vector<std::string> messages;
  };

  explicit PeerBench(PeerOptions options = {}) : loop_("peer-test") {
    in_loop([&] { peer_ = make_webrtc_peer_factory()->create(loop_, *this, media, options); });
  }
  ~PeerBench() override {
    close();
    loop_.stop();
  }

  void in_loop(std::function<void()> task) {
    bool done = false;
    loop_.post([&] {
      task();
      LockGuard guard(mutex_);
      done = true;
      changed_.notify_all();
    });
    LockGuard guard(mutex_);
    changed_.wait(mutex_, [&] { return done; });
  }
  bool wait(std::function<bool(const Heard &)> condition,
            Duration limit = std::chrono::seconds(10)) {
    LockGuard guard(mutex_);
    return changed_.wait_until(mutex_, Clock::now() + limit, [&] { return condition(heard_); });
  }
  Heard heard() {
    LockGuard guard(mutex_);
    return heard_;
  }
  std::string start() {
    in_loop([&] { peer_->start(); });
    wait([](const Heard &heard) { return !heard.offer.empty() || heard.failed; });
    return heard().offer;
  }
  void answer(const std::string &sdp) {
    in_loop([&] { peer_->set_answer(sdp); });
  }
  bool send(const std::string &text) {
    bool sent = false;
    in_loop([&] { sent = peer_->send(text); });
    return sent;
  }
  Peer &peer() { return *peer_; }  // in the loop only
  void close() {
    in_loop([&] { peer_.reset(); });
  }

  std::shared_ptr<MediaPort> media = std::make_shared<MediaPort>();
  bool close_on_offer = false;  // destroys the peer from within its own callback

 private:
  void note(std::function<void()> change) {
    loop_.assert_in_loop();
    LockGuard guard(mutex_);
    heard_.calls++;
    change();
    changed_.notify_all();
  }
  void on_offer(std::string sdp) override {
    note([&] { heard_.offer = sdp; });
    if (close_on_offer) peer_.reset();
  }
  void on_connected() override {
    note([&] { heard_.connected = true; });
  }
  void on_channel_open() override {
    note([&] { heard_.open = true; });
  }
  void on_channel_closed() override {
    note([&] { heard_.closed = true; });
  }
  void on_message(std::string text) override {
    note([&] { heard_.messages.push_back(text); });
  }
  void on_failed(Error error) override {
    note([&] {
      heard_.failed = true;
      heard_.error = error;
    });
  }

  EventLoop loop_;
  std::unique_ptr<Peer> peer_;
  Mutex mutex_;
  Condition changed_;
  Heard heard_;
};

}  // namespace oairt::test
