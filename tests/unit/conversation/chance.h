// Random choices from a seed, and how many runs a test does.
// Thread-bound.
// Never asks for entropy: the same seed gives the same run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

namespace oairt::test {

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  int upto(int most) { return std::uniform_int_distribution<int>(0, most)(engine_); }
  bool one_in(int count) { return upto(count - 1) == 0; }
  template <typename T>
  const T &of(const std::vector<T> &values) {
    return values[static_cast<std::size_t>(upto(static_cast<int>(values.size()) - 1))];
  }
  template <typename T>
  void shuffle(std::vector<T> &values) {
    std::shuffle(values.begin(), values.end(), engine_);
  }

 private:
  std::mt19937_64 engine_;
};

// OAIRT_MODEL_RUNS: more of them.
inline int runs() {
  const char *wanted = std::getenv("OAIRT_MODEL_RUNS");
  return wanted != nullptr ? std::atoi(wanted) : 3000;
}

}  // namespace oairt::test
