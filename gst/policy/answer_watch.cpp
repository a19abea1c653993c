#include "policy/answer_watch.h"

#include <algorithm>

namespace oairt {
namespace {

constexpr Duration kLongestInterval = std::chrono::seconds(1);
// As PathWatch does it: some questions fit between the first doubt and the verdict.
constexpr int kDoubtPercent = 40;
constexpr Duration kInsist = milliseconds(50);
// After the machine stood still the answer to a single check may not have been read yet.
constexpr uint64_t kFewest = 4;

}  // namespace

void AnswerWatch::reset(const Counts &counts, TimePoint now) {
  answers_ = false;
  restart(counts, now);
}

void AnswerWatch::restart(const Counts &counts, TimePoint now) {
  seen_ = counts;
  asked_.reset();
  told_ = false;
  proven_until_ = checked_ = now;
}

AnswerWatch::Finding AnswerWatch::look(const Counts &counts, TimePoint now) {
  Finding finding;
  if (counts.answers != seen_.answers) {
    answers_ = true;
    asked_.reset();
    proven_until_ = now;
  } else if (counts.checks != seen_.checks && !asked_) {
    asked_ = now;
    before_ = seen_.checks;
  }
  if (counts.checks != seen_.checks) checked_ = now;
  seen_ = counts;
  Duration unanswered = asked_ ? now - *asked_ : Duration::zero();
  Duration patience = std::max(silence_, counts.round_trip * 5 / 2);
  if (answers_ && !told_ && unanswered >= patience && counts.checks - before_ >= kFewest) {
    finding.unheard = told_ = true;
    return finding;
  }
  bool doubt = answers_ && unanswered >= patience * kDoubtPercent / 100;
  Duration interval =
      doubt ? std::min(kInsist, silence_ / 8) : std::min(silence_, kLongestInterval);
  finding.check = now - checked_ >= interval;
  return finding;
}

}  // namespace oairt
