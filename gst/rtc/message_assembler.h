// Puts the pieces together that webrtcbin makes of a large data-channel message: it hands over what
// one SCTP read gave, and does not say where a message ends. Ours are JSON objects, so the text
// does. Thread-bound. Never holds more than kMaxBytes, and a broken message never spoils the ones
// behind it: every piece that could be a beginning is also tried as one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oairt {

// Follows the nesting of one JSON object, byte by byte.
class JsonScanner {
 public:
  enum class State { Open, Complete, Broken };
  State feed(std::string_view text);

 private:
  static constexpr std::size_t kMaxDepth = 512;
  bool step(char c);

  std::vector<char> open_;  // the closing brackets that are due
  bool in_string_ = false, escaped_ = false, complete_ = false, broken_ = false;
};

class MessageAssembler {
 public:
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

  // The message that this piece completes, or nothing. Text that is no JSON object is dropped.
  std::string feed(std::string_view piece);
  uint64_t dropped() const { return dropped_; }  // messages, as far as one can tell

 private:
  static constexpr std::size_t kMaxStarts = 4;
  struct Start {
    std::size_t offset;  // in pending_
    JsonScanner scanner;
  };
  void give_up();

  std::string pending_;
  std::vector<Start> starts_;  // oldest first
  uint64_t dropped_ = 0;
};

}  // namespace oairt
