#include "auth/token_cache.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Lives in the loop; the test answers for it.
struct FakeProvider : TokenProvider {
  explicit FakeProvider(std::vector<Callback> *asked, bool *destroyed)
      : asked_(asked), destroyed_(destroyed) {}
  ~FakeProvider() override { *destroyed_ = true; }
  void fetch(Callback callback) override {
    asked_->push_back(std::move(callback));
    if (on_fetch) on_fetch();
  }
  std::function<void()> on_fetch;
  std::vector<Callback> *asked_;
  bool *destroyed_;
};

class CacheBench {
 public:
  CacheBench() {
    in([&] {
      auto made = std::make_unique<FakeProvider>(&asked, &destroyed);
      provider = made.get();
      cache = std::make_unique<TokenCache>(loop, std::move(made));
    });
  }
  ~CacheBench() {
    in([&] { cache.reset(); });
  }
  template <typename Task>
  void in(Task task) {
    run_in(loop, [&] { return task(), true; });
  }
  // How often the provider was asked, once all that is due now has run.
  int fetches() {
    return run_in(loop, [&] { return static_cast<int>(asked.size()); });
  }
  void answer(Result<Token> result, std::size_t which) {
    in([&] { asked.at(which)(std::move(result)); });
  }
  Awaited<Result<Token>> get() {
    Awaited<Result<Token>> token;
    in([&] { cache->get(token.callback()); });
    return token;
  }
  bool valid() {
    return run_in(loop, [&] { return cache->has_valid_token(); });
  }

  EventLoop loop{"test-loop"};
  std::vector<TokenProvider::Callback> asked;
  bool destroyed = false;
  FakeProvider *provider = nullptr;
  std::unique_ptr<TokenCache> cache;
};

Token token_of(const char *value, std::optional<Duration> life = seconds(600)) {
  Token token;
  token.value = Secret(value);
  if (life) token.expires = Clock::now() + *life;
  return token;
}

Error error_of(ErrorCode code) {
  Error error;
  error.code = code;
  error.message = "no";
  return error;
}

std::string text(Awaited<Result<Token>> &awaited) {
  auto token = awaited.wait();
  if (!token) return "(no answer)";
  return token->ok() ? std::string(token->value().value.reveal()) : token->error().message;
}

}  // namespace

GST_START_TEST(waiters_share_one_request_and_later_ones_the_cached_token) {
  CacheBench bench;
  auto first = bench.get(), second = bench.get();
  fail_unless_equals_int(bench.fetches(), 1);
  bench.answer(token_of("ek_1"), 0);
  assert_text(text(first), "ek_1");
  assert_text(text(second), "ek_1");
  Awaited<Result<Token>> third;
  int calls_inside =
      run_in(bench.loop, [&] { return bench.cache->get(third.callback()), third.calls(); });
  fail_unless_equals_int(calls_inside, 0);
  assert_text(text(third), "ek_1");
  fail_unless_equals_int(bench.fetches(), 1);
}
GST_END_TEST

GST_START_TEST(a_failure_goes_to_all_waiters_and_is_not_kept) {
  CacheBench bench;
  auto first = bench.get(), second = bench.get();
  bench.answer(error_of(ErrorCode::Network), 0);
  assert_text(text(first), "no");
  assert_text(text(second), "no");
  fail_if(bench.valid());
  fail_unless_equals_int(bench.fetches(), 1);
  auto third = bench.get();
  fail_unless_equals_int(bench.fetches(), 2);
  bench.answer(token_of("ek_2"), 1);
  assert_text(text(third), "ek_2");
}
GST_END_TEST

GST_START_TEST(a_refused_token_is_not_handed_out_again) {
  CacheBench bench;
  auto first = bench.get();
  bench.answer(token_of("ek_1"), 0);
  assert_text(text(first), "ek_1");
  bench.in([&] { bench.cache->invalidate(); });
  fail_if(bench.valid());
  auto second = bench.get();
  fail_unless_equals_int(bench.fetches(), 2);
  bench.answer(token_of("ek_2"), 1);
  assert_text(text(second), "ek_2");
}
GST_END_TEST

GST_START_TEST(a_token_near_its_end_is_not_handed_out) {
  CacheBench bench;
  auto first = bench.get();
  Token aged = token_of("ek_1", milliseconds(1000));
  bench.answer(aged, 0);
  assert_text(text(first), "ek_1");
  fail_unless(bench.valid());
  TimePoint last_valid = Clock::now();
  // The time before each question: after it the thread may have been kept waiting.
  for (TimePoint asked = last_valid; bench.valid(); asked = Clock::now()) last_valid = asked;
  // A tenth of its life is kept as a margin.
  fail_unless(last_valid <= *aged.expires - milliseconds(95));
  fail_unless_equals_int(bench.fetches(), 1);  // nobody asked to keep it fresh
  auto second = bench.get();
  fail_unless_equals_int(bench.fetches(), 2);
  bench.answer(token_of("ek_2"), 1);
  assert_text(text(second), "ek_2");
}
GST_END_TEST

GST_START_TEST(a_prefetched_token_is_there_at_once_and_renewed_while_the_old_one_is_valid) {
  CacheBench bench;
  bench.in([&] {
    bench.cache->prefetch();
    bench.cache->prefetch();
  });
  fail_unless_equals_int(bench.fetches(), 1);
  // The moment of the renewal: the old token is still there for who asks.
  Awaited<Result<Token>> while_renewing;
  bool valid_while_renewing = false;
  bench.in([&] {
    bench.provider->on_fetch = [&] {
      valid_while_renewing = bench.cache->has_valid_token();
      bench.cache->get(while_renewing.callback());
    };
  });
  bench.answer(token_of("ek_1", milliseconds(2000)), 0);
  assert_text(text(while_renewing), "ek_1");
  fail_unless(valid_while_renewing);
  fail_unless_equals_int(bench.fetches(), 2);
  bench.answer(token_of("ek_2"), 1);
  auto after = bench.get();
  assert_text(text(after), "ek_2");
  fail_unless_equals_int(bench.fetches(), 2);
}
GST_END_TEST

GST_START_TEST(a_failed_prefetch_is_tried_again_unless_it_cannot_help) {
  CacheBench bench;
  bench.in([&] { bench.cache->prefetch(); });
  bench.answer(error_of(ErrorCode::Network), 0);
  fail_unless(wait_for([&] { return bench.fetches() == 2; }));  // after a second
  bench.answer(error_of(ErrorCode::Auth), 1);
  TimePoint end = Clock::now() + milliseconds(1300);
  fail_if(wait_for([&] { return bench.fetches() > 2; }, end - Clock::now()));
  auto token = bench.get();
  fail_unless_equals_int(bench.fetches(), 3);
  bench.answer(token_of("ek_1"), 2);
  assert_text(text(token), "ek_1");
}
GST_END_TEST

GST_START_TEST(a_key_without_an_end_is_kept) {
  CacheBench bench;
  bench.in([&] { bench.cache->prefetch(); });
  bench.answer(token_of("sk-1", std::nullopt), 0);
  fail_unless(bench.valid());
  auto token = bench.get();
  assert_text(text(token), "sk-1");
  fail_unless_equals_int(bench.fetches(), 1);
}
GST_END_TEST

GST_START_TEST(a_waiter_may_ask_again_or_end_the_cache_from_its_callback) {
  CacheBench bench;
  std::string order;
  bench.in([&] {
    bench.cache->get([&](Result<Token> result) {
      order += result.ok() ? "token " : "error ";
      bench.cache->get([&](Result<Token>) { order += "again "; });
    });
    bench.cache->get([&](Result<Token>) {
      order += "end ";
      bench.cache.reset();
    });
    bench.cache->get([&](Result<Token>) { order += "never "; });
  });
  bench.answer(error_of(ErrorCode::Network), 0);
  bench.in([] {});
  assert_text(order, "error end ");
  fail_unless(bench.destroyed);
}
GST_END_TEST

GST_START_TEST(the_end_of_the_cache_ends_the_request_and_its_waiters) {
  CacheBench bench;
  auto waiting = bench.get();
  bench.in([&] { bench.cache.reset(); });
  fail_unless(bench.destroyed);
  bench.answer(token_of("ek_1"), 0);  // a provider that does not obey
  fail_unless_equals_int(waiting.calls(), 0);
}
GST_END_TEST

OAIRT_TEST_MAIN(cache, waiters_share_one_request_and_later_ones_the_cached_token,
                a_failure_goes_to_all_waiters_and_is_not_kept,
                a_refused_token_is_not_handed_out_again, a_token_near_its_end_is_not_handed_out,
                a_prefetched_token_is_there_at_once_and_renewed_while_the_old_one_is_valid,
                a_failed_prefetch_is_tried_again_unless_it_cannot_help,
                a_key_without_an_end_is_kept,
                a_waiter_may_ask_again_or_end_the_cache_from_its_callback,
                the_end_of_the_cache_ends_the_request_and_its_waiters)
