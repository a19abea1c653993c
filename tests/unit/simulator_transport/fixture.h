// A transport with one peer whose listener writes down what it is told.
// Thread-bound to the default main context.
// Never interprets: tests look at the record.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mini_client.h"
#include "support/check.h"
#include "transport/transport.h"

namespace oairt::sim::test {

struct RecordingListener : PeerListener {
  void note(const std::string &what) {
    record.push_back(what);
    if (on_event) on_event(what);
  }
  void on_ice_connected() override { note("ice"); }
  void on_dtls_connected() override { note("dtls"); }
  void on_channel_open(const std::string &label) override { note("open " + label); }
  void on_message(const std::string &, const std::string &text) override {
    texts.push_back(text);
    note("message");
  }
  void on_channel_closed(const std::string &label) override { note("channel closed " + label); }
  void on_rtp(uint16_t sequence, uint32_t, uint32_t, const std::vector<uint8_t> &) override {
    sequences.push_back(sequence);
    note("rtp");
  }
  void on_path_changed(const std::string &, const std::string &) override { note("path"); }
  void on_disconnected() override { note("disconnected"); }
  void on_reconnected() override { note("reconnected"); }
  void on_closed(const std::string &reason) override { note("closed " + reason); }

  int count(const std::string &what) const {
    return static_cast<int>(std::count(record.begin(), record.end(), what));
  }
  bool has(const std::string &what) const { return count(what) > 0; }

  std::vector<std::string> record, texts;
  std::vector<uint16_t> sequences;
  std::function<void(const std::string &)> on_event;
};

struct Fixture {
  explicit Fixture(bool tcp = false, TransportOptions options = {}) : client(tcp) {
    auto opened = Transport::open(g_main_context_default(), std::move(options));
    fail_unless(opened.ok());
    transport = std::move(opened).value();
  }
  void start_peer(const PeerFaults &faults = {}) {
    auto offer = parse_offer(client.offer());
    fail_unless(offer.ok(), "%s", offer.ok() ? "" : offer.error().message.c_str());
    peer = transport->create_peer(offer.value(), listener, faults);
    client.accept(peer->answer());
  }
  void connect_ice(const PeerFaults &faults = {}) {
    start_peer(faults);
    client.send_check(true);
    fail_unless(wait([this] { return listener.has("ice"); }));
  }
  void connect_dtls(const PeerFaults &faults = {}) {
    connect_ice(faults);
    fail_unless(wait([this] { return listener.has("dtls") && client.dtls_up; }));
  }
  void connect_channel(const PeerFaults &faults = {}) {
    connect_dtls(faults);
    client.start_channel(kEventChannel);
    fail_unless(wait([this] { return client.channel_acked && listener.has("open oai-events"); }));
  }
  static bool wait(const std::function<bool()> &condition) {
    return oairt::test::wait_for(condition);
  }
  // Lets everything happen that is already on its way.
  void settle() {
    int answered = client.checks_answered;
    client.send_check(false);
    wait([this, answered] { return client.checks_answered > answered; });
  }
  // As long as things that should not happen would take.
  static void pass(milliseconds time) {
    TimePoint end = Clock::now() + time;
    oairt::test::wait_for([end] { return Clock::now() >= end; });
  }

  RecordingListener listener;
  MiniClient client;
  std::unique_ptr<Transport> transport;
  std::unique_ptr<Peer> peer;
};

}  // namespace oairt::sim::test
