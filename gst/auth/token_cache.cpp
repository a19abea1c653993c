#include "auth/token_cache.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

OAIRT_LOG_USE(auth)

namespace oairt {
namespace {

constexpr Duration kShortestRefresh = std::chrono::milliseconds(100);
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(60);

// These do not heal by asking again; the next get() asks in any case.
bool is_final(ErrorCode code) {
  return code == ErrorCode::Auth || code == ErrorCode::Config || code == ErrorCode::Quota ||
         code == ErrorCode::Security;
}

}  // namespace

class TokenCache::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(EventLoop &loop, std::unique_ptr<TokenProvider> provider)
      : loop_(loop), provider_(std::move(provider)) {}

  void get(Callback callback) {
    loop_.assert_in_loop();
    if (!has_valid_token()) {
      waiters_.push_back(std::move(callback));
      fetch();
      return;
    }
    std::weak_ptr<Impl> weak = weak_from_this();
    loop_.post([weak, callback = std::move(callback), token = *token_] {
      if (!weak.expired()) callback(token);
    });
  }

  void prefetch() {
    loop_.assert_in_loop();
    keep_fresh_ = true;
    if (!has_valid_token()) {
      fetch();
    } else if (timer_ == 0) {
      schedule_refresh();
    }
  }

  void invalidate() {
    loop_.assert_in_loop();
    token_.reset();
    stop_timer();
  }

  bool has_valid_token() const {
    if (!token_) return false;
    return !token_->expires || *token_->expires - margin_ > Clock::now();
  }

  void close() {
    stop_timer();
    provider_.reset();
    waiters_.clear();
    token_.reset();
  }

 private:
  void fetch() {
    if (fetching_) return;
    fetching_ = true;
    stop_timer();
    std::weak_ptr<Impl> weak = weak_from_this();
    provider_->fetch([weak](Result<Token> result) {
      if (auto self = weak.lock()) self->handle_result(std::move(result));
    });
  }

  void handle_result(Result<Token> result) {
    fetching_ = false;
    if (result.ok()) {
      keep(result.value());
    } else {
      retry_later(result.error());
    }
    // A waiter may ask again, or end the cache.
    auto keep_alive = shared_from_this();
    for (Callback &waiter : std::exchange(waiters_, {})) {
      if (!provider_) return;
      waiter(result);
    }
  }

  void keep(const Token &token) {
    failures_ = 0;
    token_ = token;
    margin_ = Duration::zero();
    if (!token.expires) return;
    Duration life = std::max(*token.expires - Clock::now(), Duration::zero());
    margin_ = std::min<Duration>(kMargin, life / 10);
    if (keep_fresh_) schedule_refresh();
  }

  // One margin ahead of the moment from which the token is no longer handed out.
  void schedule_refresh() {
    if (!token_ || !token_->expires) return;
    TimePoint earliest = Clock::now() + kShortestRefresh;
    start_timer(std::max(*token_->expires - 2 * margin_, earliest));
  }

  // A token that is still valid stays; only refreshing ahead goes on by itself.
  void retry_later(const Error &error) {
    LOG_WARNING("no token: %s", error.message.c_str());
    if (!keep_fresh_ || is_final(error.code)) return;
    Duration pause = kFirstPause * (1 << std::min(failures_++, 6));
    pause = std::min(pause, kLongestPause);
    if (error.retry_after) pause = std::max<Duration>(pause, *error.retry_after);
    start_timer(Clock::now() + pause);
  }

  void start_timer(TimePoint when) {
    stop_timer();
    std::weak_ptr<Impl> weak = weak_from_this();
    timer_ = loop_.call_at(when, [weak] {
      auto self = weak.lock();
      if (!self) return;
      self->timer_ = 0;
      self->fetch();
    });
  }

  void stop_timer() {
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  }

  EventLoop &loop_;
  std::unique_ptr<TokenProvider> provider_;
  std::vector<Callback> waiters_;
  std::optional<Token> token_;
  Duration margin_ = Duration::zero();
  bool fetching_ = false;
  bool keep_fresh_ = false;
  int failures_ = 0;
  EventLoop::TimerId timer_ = 0;
};

TokenCache::TokenCache(EventLoop &loop, std::unique_ptr<TokenProvider> provider)
    : impl_(std::make_shared<Impl>(loop, std::move(provider))) {}

TokenCache::~TokenCache() { impl_->close(); }

void TokenCache::get(Callback callback) { impl_->get(std::move(callback)); }

void TokenCache::prefetch() { impl_->prefetch(); }

void TokenCache::invalidate() { impl_->invalidate(); }

bool TokenCache::has_valid_token() const { return impl_->has_valid_token(); }

}  // namespace oairt
