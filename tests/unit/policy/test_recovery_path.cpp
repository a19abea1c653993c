// The path below the current call: migrated, restarted, the call replaced beside it.
#include "script.h"
#include "support/check.h"

using oairt::RecoveryOptions;
using oairt::test::Script;

namespace {

constexpr const char *kConnected = R"(
    start            => connecting: call(0)
    ready            => connected: switch(lost)
    +60000 timer     => connected; never)";
constexpr const char *kConnectedWithRestart = R"(
    start            => connecting: call(0)
    ready restart    => connected: switch(lost)
    +60000 timer     => connected; never)";

}  // namespace

GST_START_TEST(a_silent_path_is_migrated_at_once) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence ago=700 => migrating: migrate(silence) probe
      lost silence ago=800 => migrating
      +60 back moved       => connected: stop-migrating recovered(silence,migrate,760); never
      back moved           => connected
      lost link-down       => migrating: migrate(link-down) probe
      +30 back             => connected: stop-migrating recovered(link-down,ride-out,30); never)");
}
GST_END_TEST

GST_START_TEST(a_fresh_path_is_sought_often_and_then_less) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence    => migrating: migrate(silence) probe
      pass 2900       => migrating: migrate(silence).. probe..
      reach no        => migrating)");
  RecoveryOptions options;
  options.auto_reconnect = false;
  Script alone(options);
  alone.run(kConnected);
  alone.run(R"(
      lost silence    => migrating: migrate(silence) probe
      pass 10000      => migrating: migrate(silence).. probe..
      pass 20000      => migrating: migrate(silence).. probe..
      +30 back        => connected: stop-migrating recovered(silence,ride-out,30030); never)");
}
GST_END_TEST

GST_START_TEST(a_reachable_server_and_no_path_is_another_call) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence ago=700 => migrating: migrate(silence) probe
      +20 reach yes        => migrating; due 180
      pass 299             => migrating: migrate(silence).. probe..
      +1 timer             => replacing: call(1)
      +80 ready            => connected: switch(lost) recovered(silence,replace-call,1100); never)");
}
GST_END_TEST

GST_START_TEST(patience_follows_the_round_trip) {
  Script script;
  script.run(R"(
      start                => connecting: call(0)
      ready rtt=400        => connected: switch(lost)
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      pass 999             => migrating: migrate(silence).. probe..
      +1 timer             => replacing: call(1))");
}
GST_END_TEST

GST_START_TEST(the_old_path_may_come_back_while_another_call_is_made) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => replacing: call(1) probe
      back moved           => connected: stop-migrating end-next recovered(silence,migrate,300); never
      ready                => connected
      failed network       => connected)");
}
GST_END_TEST

GST_START_TEST(nothing_known_of_the_server_is_a_try_in_the_blind) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      pass 2999            => migrating: migrate(silence).. probe..
      +1 timer             => replacing: call(1) probe)");
}
GST_END_TEST

GST_START_TEST(ice_is_restarted_first_where_it_is_offered) {
  Script script;
  script.run(kConnectedWithRestart);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => restarting: restart-ice(1000) probe
      network              => restarting: probe
      +100 restarted yes   => restarting
      +50 back moved       => connected: stop-migrating recovered(silence,restart-ice,450); never
      +20000 lost silence  => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => restarting: restart-ice(1000) probe
      +10 restarted no     => restarting; due 0
      due                  => replacing: call(1)
      restarted yes        => replacing)");
}
GST_END_TEST

GST_START_TEST(an_ice_restart_without_an_answer_or_a_path_is_another_call) {
  Script script;
  script.run(kConnectedWithRestart);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => restarting: restart-ice(1000) probe
      pass 999             => restarting: probe..
      +1 timer             => replacing: call(1))");
  Script agreed;
  agreed.run(kConnectedWithRestart);
  agreed.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => restarting: restart-ice(1000) probe
      +500 restarted yes   => restarting
      pass 999             => restarting: probe..
      +1 timer             => replacing: call(1))");
}
GST_END_TEST

GST_START_TEST(ice_is_not_restarted_where_it_is_not_wanted_or_of_no_use) {
  RecoveryOptions options;
  options.ice_restart = false;
  Script never(options);
  never.run(kConnectedWithRestart);
  never.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => replacing: call(1) probe)");
  Script refused;  // the server is another one by now
  refused.run(kConnectedWithRestart);
  refused.run(R"(
      lost silence         => migrating: migrate(silence) probe
      +10 reach refused    => migrating
      +1000 reach yes random=0 => migrating: migrate(network-back)
      timer                => replacing: call(1) probe)");
  Script blind;
  blind.run(kConnectedWithRestart);
  blind.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach no             => migrating
      +3000 timer          => replacing: call(1) probe)");
}
GST_END_TEST

GST_START_TEST(ice_is_restarted_on_request) {
  Script script;
  script.run(kConnectedWithRestart);
  script.run(R"(
      restart-ice          => restarting: restart-ice(1000); due 1000
      restart-ice          => restarting
      back                 => restarting
      restarted yes        => restarting
      +70 back moved       => connected: stop-migrating recovered(requested,restart-ice,0); never
      restart-ice          => restarting: restart-ice(1000)
      restarted no         => restarting; due 0
      due                  => connected: stop-migrating; never
      restart-ice          => restarting: restart-ice(1000)
      due                  => connected: stop-migrating; never
      restart-ice          => restarting: restart-ice(1000)
      +100 lost silence    => restarting: migrate(silence) probe
      pass 900             => replacing: call(1) probe..
      ready                => connected: switch(lost) recovered(silence,replace-call,900)
      restart-ice          => connected)");
  Script dropped;
  dropped.run(kConnectedWithRestart);
  dropped.run(R"(
      restart-ice          => restarting: restart-ice(1000)
      +100 dropped media   => replacing: end warn(0) call(1); due 500
      +50 ready            => connected: switch(lost) recovered(media,replace-call,50))");
}
GST_END_TEST

GST_START_TEST(a_network_that_comes_is_tried_at_once) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      network              => connected; never
      lost address-removed => migrating: migrate(address-removed) probe
      reach no             => migrating
      +800 network         => migrating: migrate(network-changed) probe; due 100
      +100 timer           => migrating: probe
      +10 reach yes        => migrating: migrate(network-back)
      +20 back moved       => connected: stop-migrating recovered(address-removed,migrate,930))");
}
GST_END_TEST

GST_START_TEST(the_old_call_has_a_moment_before_another_one_when_the_network_is_back) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      +5 reach no          => migrating
      pass 2995            => replacing: call(1) migrate(silence).. probe..
      pass 23000           => replacing: migrate(silence).. probe..
      reach yes            => replacing: end-next migrate(network-back)
      +60 back moved       => connected: stop-migrating recovered(silence,migrate,26060); never)");
  Script late;
  late.run(kConnected);
  late.run(R"(
      lost silence         => migrating: migrate(silence) probe
      +5 reach no          => migrating
      pass 19995           => replacing: call(1) migrate(silence).. probe..
      reach yes            => replacing: end-next migrate(network-back)
      pass 299             => replacing: migrate(silence).. probe..
      pass 2               => replacing: call(1))");
}
GST_END_TEST

GST_START_TEST(a_server_that_has_forgotten_us_gets_another_call_at_once) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach no             => migrating
      pass 60000           => replacing: call(1) migrate(silence).. probe..
      reach yes            => replacing: end-next call(1) migrate(network-back)
      +100 reach yes       => replacing
      +1 ready             => connected: switch(lost) recovered(silence,replace-call,60101); never)");
}
GST_END_TEST

GST_START_TEST(a_call_that_is_past_its_signalling_is_left_alone) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach no             => migrating
      pass 60000           => replacing: call(1) migrate(silence).. probe..
      reach yes answered   => replacing: migrate(network-back))");
}
GST_END_TEST

GST_START_TEST(a_return_in_the_first_moment_of_a_call_is_not_overlooked) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      dropped network      => replacing: end warn(0) call(1); due 0
      timer                => replacing: probe
      reach refused        => replacing
      failed network       => waiting: end-next warn(300)
      +300 timer           => replacing: call(2) probe
      +5 reach yes random=0 => replacing
      +1 failed network    => waiting: end-next warn(1200)
      +200 reach yes random=0 => replacing: call(3))");
}
GST_END_TEST

GST_START_TEST(after_ninety_seconds_the_old_call_is_let_go) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach no             => migrating
      pass 90000           => replacing: call(1) migrate(silence).. probe..
      failed network       => replacing: end-next warn(300)
      pass 2000            => replacing: call(2) end probe..
      back                 => replacing
      lost silence         => replacing
      reach yes            => replacing: end-next call(2)
      ready                => connected: switch(lost) recovered(silence,replace-call,92000); never)");
}
GST_END_TEST

GST_START_TEST(without_another_call_the_old_one_is_awaited_as_long_as_the_server_may_know_it) {
  RecoveryOptions options;
  options.auto_reconnect = false;
  Script script(options);
  script.run(kConnected);
  script.run(R"(
      lost silence ago=700 => migrating: migrate(silence) probe
      +20 reach yes        => migrating
      pass 30279           => migrating: migrate(silence).. probe..
      +1 timer             => stopped: end give-up(network); never)");
  options.auto_reconnect = true;
  options.max_retries = 0;
  Script none(options);
  none.run(kConnected);
  none.run(R"(
      lost silence ago=700 => migrating: migrate(silence) probe
      +20 reach yes        => migrating
      +10000 timer         => migrating: probe
      back                 => connected: stop-migrating recovered(silence,ride-out,10720); never)");
}
GST_END_TEST

GST_START_TEST(a_replacement_that_is_refused_leaves_the_old_call_its_chance) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => replacing: call(1) probe
      failed quota         => migrating: end-next warn(0)
      pass 20000           => migrating: migrate(silence).. probe..
      back moved           => connected: stop-migrating recovered(silence,migrate,20300); never
      +5000 lost silence   => migrating: migrate(silence) probe
      reach yes            => migrating
      pass 30999           => migrating: migrate(silence).. probe..
      +1 timer             => stopped: end give-up(quota); never)");
  Script dropped;
  dropped.run(kConnected);
  dropped.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => replacing: call(1) probe
      failed config        => migrating: end-next warn(0)
      dropped network      => stopped: end give-up(config); never)");
}
GST_END_TEST

GST_START_TEST(both_calls_may_fail_in_one_moment) {
  Script script;
  script.run(kConnected);
  script.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => replacing: call(1) probe
      dropped media        => replacing: end
      failed busy          => waiting: end-next warn(300); due 300
      pass 300             => replacing: call(2)
      back                 => replacing)");
  Script other;
  other.run(kConnected);
  other.run(R"(
      lost silence         => migrating: migrate(silence) probe
      reach yes            => migrating
      +300 timer           => replacing: call(1) probe
      failed busy          => replacing: end-next warn(300)
      dropped media        => waiting: end
      pass 300             => replacing: call(2))");
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery_path, a_silent_path_is_migrated_at_once,
                a_fresh_path_is_sought_often_and_then_less,
                a_reachable_server_and_no_path_is_another_call, patience_follows_the_round_trip,
                the_old_path_may_come_back_while_another_call_is_made,
                nothing_known_of_the_server_is_a_try_in_the_blind,
                ice_is_restarted_first_where_it_is_offered,
                an_ice_restart_without_an_answer_or_a_path_is_another_call,
                ice_is_not_restarted_where_it_is_not_wanted_or_of_no_use,
                ice_is_restarted_on_request, a_network_that_comes_is_tried_at_once,
                the_old_call_has_a_moment_before_another_one_when_the_network_is_back,
                a_server_that_has_forgotten_us_gets_another_call_at_once,
                a_call_that_is_past_its_signalling_is_left_alone,
                a_return_in_the_first_moment_of_a_call_is_not_overlooked,
                after_ninety_seconds_the_old_call_is_let_go,
                without_another_call_the_old_one_is_awaited_as_long_as_the_server_may_know_it,
                a_replacement_that_is_refused_leaves_the_old_call_its_chance,
                both_calls_may_fail_in_one_moment)
