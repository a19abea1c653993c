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

MessageAssembler::Messages MessageAssembler::feed(std::string_view piece) {
  Messages messages;
  if (held_bytes_ + pending_.size() + piece.size() > kMaxBytes) drop_pending(messages);
  JsonScanner scanner;
  auto alone = piece.size() > kMaxBytes ? JsonScanner::State::Broken : scanner.feed(piece);
  if (alone == JsonScanner::State::Complete) {
    held_.emplace_back(piece);
    held_bytes_ += piece.size();
    if (starts_.empty()) release(messages);
    return messages;
  }
  if (advance(piece, messages)) return messages;
  bool part = piece.size() >= least_part_ && piece.size() <= kMaxBytes;
  if (part && alone == JsonScanner::State::Open && looks_like_a_start(piece)) {
    // The oldest is the likeliest, the newest the one behind whatever is broken.
    if (starts_.size() == kMaxStarts) starts_.erase(starts_.begin() + 1);
    if (starts_.empty()) pending_.assign(piece);
    starts_.push_back({pending_.size() - piece.size(), std::move(scanner)});
  } else if (starts_.empty() || !part) {
    if (pending_.empty()) dropped_++;
    drop_pending(messages);
  }
  return messages;
}

// Adds to what is pending. True if that completes a message.
bool MessageAssembler::advance(std::string_view piece, Messages &messages) {
  if (starts_.empty()) return false;
  pending_.append(piece);
  for (auto start = starts_.begin(); start != starts_.end();) {
    auto state = start->scanner.feed(piece);
    if (state == JsonScanner::State::Complete) {
      std::size_t offset = start->offset;
      std::string message = pending_.substr(offset);
      pending_.resize(offset);
      // Behind a broken beginning nobody knows the order any more.
      if (offset > 0) drop_pending(messages);
      pending_.clear();
      starts_.clear();
      deliver(std::move(message), messages);
      release(messages);
      return true;
    }
    start = state == JsonScanner::State::Broken ? starts_.erase(start) : start + 1;
  }
  return false;
}

MessageAssembler::Messages MessageAssembler::give_up() {
  Messages messages;
  drop_pending(messages);
  return messages;
}

void MessageAssembler::drop_pending(Messages &messages) {
  if (!pending_.empty()) dropped_++;
  pending_.clear();
  starts_.clear();
  release(messages);
}

void MessageAssembler::release(Messages &messages) {
  for (std::string &message : std::exchange(held_, {})) deliver(std::move(message), messages);
  held_bytes_ = 0;
}

void MessageAssembler::deliver(std::string message, Messages &messages) {
  if (g_utf8_validate(message.data(), static_cast<gssize>(message.size()), nullptr)) {
    messages.push_back(std::move(message));
  } else {
    dropped_++;
  }
}

}  // namespace oairt
