// Puts the pieces together that webrtcbin makes of a large data-channel message: it hands over what
// one SCTP read gave, and does not say where a message ends. Ours are JSON objects, so the text
// does. After a packet loss the SCTP stack may also let small messages overtake the rest of a large
// one. Thread-bound. Never holds more than kMaxBytes, and a broken message never spoils the ones
// behind it: every piece that could be a beginning is also tried as one, and the owner can give up
// waiting.
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
  using Messages = std::vector<std::string>;
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;
  // The stack hands over parts from 64 KiB on; what is much smaller is whole, or the last part.
  static constexpr std::size_t kLeastPart = 32 * 1024;

  explicit MessageAssembler(std::size_t least_part = kLeastPart) : least_part_(least_part) {}
  // The messages that are whole now, in the order in which they were sent. Text that is no JSON
  // object is dropped.
  Messages feed(std::string_view piece);
  // Whole messages wait for one that was begun before them; not for ever, if its end never comes.
  bool is_holding() const { return !held_.empty(); }
  Messages give_up();
  uint64_t dropped() const { return dropped_; }  // messages, as far as one can tell

 private:
  static constexpr std::size_t kMaxStarts = 4;
  struct Start {
    std::size_t offset;  // in pending_
    JsonScanner scanner;
  };
  bool advance(std::string_view piece, Messages &messages);
  void drop_pending(Messages &messages);
  void release(Messages &messages);
  void deliver(std::string message, Messages &messages);

  const std::size_t least_part_;
  std::string pending_;
  std::vector<Start> starts_;  // oldest first; empty if and only if nothing is pending
  Messages held_;
  std::size_t held_bytes_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace oairt
