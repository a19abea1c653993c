#include "rtc/message_assembler.h"

#include <utility>

#include <glib.h>

namespace oairt {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool looks_like_a_start(std::string_view piece) {
  while (!piece.empty() && is_blank(piece.front())) piece.remove_prefix(1);
  return piece.starts_with('{');
}

}  // namespace

JsonScanner::State JsonScanner::feed(std::string_view text) {
  for (char c : text) {
    if (broken_) break;
    broken_ = !step(c);
  }
  if (broken_) return State::Broken;
  return complete_ ? State::Complete : State::Open;
}

bool JsonScanner::step(char c) {
  if (in_string_) {
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
    return true;
  }
  if (is_blank(c)) return true;
  if (complete_) return false;
  if (c == '{' || c == '[') {
    if (open_.empty() && c == '[') return false;
    open_.push_back(c == '{' ? '}' : ']');
    return open_.size() <= kMaxDepth;
  }
  if (open_.empty()) return false;
  if (c == '}' || c == ']') {
    if (open_.back() != c) return false;
    open_.pop_back();
    complete_ = open_.empty();
  }
  in_string_ = c == '"';
  return true;
}

std::string MessageAssembler::feed(std::string_view piece) {
  if (pending_.size() + piece.size() > kMaxBytes) {
    give_up();
    if (piece.size() > kMaxBytes) return {};
  }
  if (looks_like_a_start(piece) && starts_.size() < kMaxStarts) {
    starts_.push_back({pending_.size(), JsonScanner()});
  }
  if (starts_.empty()) {
    dropped_++;
    return {};
  }
  pending_.append(piece);
  for (auto start = starts_.begin(); start != starts_.end();) {
    auto state = start->scanner.feed(piece);
    if (state == JsonScanner::State::Complete) {
      std::string message = pending_.substr(start->offset);
      if (start != starts_.begin() || start->offset > 0) dropped_++;
      pending_.clear();
      starts_.clear();
      if (g_utf8_validate(message.data(), static_cast<gssize>(message.size()), nullptr)) {
        return message;
      }
      dropped_++;
      return {};
    }
    start = state == JsonScanner::State::Broken ? starts_.erase(start) : start + 1;
  }
  if (starts_.empty()) {
    give_up();
  } else if (starts_.size() == kMaxStarts) {
    // The oldest is the likeliest, the newest the one behind whatever is broken.
    starts_.erase(starts_.begin() + 1);
  }
  return {};
}

void MessageAssembler::give_up() {
  if (!pending_.empty()) dropped_++;
  pending_.clear();
  starts_.clear();
}

}  // namespace oairt
