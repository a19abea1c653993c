#include "auth/renewal.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

OAIRT_LOG_USE(auth)

namespace oairt {
namespace {

class RenewingSource : public IceServerSource {
 public:
  RenewingSource(EventLoop &loop, std::unique_ptr<IceServerFetcher> fetcher, RenewalTimes times)
      : loop_(loop), fetcher_(std::move(fetcher)), times_(times) {}
  ~RenewingSource() override { loop_.cancel(timer_); }

  void start(Callback callback) override {
    loop_.assert_in_loop();
    g_assert(!callback_);
    callback_ = std::move(callback);
    fetch();
  }

 private:
  void fetch() {
    fetcher_->fetch([this](Result<RelayCredentials> result) { handle(std::move(result)); });
  }

  void handle(Result<RelayCredentials> result) {
    Duration delay;
    if (result.ok()) {
      failures_ = 0;
      delay = renewal_delay(result->lifetime, times_);
      LOG_INFO("%zu TURN and %zu STUN servers, to be renewed in %.0f s",
               result->turn_servers.size(), result->stun_servers.size(), to_ms(delay) / 1000);
    } else {
      delay = retry_delay(failures_++, result.error().retry_after, times_);
      LOG_WARNING("no ICE servers: %s", result.error().message.c_str());
    }
    timer_ = loop_.call_after(delay, [this] {
      timer_ = 0;
      fetch();
    });
    Callback callback = callback_;
    callback(std::move(result));  // may destroy this
  }

  EventLoop &loop_;
  std::unique_ptr<IceServerFetcher> fetcher_;
  RenewalTimes times_;
  Callback callback_;
  int failures_ = 0;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace

Duration renewal_delay(Duration lifetime, const RenewalTimes &times) {
  Duration life = lifetime > Duration::zero() ? lifetime : times.unknown_life;
  return std::max<Duration>(life - std::max<Duration>(life / 10, times.least_left), times.soonest);
}

Duration retry_delay(int failures, std::optional<milliseconds> retry_after,
                     const RenewalTimes &times) {
  constexpr int kMostDoublings = 16;
  Duration pause = times.first_pause * (1 << std::min(failures, kMostDoublings));
  pause = std::min(pause, times.longest_pause);
  return retry_after ? std::max<Duration>(pause, *retry_after) : pause;
}

std::unique_ptr<IceServerSource> make_renewing_source(EventLoop &loop,
                                                      std::unique_ptr<IceServerFetcher> fetcher,
                                                      RenewalTimes times) {
  return std::make_unique<RenewingSource>(loop, std::move(fetcher), times);
}

}  // namespace oairt
