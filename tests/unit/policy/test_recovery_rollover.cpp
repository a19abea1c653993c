// The service's own limit: another call ahead of it, changed to at a good moment.
#include "script.h"
#include "support/check.h"

using oairt::Duration;
using oairt::RecoveryOptions;
using oairt::test::Script;

namespace {

constexpr const char *kRolling = R"(
    start                 => connecting: call(0)
    ready limit=3600000   => connected: switch(lost); due 3480000
    due                   => rolling-over: call(0); never)";

}  // namespace

GST_START_TEST(the_next_call_is_made_ahead_and_taken_in_a_quiet_moment) {
  Script script;
  script.run(kRolling);
  script.run(R"(
      quiet                   => rolling-over
      +60 ready limit=3600000 => rolling-over; due 89940
      +700 quiet              => connected: switch recovered(session-limit,rollover,0); due 3479300
      quiet                   => connected
      due                     => rolling-over: call(0))");
}
GST_END_TEST

GST_START_TEST(when_time_is_up_the_change_does_not_wait_for_quiet) {
  Script script;
  script.run(kRolling);
  script.run(R"(
      ready    => rolling-over; due 90000
      due      => connected: switch(busy) recovered(session-limit,rollover,0); never)");
  Script late;  // the next call took too long
  late.run(kRolling);
  late.run(R"(
      +100000 ready => rolling-over; due -10000
      due           => connected: switch(busy) recovered(session-limit,rollover,0); never)");
}
GST_END_TEST

GST_START_TEST(those_that_began_together_do_not_roll_over_together) {
  Script script;
  script.run(R"(
      start                   => connecting: call(0)
      ready                   => connected: switch(lost); never
      limit 3600000 random=0  => connected; due 3480000
      limit 3600000 random=1  => connected; due 3450000
      limit 20000             => connected; due 10000
      limit 20000 random=1    => connected; due 7500
      limit 20                => connected; due 10
      limit 0                 => connected; due 10
      limit -5000             => connected; due 10)");
}
GST_END_TEST

GST_START_TEST(a_margin_that_makes_no_sense_is_none) {
  RecoveryOptions options;
  options.rollover_margin = Duration(-5);
  Script script(options);
  script.run(R"(
      start                   => connecting: call(0)
      ready limit=60000       => connected: switch(lost); due 60000)");
}
GST_END_TEST

GST_START_TEST(a_next_call_that_fails_is_made_again_and_the_old_one_goes_on) {
  Script script;
  script.run(kRolling);
  script.run(R"(
      failed network         => rolling-over: end-next warn(0) call(1); never
      ready                  => rolling-over
      failed media           => rolling-over: end-next warn(300)
      due                    => rolling-over: call(2)
      quiet                  => rolling-over
      ready                  => rolling-over
      quiet                  => connected: switch recovered(session-limit,rollover,0))");
}
GST_END_TEST

GST_START_TEST(a_fatal_refusal_of_the_next_call_lets_the_old_one_speak_to_its_end) {
  Script script;
  script.run(kRolling);
  script.run(R"(
      failed quota           => connected: end-next warn(0); never
      limit 100000           => connected; never
      restart-ice            => connected
      +110000 dropped protocol => stopped: end give-up(quota); never)");
}
GST_END_TEST

GST_START_TEST(used_up_retries_of_a_rollover_are_no_reason_to_lose_the_conversation) {
  RecoveryOptions options;
  options.max_retries = 1;
  Script script(options);
  script.run(kRolling);
  script.run(R"(
      failed busy              => rolling-over: end-next warn(0) call(1)
      failed busy              => connected: end-next warn(0); never
      +110000 dropped protocol => replacing: end warn(0) call(1)
      ready                    => connected: switch(lost) recovered(protocol,replace-call,0))");
}
GST_END_TEST

GST_START_TEST(a_path_lost_while_rolling_over_is_looked_for_and_the_rollover_goes_on) {
  Script script;
  script.run(kRolling);
  script.run(R"(
      lost silence ago=700 => replacing: migrate(silence) probe
      +50 back moved       => connected: stop-migrating end-next recovered(silence,migrate,750); due -50
      timer                => rolling-over: call(0)
      lost silence         => replacing: migrate(silence) probe
      +100 ready           => connected: switch(lost) recovered(silence,replace-call,100); never)");
}
GST_END_TEST

GST_START_TEST(a_path_lost_or_a_call_dropped_when_the_next_is_ready_is_taken_at_once) {
  Script silent;
  silent.run(kRolling);
  silent.run(R"(
      ready restart rtt=400 limit=60000 => rolling-over
      lost silence ago=700 => connected: switch(lost) recovered(silence,replace-call,700); due 30000
      restart-ice          => restarting: restart-ice(1600))");
  Script dropped;
  dropped.run(kRolling);
  dropped.run(R"(
      ready                => rolling-over
      dropped protocol     => connected: end switch(lost) recovered(protocol,replace-call,0); never)");
}
GST_END_TEST

GST_START_TEST(a_call_dropped_while_the_next_is_made_is_an_outage) {
  Script script;
  script.run(kRolling);
  script.run(R"(
      dropped protocol     => replacing: end; due 0
      +60 ready            => connected: switch(lost) recovered(protocol,replace-call,60); never)");
  Script both;  // no server either: it is noticed when it is back
  both.run(kRolling);
  both.run(R"(
      failed network       => rolling-over: end-next warn(0) call(1)
      failed network       => rolling-over: end-next warn(300); due 300
      dropped network      => waiting: end; due 0
      timer                => waiting: probe
      reach refused        => waiting
      pass 300             => replacing: call(2) probe..
      failed network       => waiting: end-next warn(1200)
      reach refused        => waiting
      +500 reach yes random=0 => replacing: call(3))");
}
GST_END_TEST

GST_START_TEST(a_limit_that_passes_while_the_path_is_lost_does_not_spin) {
  Script script;
  script.run(R"(
      start                 => connecting: call(0)
      ready limit=2000      => connected: switch(lost); due 1000
      lost silence          => migrating: migrate(silence) probe
      pass 2500             => migrating: migrate(silence).. probe..
      back                  => connected: stop-migrating recovered(silence,ride-out,2500); due -1500
      timer                 => rolling-over: call(0))");
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery_rollover, the_next_call_is_made_ahead_and_taken_in_a_quiet_moment,
                when_time_is_up_the_change_does_not_wait_for_quiet,
                those_that_began_together_do_not_roll_over_together,
                a_margin_that_makes_no_sense_is_none,
                a_next_call_that_fails_is_made_again_and_the_old_one_goes_on,
                a_fatal_refusal_of_the_next_call_lets_the_old_one_speak_to_its_end,
                used_up_retries_of_a_rollover_are_no_reason_to_lose_the_conversation,
                a_path_lost_while_rolling_over_is_looked_for_and_the_rollover_goes_on,
                a_path_lost_or_a_call_dropped_when_the_next_is_ready_is_taken_at_once,
                a_call_dropped_while_the_next_is_made_is_an_outage,
                a_limit_that_passes_while_the_path_is_lost_does_not_spin)
