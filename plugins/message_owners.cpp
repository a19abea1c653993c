#include "message_owners.h"

#include <algorithm>
#include <vector>

#include "base/lock.h"

namespace oairt::message_owners {
namespace {

struct Entry {
  const void *member, *session, *pipeline;
};

struct Owners {
  Mutex lock;
  std::vector<Entry> entries OAIRT_GUARDED_BY(lock);  // in the order of joining
};

Owners &owners() {
  static auto *instance = new Owners;
  return *instance;
}

}  // namespace

void join(const void *member, const void *session, const void *pipeline) {
  auto &all = owners();
  LockGuard guard(all.lock);
  all.entries.push_back({member, session, pipeline});
}

void leave(const void *member) {
  auto &all = owners();
  LockGuard guard(all.lock);
  std::erase_if(all.entries, [&](const Entry &entry) { return entry.member == member; });
}

bool owns(const void *member) {
  auto &all = owners();
  LockGuard guard(all.lock);
  auto mine = std::find_if(all.entries.begin(), all.entries.end(),
                           [&](const Entry &entry) { return entry.member == member; });
  if (mine == all.entries.end()) return false;
  return std::none_of(all.entries.begin(), mine, [&](const Entry &entry) {
    return entry.session == mine->session && entry.pipeline == mine->pipeline;
  });
}

}  // namespace oairt::message_owners
