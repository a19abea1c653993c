// Ids in the service's shape, and every other random decision, from one seed.
// Thread-bound.
// Never asks for entropy: the same seed gives the same run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace oairt::sim {

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}

  // "item" -> "item_" and 21 letters and digits.
  std::string id(const std::string &prefix, std::size_t length = 21) {
    static constexpr char kLetters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return prefix + "_" + letters(kLetters, sizeof kLetters - 1, length);
  }
  std::string hex(std::size_t length) { return letters("0123456789abcdef", 16, length); }
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool happens(double probability) {
    return std::uniform_real_distribution<double>(0, 1)(engine_) < probability;
  }
  template <typename T>
  void shuffle(std::vector<T> &items) {
    std::shuffle(items.begin(), items.end(), engine_);
  }
  uint64_t seed() { return engine_(); }  // for another Chance

 private:
  std::string letters(const char *alphabet, std::size_t size, std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) {
      text += alphabet[between(0, static_cast<int64_t>(size) - 1)];
    }
    return text;
  }

  std::mt19937_64 engine_;
};

}  // namespace oairt::sim
