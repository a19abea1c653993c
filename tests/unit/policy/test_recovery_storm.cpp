// Bad services and bad networks: whatever happens, calls are not made in a storm; and what is back
// is found soon. Time is simulated.
#include <algorithm>
#include <cmath>

#include "support/check.h"
#include "world.h"

using namespace oairt;            // NOLINT
using namespace oairt::recovery;  // NOLINT
using oairt::test::most_within;
using oairt::test::World;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// A burst of eight, and one each three seconds.
constexpr size_t kMostInAMinute = 29;

CallFailed failed(ErrorCode code, bool next = true) {
  CallFailed event;
  event.error = Error{code, "m", "d", "", {}};
  event.next = next;
  return event;
}

PathLost lost() { return PathLost{"silence", {}}; }

using Setup = std::function<void(World &)>;

struct Row {
  const char *name;
  Setup setup;
};

World::Fate up_and_then(Event later, Duration after) {
  return World::Fate{milliseconds(60), CallReady{}, std::move(later), after};
}

World::Fate down(ErrorCode code, Duration takes = milliseconds(20)) {
  return World::Fate{takes, failed(code), {}, {}};
}

const Row kRows[] = {
    {"accepts and drops",
     [](World &world) {
       world.call = [](TimePoint) {
         return up_and_then(failed(ErrorCode::Protocol, false), milliseconds(10));
       };
     }},
    {"accepts and drops after eleven seconds",
     [](World &world) {
       world.call = [](TimePoint) {
         return up_and_then(failed(ErrorCode::Media, false), seconds(11));
       };
     }},
    {"accepts and drops after five seconds",
     [](World &world) {
       world.call = [](TimePoint) {
         return up_and_then(failed(ErrorCode::Protocol, false), milliseconds(5010));
       };
     }},
    {"accepts and is silent",
     [](World &world) {
       world.call = [](TimePoint) { return up_and_then(lost(), milliseconds(700)); };
     }},
    {"accepts, is silent, and its port does not answer",
     [](World &world) {
       world.call = [](TimePoint) { return up_and_then(lost(), milliseconds(700)); };
       world.reach = [](TimePoint) { return Reach::NoAnswer; };
     }},
    {"TLS is broken",
     [](World &world) { world.call = [](TimePoint) { return down(ErrorCode::Network); }; }},
    {"its port comes and goes",
     [](World &world) {
       world.call = [](TimePoint) { return down(ErrorCode::Network); };
       world.reach = [&world](TimePoint) {
         return world.random() < 0.5 ? Reach::Reachable : Reach::Refused;
       };
     }},
    {"its port comes and goes and the calls hang",
     [](World &world) {
       world.call = [](TimePoint) { return down(ErrorCode::Network, seconds(15)); };
       world.reach = [&world](TimePoint) {
         return world.random() < 0.5 ? Reach::Reachable : Reach::NoAnswer;
       };
     }},
    {"up, lost, and its port comes and goes",
     [](World &world) {
       world.call = [&world](TimePoint) {
         return world.random() < 0.5 ? up_and_then(lost(), milliseconds(300))
                                     : down(ErrorCode::Network, seconds(8));
       };
       world.reach = [&world](TimePoint) {
         return static_cast<Reach>(static_cast<int>(world.random() * 3));
       };
     }},
    {"paths come and go",
     [](World &world) {
       world.call = [](TimePoint) { return World::Fate{milliseconds(500), CallReady{}, {}, {}}; };
       for (int n = 0; n < 1000; ++n) {
         TimePoint time = world.now() + milliseconds(1000 + 600 * n);
         world.at(time, lost());
         world.at(time + milliseconds(400), PathBack{n % 2 == 0});
       }
     }},
    {"sessions of a second",
     [](World &world) {
       world.call = [](TimePoint time) {
         CallReady ready;
         ready.limit = SessionLimit{time + seconds(1), 0};
         return World::Fate{milliseconds(60), ready, failed(ErrorCode::Protocol, false),
                            milliseconds(940)};
       };
     }},
    {"tokens are refused in turn",
     [](World &world) {
       world.call = [&world](TimePoint) {
         World::Fate fate = down(ErrorCode::Network);
         CallFailed refused = failed(ErrorCode::Auth);
         refused.token_refused = true;
         if (world.calls.size() % 2 == 1) fate.outcome = refused;
         return fate;
       };
     }},
    {"networks come and go",
     [](World &world) {
       world.call = [](TimePoint) { return down(ErrorCode::Network, milliseconds(1)); };
       world.reach = [](TimePoint time) {
         auto slot = std::chrono::duration_cast<milliseconds>(time.time_since_epoch()) / 150;
         return slot.count() % 2 == 0 ? Reach::NoAnswer : Reach::Reachable;
       };
       for (int n = 0; n < 6000; ++n)
         world.at(world.now() + n * milliseconds(100), NetworkChanged{});
     }},
};

// A call that was up for long, and the server away from kStart for `away`, refusing.
struct Return {
  double after_ms;  // the server was back
};

Return come_back(unsigned seed, Duration away, bool dropped, Reach how) {
  World world(seed);
  TimePoint start = world.now() + minutes(1), end = start + away;
  world.call = [start, end, how, &world](TimePoint time) {
    if (time < start || time >= end) {
      return World::Fate{
          milliseconds(60 + static_cast<int>(world.random() * 20)), CallReady{}, {}, {}};
    }
    // Without an answer TCP repeats its question after 1, 3, 7, 15 s.
    return down(ErrorCode::Network, how == Reach::Refused ? milliseconds(2) : seconds(15));
  };
  world.reach = [start, end, how](TimePoint time) {
    return time >= start && time < end ? how : Reach::Reachable;
  };
  if (how == Reach::NoAnswer) {
    world.probe_takes = [start, end](TimePoint time) {
      return time >= start && time < end ? milliseconds(1500) : milliseconds(2);
    };
  }
  world.at(world.now(), Start{});
  TimePoint noticed = start + milliseconds(dropped ? 0 : 700) +
                      std::chrono::microseconds(static_cast<int>(world.random() * 20000));
  if (dropped) {
    world.at(noticed, failed(ErrorCode::Protocol, false));
  } else {
    world.at(noticed, lost());
  }
  world.run_until(end + minutes(2));
  fail_unless(world.policy().state() == State::Connected, "it did not come back: %s",
              to_string(world.policy().state()));
  return Return{to_ms(world.switches.back() - end)};
}

struct Fleet {
  double median_ms, p90_ms, last_ms, share_100_ms, share_second;
};

Fleet fleet(Duration away, bool dropped, Reach how, bool show) {
  std::vector<TimePoint> times;
  for (unsigned seed = 1; seed <= 1000; ++seed) {
    double after_ms = come_back(seed, away, dropped, how).after_ms;
    times.push_back(TimePoint() + std::chrono::microseconds(std::lround(after_ms * 1000)));
  }
  std::sort(times.begin(), times.end());
  auto at = [&times](size_t index) { return to_ms(times[index] - TimePoint()); };
  if (show) {
    std::vector<int> bins(40);
    for (TimePoint time : times) {
      auto bin = static_cast<size_t>(to_ms(time - TimePoint()) / 250);
      ++bins[std::min(bin, bins.size() - 1)];
    }
    for (size_t bin = 0; bin < bins.size(); ++bin) {
      if (bins[bin] > 0) {
        g_print("  %5zu ms %4d %s\n", bin * 250, bins[bin],
                std::string(static_cast<size_t>(bins[bin] / 4), '#').c_str());
      }
    }
  }
  Fleet result{at(500), at(900), at(999), most_within(times, milliseconds(100)) / 1000.0,
               most_within(times, seconds(1)) / 1000.0};
  g_print(
      "fleet of 1000, away %4.1f s, %s, %s: median %4.0f ms, 90 %% %4.0f, last %4.0f; largest "
      "share in 100 ms %4.1f %%, in 1 s %5.1f %%\n",
      to_ms(away) / 1000, dropped ? "closed" : "silent",
      how == Reach::Refused ? "refuses  " : "no answer", result.median_ms, result.p90_ms,
      result.last_ms, result.share_100_ms * 100, result.share_second * 100);
  return result;
}

}  // namespace

GST_START_TEST(no_storm_whatever_happens) {
  for (const auto &row : kRows) {
    size_t most = 0, calls = 0, probes = 0;
    for (unsigned seed = 1; seed <= 5; ++seed) {
      World world(seed);
      row.setup(world);
      world.at(world.now(), Start{});
      world.run_until(world.now() + minutes(10));
      most = std::max(most, most_within(world.calls, minutes(1)));
      calls = std::max(calls, world.calls.size());
      probes = std::max(probes, world.probes);
      world.at(world.now(), Stop{});
      world.run_until(world.now() + minutes(1));
      fail_unless(world.policy().state() == State::Idle && !world.policy().deadline());
    }
    g_print("%-50s at most %2zu calls a minute, %3zu in ten, %4zu probes\n", row.name, most, calls,
            probes);
    fail_unless(most <= kMostInAMinute, "%s: %zu calls in a minute", row.name, most);
    fail_unless(calls >= 2 && calls <= 210, "%s: %zu calls", row.name, calls);
  }
}
GST_END_TEST

GST_START_TEST(a_fleet_does_not_come_back_in_one_moment) {
  for (bool dropped : {false, true}) {
    Fleet half_a_minute = fleet(seconds(30), dropped, Reach::Refused, true);
    fail_unless(half_a_minute.share_100_ms <= 0.08 && half_a_minute.share_second <= 0.4);
    fail_unless(half_a_minute.last_ms <= 8000);
    Fleet ten = fleet(seconds(10), dropped, Reach::Refused, false);
    fail_unless(ten.share_100_ms <= 0.2 && ten.last_ms <= 1500);
  }
}
GST_END_TEST

GST_START_TEST(what_was_away_for_a_short_time_is_found_at_once) {
  for (bool dropped : {false, true}) {
    for (int away_ms : {1000, 2000, 3000, 5000}) {
      Fleet result = fleet(milliseconds(away_ms), dropped, Reach::Refused, false);
      fail_unless(result.p90_ms <= 500, "%d ms away: %f ms", away_ms, result.p90_ms);
    }
  }
}
GST_END_TEST

GST_START_TEST(a_network_that_is_back_is_found_at_once) {
  for (bool dropped : {false, true}) {
    for (int away_s : {5, 45, 60, 120}) {
      Fleet result = fleet(seconds(away_s), dropped, Reach::NoAnswer, false);
      fail_unless(result.p90_ms <= 700, "%d s away: %f ms", away_s, result.p90_ms);
    }
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery_storm, no_storm_whatever_happens, a_fleet_does_not_come_back_in_one_moment,
                what_was_away_for_a_short_time_is_found_at_once,
                a_network_that_is_back_is_found_at_once)
