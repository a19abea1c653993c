// A handshake in which packets of the service's are lost: real elements, the simulator behind a
// relay on a long path.
#include <map>
#include <set>
#include <string>

#include "lossy_line.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr RelayLink kLongPath{milliseconds(40), Duration::zero(), 0};

bool is_dtls(const NetworkRelay::Packet &packet) {
  return packet.size > 0 && packet.data[0] >= 20 && packet.data[0] < 64;
}

// The user name of a STUN request, in which the call's own ICE credentials are; else nothing.
std::string stun_user(const NetworkRelay::Packet &packet) {
  constexpr std::size_t kHeader = 20;
  constexpr unsigned kUserName = 0x0006;
  if (packet.size < kHeader || packet.data[0] != 0 || packet.data[1] != 1) return "";
  for (std::size_t at = kHeader; at + 4 <= packet.size;) {
    unsigned type = packet.data[at] << 8 | packet.data[at + 1];
    std::size_t size = packet.data[at + 2] << 8 | packet.data[at + 3];
    if (at + 4 + size > packet.size) break;
    if (type == kUserName) return {packet.data + at + 4, packet.data + at + 4 + size};
    at += 4 + (size + 3) / 4 * 4;
  }
  return "";
}

// Loses the DTLS packets that the server sends into the calls of these numbers, the first is 0.
class DeafCalls {
 public:
  explicit DeafCalls(std::set<std::size_t> which) : which_(std::move(which)) {}

  bool loses(const NetworkRelay::Packet &packet) {
    std::string user = stun_user(packet);
    if (packet.towards == NetworkRelay::Towards::Server && !user.empty()) {
      flows_[packet.client] = calls_.emplace(user, calls_.size()).first->second;
    }
    auto flow = flows_.find(packet.client);
    return packet.towards == NetworkRelay::Towards::Client && is_dtls(packet) &&
           flow != flows_.end() && which_.contains(flow->second);
  }

 private:
  const std::set<std::size_t> which_;
  std::map<std::string, std::size_t> calls_;
  std::map<uint16_t, std::size_t> flows_;
};

std::string kiosk(const LossyLine &line, const std::string &more = "") {
  return "audiotestsrc is-live=true wave=silence ! openairealtimebin name=b" + line.properties() +
         more + " ! fakesink sync=false";
}

void talk(Pipeline &p) {
  std::size_t before = p.messages("openai-realtime/response-done").size();
  p.send_text("b", "Hello.");
  fail_unless(p.wait_for_message("openai-realtime/response-done", before + 1), "%s",
              p.describe().c_str());
}

}  // namespace

GST_START_TEST(a_handshake_that_is_lost_does_not_cost_the_connect) {
  LossyLine line({}, kLongPath);
  DeafCalls deaf({0});
  line.relay().set_filter([&](const NetworkRelay::Packet &packet) { return deaf.loses(packet); });
  Pipeline p(kiosk(line));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  talk(p);
  fail_unless_equals_int(line.simulator().log("call").size(), 2);
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  fail_unless(p.messages("warning").empty() && p.messages("error").empty(), "%s",
              p.describe().c_str());
  // The other one is hung up.
  fail_unless(wait_for([&] { return line.simulator().state()["sessions"].items().size() == 1; }));
}
GST_END_TEST

GST_START_TEST(the_first_call_is_kept_where_there_is_no_second) {
  LossyLine line({}, kLongPath);
  int left = 1;  // its own timer repeats it
  line.relay().set_filter([&](const NetworkRelay::Packet &packet) {
    return packet.towards == NetworkRelay::Towards::Client && is_dtls(packet) && left-- > 0;
  });
  Pipeline p(kiosk(line));
  p.play();
  fail_unless(wait_for([&] { return line.simulator().log("call").size() == 1; }));
  line.simulator().control("/simulator/faults", Json::object({{"fault", "calls_error=503"}}));
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  talk(p);
  fail_unless(p.messages("warning").empty() && p.messages("error").empty(), "%s",
              p.describe().c_str());
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  fail_unless_equals_int(line.simulator().log("call").size(), 1);
  std::size_t refused = 0;
  for (const Json &request : line.simulator().log("http"))
    refused += request["status"].as_int() == 503;
  fail_unless_equals_int(refused, 1);
}
GST_END_TEST

GST_START_TEST(a_conversation_is_brought_back_past_a_lost_handshake) {
  LossyLine line({}, kLongPath);
  DeafCalls deaf({1});
  line.relay().set_filter([&](const NetworkRelay::Packet &packet) { return deaf.loses(packet); });
  Pipeline p(kiosk(line));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  talk(p);
  line.simulator().control("/simulator/sessions/*/close_channel");
  fail_unless(p.wait_for_message("openai-realtime/recovery", 1), "%s", p.describe().c_str());
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  talk(p);
  fail_unless(wait_for([&] {
    Json state = line.simulator().state();
    const auto &sessions = state["sessions"].items();
    return sessions.size() == 1 && sessions[0].at("session.items").items().size() == 4;
  }));
  fail_unless_equals_int(line.simulator().log("call").size(), 3);
}
GST_END_TEST

OAIRT_TEST_MAIN(handshake, a_handshake_that_is_lost_does_not_cost_the_connect,
                the_first_call_is_kept_where_there_is_no_second,
                a_conversation_is_brought_back_past_a_lost_handshake)
