#include "store/store.h"

#include "store/engine.h"
#include "store/record_reader.h"
#include "store/redis_backend.h"
#include "store/store_uri.h"

namespace oairt {
namespace {

class EngineStore final : public Store {
 public:
  EngineStore(EventLoop &loop, std::shared_ptr<Engine> engine)
      : loop_(loop), engine_(std::move(engine)) {}
  ~EngineStore() override {
    loop_.assert_in_loop();
    engine_->detach();
  }

  void save_item(StoredItem item) override {
    push({Change::Kind::SaveItem, item.slot, item.time_ms, std::move(item.text)});
  }
  void erase_item(int64_t slot) override { push({Change::Kind::EraseItem, slot, 0, {}}); }
  void save_state(std::string text) override {
    push({Change::Kind::SaveState, 0, 0, std::move(text)});
  }
  void close_record(int64_t now_ms) override { push({Change::Kind::CloseRecord, 0, now_ms, {}}); }
  void erase_session(std::function<void(Status)> done) override {
    loop_.assert_in_loop();
    engine_->erase(std::move(done));
  }
  void set_retention(std::chrono::seconds retention) override {
    loop_.assert_in_loop();
    engine_->set_retention(retention);
  }
  void close(TimePoint deadline, std::function<void(bool)> done) override {
    loop_.assert_in_loop();
    engine_->close(deadline, std::move(done));
  }

 private:
  void push(Change change) {
    loop_.assert_in_loop();
    engine_->push(std::move(change));
  }

  EventLoop &loop_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace

Result<std::unique_ptr<Backend>> make_backend(const StoreOptions &options, bool read_only) {
  Result<StoreUri> uri = parse_store_uri(options.uri);
  if (!uri) return uri.error();
  switch (uri->kind) {
    case StoreUri::Kind::Memory:
      return make_memory_backend(options.session);
    case StoreUri::Kind::Sqlite:
      return make_sqlite_backend(uri->path, options.session, read_only);
    case StoreUri::Kind::Redis:
      break;
  }
  return make_redis_backend(uri.value(), options);
}

Result<std::unique_ptr<Store>> make_store(EventLoop &loop, StoreOptions options,
                                          StoreListener &listener, StoreHooks hooks) {
  if (Status right = check_store_options(options); !right) return right.error();
  Result<std::unique_ptr<Backend>> backend =
      hooks.make_backend ? hooks.make_backend() : make_backend(options, false);
  if (!backend) return backend.error();
  auto engine = std::make_shared<Engine>(loop, std::move(options), std::move(backend).value(),
                                         listener, std::move(hooks));
  engine->start();
  return std::unique_ptr<Store>(std::make_unique<EngineStore>(loop, std::move(engine)));
}

Result<std::unique_ptr<Store>> Store::create(EventLoop &loop, StoreOptions options,
                                             StoreListener &listener) {
  return make_store(loop, std::move(options), listener, {});
}

Result<std::vector<StoredRecord>> read_all_records(const StoreOptions &options) {
  if (Status right = check_store_options(options); !right) return right.error();
  Result<std::unique_ptr<Backend>> backend = make_backend(options, true);
  if (!backend) return backend.error();
  bool process_only = options.uri == "memory:";
  Result<KeyRing> ring =
      process_only ? Result<KeyRing>(process_key_ring()) : load_key_ring(options.key_file, false);
  if (!ring) return ring.error();
  Sealer sealer(std::move(ring).value(), options.session);
  Backend &place = *backend.value();
  Result<Backend::Opened> opened = place.open();
  if (!opened) return opened.error();
  Result<std::vector<Row>> heads = place.read_heads();
  if (!heads) return heads.error();

  std::vector<StoredRecord> records;
  std::size_t opened_rows = 0;
  bool unknown_key = false;
  for (const Row &head : heads.value()) {
    Unsealed unsealed = sealer.unseal(head);
    opened_rows += unsealed.refusal == Refusal::None;
    unknown_key = unknown_key || unsealed.refusal == Refusal::UnknownKey;
    if (head.key.kind != RowKind::Record) continue;
    Result<std::vector<Row>> rows = place.read_record(head.key.record);
    if (!rows) return rows.error();
    records.push_back(read_record(sealer, rows.value()).record);
  }
  if (unknown_key && opened_rows == 0) {
    return config_error("The key in " + sealer.ring().source +
                        " does not fit the records of this session: name the key file that they "
                        "were sealed with.");
  }
  return records;
}

}  // namespace oairt
