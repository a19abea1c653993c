// The encoder is set by the session's loop while the application does as it pleases.
#include <atomic>
#include <thread>

#include "element_test.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

OAIRT_ELEMENT_TEST(steps_that_come_while_the_pipeline_stops_do_no_harm) {
  for (int round = 0; round < 150; ++round) {
    auto pipeline = launch(
        "audiotestsrc is-live=true samplesperbuffer=480 ! audio/x-raw,rate=48000 ! "
        "openairealtimesink name=talk");
    set_state(pipeline, GST_STATE_PLAYING);
    auto session = FakeSession::only();
    fail_unless(wait_for([&] {
      return session->media()->uplink_stats().dropped + session->media()->uplink_stats().sent > 0 ||
             round % 2 == 1;
    }));
    std::atomic<bool> over{false};
    std::thread loop([&] {
      QualityEvent step;
      step.fec = true;
      for (int i = 0; !over; ++i) {
        step.bitrate = i % 2 == 0 ? 20000 : 30000;
        session->say(step);
      }
    });
    set_state(pipeline, GST_STATE_NULL);
    over = true;
    loop.join();
  }
}

OAIRT_TEST_MAIN(encoder, steps_that_come_while_the_pipeline_stops_do_no_harm)
