// Rows that last as long as the process: what was stored survives the session, not the program.
#include <algorithm>
#include <map>

#include "base/lock.h"
#include "store/backend.h"

namespace oairt {
namespace {

constexpr Duration kStandbyPause = milliseconds(20);

struct Shelf {
  const void *owner = nullptr;
  std::map<RowKey, Row> rows;
};

struct Shelves {
  Mutex lock;
  std::map<std::string, Shelf> by_session OAIRT_GUARDED_BY(lock);
};

Shelves &shelves() {
  static Shelves *instance = new Shelves;
  return *instance;
}

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(std::string session) : session_(std::move(session)) {}
  ~MemoryBackend() override { release(); }

  Result<Opened> open() override { return Opened{}; }
  void disconnect() override {}

  Result<Claim> claim() override {
    Shelves &all = shelves();
    LockGuard guard(all.lock);
    Shelf &shelf = all.by_session[session_];
    if (shelf.owner == this) return Claim::Kept;
    if (shelf.owner != nullptr) return Claim::Held;
    shelf.owner = this;
    return Claim::Taken;
  }

  void release() override {
    Shelves &all = shelves();
    LockGuard guard(all.lock);
    auto shelf = all.by_session.find(session_);
    if (shelf == all.by_session.end() || shelf->second.owner != this) return;
    shelf->second.owner = nullptr;
    if (shelf->second.rows.empty()) all.by_session.erase(shelf);
  }

  Duration standby_pause() const override { return kStandbyPause; }

  Result<std::vector<Row>> read_heads() override {
    return read([](const RowKey &key) {
      return key.kind == RowKind::Session || key.kind == RowKind::Record;
    });
  }

  Result<std::vector<Row>> read_record(int64_t record) override {
    return read([record](const RowKey &key) { return key.record == record; });
  }

  Result<Written> write(const Batch &batch) override {
    Shelves &all = shelves();
    LockGuard guard(all.lock);
    Shelf &shelf = all.by_session[session_];
    if (shelf.owner != this) return Written::NotOwner;
    if (batch.erase_all) shelf.rows.clear();
    for (int64_t record : batch.erase_records) {
      std::erase_if(shelf.rows, [record](const auto &row) { return row.first.record == record; });
    }
    for (const RowKey &key : batch.erase) shelf.rows.erase(key);
    for (const Row &row : batch.put) shelf.rows[row.key] = row;
    return Written::Yes;
  }

 private:
  template <typename Wanted>
  std::vector<Row> read(Wanted wanted) {
    Shelves &all = shelves();
    LockGuard guard(all.lock);
    std::vector<Row> rows;
    auto shelf = all.by_session.find(session_);
    if (shelf == all.by_session.end()) return rows;
    for (const auto &[key, row] : shelf->second.rows) {
      if (wanted(key)) rows.push_back(row);
    }
    return rows;
  }

  std::string session_;
};

}  // namespace

std::unique_ptr<Backend> make_memory_backend(const std::string &session) {
  return std::make_unique<MemoryBackend>(session);
}

}  // namespace oairt
