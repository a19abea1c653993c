// The calls: made, lost, made again, given up. The path below them: test_recovery_path.cpp.
#include "script.h"
#include "support/check.h"

using oairt::RecoveryOptions;
using oairt::test::Script;

GST_START_TEST(start_makes_a_call_and_stop_ends_it) {
  Script script;
  script.run(R"(
      start   => connecting: call(0); due 500
      start   => connecting; due 500
      ready   => connected: switch(lost); never
      start   => connected; never
      stop    => idle: end; never
      stop    => idle
      start   => connecting: call(0); due 500
      stop    => idle: end-next; never)");
}
GST_END_TEST

GST_START_TEST(a_lost_call_is_replaced_at_once_and_the_outage_is_told) {
  Script script;
  script.run(R"(
      start                => connecting: call(0)
      ready                => connected: switch(lost)
      +20000 dropped media => replacing: end warn(0) call(1); due 500
      +80 ready            => connected: switch(lost) recovered(media,replace-call,80); never)");
}
GST_END_TEST

GST_START_TEST(further_attempts_wait_longer_and_longer) {
  Script script;
  script.run(R"(
      start                         => connecting: call(0)
      failed busy                   => connecting: end-next warn(0) call(1)
      failed busy                   => waiting: end-next warn(300); due 300
      due                           => connecting: call(2)
      +40 failed protocol random=0  => waiting: end-next warn(960); due 960
      due                           => connecting: call(3)
      failed busy random=1          => waiting: end-next warn(3240); due 3240
      due                           => connecting: call(4)
      failed busy                   => waiting: end-next warn(4800)
      +9000 timer                   => connecting: call(5)
      failed media                  => waiting: end-next warn(7000)
      due                           => connecting: call(6)
      failed busy                   => waiting: end-next warn(7000)
      due                           => connecting: call(7)
      ready                         => connected: switch(lost); never)");
}
GST_END_TEST

GST_START_TEST(a_call_that_did_not_last_counts_as_a_failed_attempt) {
  Script script;
  script.run(R"(
      start                   => connecting: call(0)
      ready                   => connected: switch(lost)
      +4999 dropped protocol  => replacing: end warn(0) call(1)
      ready                   => connected: switch(lost) recovered(protocol,replace-call,0)
      +1000 dropped protocol  => waiting: end warn(300)
      due                     => replacing: call(2)
      ready                   => connected: switch(lost) recovered(protocol,replace-call,300)
      +5000 dropped protocol  => replacing: end warn(0) call(1))");
}
GST_END_TEST

GST_START_TEST(what_cannot_heal_stops_with_the_reason_and_reconnect_re_arms) {
  for (std::string code : {"auth", "config", "quota", "security", "storage", "cancelled"}) {
    Script first;
    first.run("start          => connecting: call(0)");
    first.run("failed " + code + " => stopped: end-next give-up(" + code + "); never");
    first.run(R"(
        timer          => stopped
        start          => stopped
        +5 reconnect   => connecting: call(0,fresh); due 500
        ready          => connected: switch(lost))");
    first.run("dropped " + code + " => stopped: end give-up(" + code + "); never");
    first.run("stop => idle; never");
  }
}
GST_END_TEST

GST_START_TEST(what_may_heal_is_tried_again) {
  for (std::string code : {"network", "busy", "protocol", "media"}) {
    Script script;
    script.run("start => connecting: call(0)");
    std::string probe = code == "network" ? "; due 0" : "; due 500";
    script.run("failed " + code + " => connecting: end-next warn(0) call(1)" + probe);
  }
}
GST_END_TEST

GST_START_TEST(a_refused_token_is_renewed_and_a_refused_new_one_is_final) {
  Script script;
  script.run(R"(
      start               => connecting: call(0)
      failed auth refused => connecting: end-next warn(0) call(1,fresh)
      failed auth refused => stopped: end-next give-up(auth); never)");
  Script key;
  key.run(R"(
      start               => connecting: call(0)
      failed auth         => stopped: end-next give-up(auth))");
  // Without reconnects too: the first call is wanted.
  RecoveryOptions once;
  once.auto_reconnect = false;
  Script alone(once);
  alone.run(R"(
      start               => connecting: call(0)
      failed auth refused => connecting: end-next warn(0) call(1,fresh))");
}
GST_END_TEST

GST_START_TEST(a_token_that_grew_old_in_a_long_outage_is_renewed_again) {
  Script script;
  script.run(R"(
      start               => connecting: call(0)
      failed auth refused => connecting: end-next warn(0) call(1,fresh)
      failed busy         => waiting: end-next warn(300)
      due                 => connecting: call(2)
      failed auth refused => connecting: end-next warn(0) call(3,fresh)
      failed auth refused => stopped: end-next give-up(auth))");
}
GST_END_TEST

GST_START_TEST(a_new_token_is_still_wanted_after_a_wait) {
  Script script;
  script.run(R"(
      start                           => connecting: call(0)
      failed auth refused after=2000 random=0 => waiting: end-next warn(2000); due 2000
      due                             => connecting: call(1,fresh)
      failed auth refused             => stopped: end-next give-up(auth))");
}
GST_END_TEST

GST_START_TEST(retry_after_is_honoured_and_spread) {
  Script script;
  script.run(R"(
      start                           => connecting: call(0)
      failed busy after=7000 random=0 => waiting: end-next warn(7000); due 7000
      network                         => waiting; due 7000
      reach no                        => waiting; due 7000
      reach yes                       => waiting; due 7000
      due                             => connecting: call(1)
      failed busy after=7000 random=1 => waiting: end-next warn(8400); due 8400
      due                             => connecting: call(2)
      failed busy after=100           => waiting: end-next warn(1200)
      due                             => connecting: call(3)
      failed busy after=3600000 random=1 => waiting: end-next warn(3607000))");
}
GST_END_TEST

GST_START_TEST(retry_after_outlives_what_happens_meanwhile) {
  Script script;
  script.run(R"(
      start                            => connecting: call(0)
      ready limit=3600000              => connected: switch(lost); due 3480000
      due                              => rolling-over: call(0)
      failed busy after=60000 random=0 => rolling-over: end-next warn(60000)
      lost silence                     => replacing: migrate(silence) probe
      back                             => connected: stop-migrating recovered(silence,ride-out,0)
      due                              => rolling-over; due 60000
      due                              => rolling-over: call(0))");
}
GST_END_TEST

GST_START_TEST(retries_end_when_they_are_used_up) {
  RecoveryOptions options;
  options.max_retries = 2;
  Script script(options);
  script.run(R"(
      start                 => connecting: call(0)
      ready                 => connected: switch(lost)
      +20000 dropped media  => replacing: end warn(0) call(1)
      failed busy           => waiting: end-next warn(300)
      due                   => replacing: call(2)
      failed busy           => stopped: end-next give-up(busy); never
      reconnect             => connecting: call(0,fresh)
      failed busy           => connecting: end-next warn(0) call(1))");
  options.max_retries = 0;
  Script none(options);
  none.run(R"(
      start                 => connecting: call(0)
      failed network        => stopped: end-next give-up(network); never)");
}
GST_END_TEST

GST_START_TEST(without_auto_reconnect_no_other_call_is_made) {
  RecoveryOptions options;
  options.auto_reconnect = false;
  Script script(options);
  script.run(R"(
      start                 => connecting: call(0)
      ready limit=3600000   => connected: switch(lost); never
      limit 60000           => connected; never
      +90000 dropped media  => stopped: end give-up(media); never
      reconnect             => connecting: call(0,fresh)
      failed network        => stopped: end-next give-up(network))");
}
GST_END_TEST

GST_START_TEST(a_server_that_answers_again_is_not_kept_waiting) {
  Script script;
  script.run(R"(
      start                     => connecting: call(0)
      +2 failed network         => connecting: end-next warn(0) call(1); due 0
      timer                     => connecting: probe
      +1 failed network         => waiting: end-next warn(300)
      reach refused             => waiting
      pass 20000                => connecting: call(2) probe..
      failed network random=1   => waiting: end-next warn(1440)
      reach refused             => waiting
      +100 reach yes random=0   => connecting: call(3))");
}
GST_END_TEST

GST_START_TEST(a_server_that_answers_but_fails_is_not_hurried) {
  Script script;  // TLS does not work there, say
  script.run(R"(
      start           => connecting: call(0)
      failed network  => connecting: end-next warn(0) call(1)
      timer           => connecting: probe
      +20 reach yes   => connecting
      failed network  => waiting: end-next warn(300)
      timer           => waiting: probe
      +20 reach yes   => waiting; due 205
      pass 5000       => connecting: call(2) probe..)");
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery, start_makes_a_call_and_stop_ends_it,
                a_lost_call_is_replaced_at_once_and_the_outage_is_told,
                further_attempts_wait_longer_and_longer,
                a_call_that_did_not_last_counts_as_a_failed_attempt,
                what_cannot_heal_stops_with_the_reason_and_reconnect_re_arms,
                what_may_heal_is_tried_again,
                a_refused_token_is_renewed_and_a_refused_new_one_is_final,
                a_token_that_grew_old_in_a_long_outage_is_renewed_again,
                a_new_token_is_still_wanted_after_a_wait, retry_after_is_honoured_and_spread,
                retry_after_outlives_what_happens_meanwhile, retries_end_when_they_are_used_up,
                without_auto_reconnect_no_other_call_is_made,
                a_server_that_answers_again_is_not_kept_waiting,
                a_server_that_answers_but_fails_is_not_hurried)
