// A string that wipes itself and cannot be printed: API keys, tokens, passwords.
// Thread-bound like any value; copies are wiped one by one.
// Never converts to std::string by itself: reveal() marks each place that lets it out.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

namespace oairt {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(const Secret &) = default;
  Secret(Secret &&other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret &operator=(const Secret &other) {
    if (this != &other) {
      wipe();
      bytes_ = other.bytes_;
    }
    return *this;
  }
  Secret &operator=(Secret &&other) noexcept {
    wipe();
    bytes_.swap(other.bytes_);
    return *this;
  }
  ~Secret() { wipe(); }

  std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }
  bool empty() const { return bytes_.empty(); }
  bool operator==(const Secret &other) const { return bytes_ == other.bytes_; }
  void wipe() {
    if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
    bytes_.clear();
  }

 private:
  std::vector<char> bytes_;
};

}  // namespace oairt
