#include "pinger.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace oairt::lab {
namespace {

constexpr char kPrefix[] = "lab-ping-";

}  // namespace

void Pinger::ping() {
  int64_t number = ++last_;
  {
    LockGuard guard(lock_);
    asked_[number] = now_ms();
  }
  bool sent = send_("{\"type\":\"conversation.item.retrieve\",\"event_id\":\"" +
                    std::string(kPrefix) + std::to_string(number) + "\",\"item_id\":\"lab_none\"}");
  LockGuard guard(lock_);
  ++(sent ? sent_ : refused_);
  if (!sent) asked_.erase(number);
}

bool Pinger::answered(const std::string &event) {
  auto place = event.find(kPrefix);
  if (place == std::string::npos || event.find("\"error\"") == std::string::npos) return false;
  int64_t number = std::atoll(event.c_str() + place + sizeof kPrefix - 1);
  double now = now_ms();
  LockGuard guard(lock_);
  auto node = asked_.extract(number);
  char answer[96];
  std::snprintf(answer, sizeof answer, "%s[%lld,%.1f,%.1f]", answers_.empty() ? "" : ",",
                static_cast<long long>(number), node.empty() ? -1 : node.mapped(), now);
  answers_ += answer;
  return true;
}

void Pinger::flush() {
  std::string line;
  {
    LockGuard guard(lock_);
    line = "\"sent\":" + std::to_string(std::exchange(sent_, 0)) +
           ",\"refused\":" + std::to_string(std::exchange(refused_, 0)) + ",\"a\":[" +
           std::exchange(answers_, "") + "]";
  }
  timeline_.write_text("ping", line);
}

}  // namespace oairt::lab
