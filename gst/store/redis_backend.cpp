#include "store/redis_backend.h"

#include <algorithm>
#include <charconv>

#include <sodium.h>

#include "store/redis_link.h"

namespace oairt {
namespace {

// A record is a hash, its fields are "KIND:SLOT", their values "TIME|CLOSED|CHANGE|sealed bytes".
// The lease is "OWNER|FENCE"; the fence counts owners, so that one that comes back sees whether
// there was another. Everything of a session has one hash tag, as a cluster wants it.

constexpr char kClaim[] = R"(
local held = redis.call('GET', KEYS[1])
if held then
  local owner, fence = string.match(held, '^(%x+)|(%d+)$')
  if owner ~= ARGV[1] then return {0, '0', 0} end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {1, fence, 0}
end
local fresh = 0
if redis.call('EXISTS', KEYS[2]) == 0 then
  fresh = 1
  redis.call('SET', KEYS[2], redis.call('TIME')[1] .. '000')
end
local fence = string.format('%.0f', redis.call('INCR', KEYS[2]))
if tonumber(ARGV[3]) > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. fence, 'PX', ARGV[2])
return {1, fence, fresh}
)";

constexpr char kRenew[] = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if tonumber(ARGV[3]) > 0 then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
else
  redis.call('PERSIST', KEYS[2])
end
return 1
)";

constexpr char kRelease[] = R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
)";

constexpr char kWrite[] = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local function expire(key, time)
  if tonumber(time) > 0 then redis.call('PEXPIRE', key, time) else redis.call('PERSIST', key) end
end
local records, base, touched, at = KEYS[2], KEYS[3], {}, 4
while at <= #ARGV do
  local verb, record = ARGV[at], base .. ARGV[at + 1]
  if verb == 'A' then
    for _, number in ipairs(redis.call('SMEMBERS', records)) do
      redis.call('DEL', base .. number)
    end
    redis.call('DEL', records)
    at = at + 2
  elseif verb == 'R' then
    redis.call('DEL', record)
    redis.call('SREM', records, ARGV[at + 1])
    at = at + 2
  elseif verb == 'E' then
    redis.call('HDEL', record, ARGV[at + 2])
    at = at + 3
  elseif verb == 'X' then
    expire(record, ARGV[at + 2])
    expire(base .. '0', ARGV[3])
    expire(records, ARGV[3])
    at = at + 3
  else
    redis.call('HSET', record, ARGV[at + 2], ARGV[at + 3])
    redis.call('SADD', records, ARGV[at + 1])
    touched[record] = true
    at = at + 4
  end
end
for record in pairs(touched) do
  expire(record, ARGV[3])
  expire(base .. '0', ARGV[3])
  expire(records, ARGV[3])
end
return 1
)";

constexpr char kReadHeads[] = R"(
local rows = {}
for _, number in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  for _, field in ipairs({'0:0', '1:0'}) do
    local value = redis.call('HGET', KEYS[2] .. number, field)
    if value then
      rows[#rows + 1] = number
      rows[#rows + 1] = field
      rows[#rows + 1] = value
    end
  end
end
return rows
)";

// How long the count of owners is kept, at least: longer than a machine is away and comes back.
constexpr std::chrono::milliseconds kFenceLife = std::chrono::hours(24 * 7);

bool take_number(std::string_view &text, char end, int64_t &number) {
  auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  auto length = static_cast<std::size_t>(stop - text.data());
  if (failed != std::errc()) return false;
  if (end != '\0' && (length == text.size() || text[length] != end)) return false;
  text.remove_prefix(length + (end != '\0'));
  return true;
}

std::string field_of(const RowKey &key) {
  return std::to_string(static_cast<int>(key.kind)) + ":" + std::to_string(key.slot);
}

std::string value_of(const Row &row) {
  return std::to_string(row.time_ms) + "|" + std::to_string(row.closed_ms) + "|" +
         std::to_string(row.change) + "|" + row.sealed;
}

// A row that is not ours in form stays out.
void add_row(std::vector<Row> &rows, int64_t record, std::string_view field,
             std::string_view value) {
  Row row;
  int64_t kind = 0;
  row.key.record = record;
  if (!take_number(field, ':', kind) || kind < 0 || kind > 3) return;
  if (!take_number(field, '\0', row.key.slot) || !field.empty()) return;
  row.key.kind = static_cast<RowKind>(kind);
  if (!take_number(value, '|', row.time_ms) || !take_number(value, '|', row.closed_ms) ||
      !take_number(value, '|', row.change)) {
    return;
  }
  row.sealed = value;
  rows.push_back(std::move(row));
}

void sort(std::vector<Row> &rows) {
  std::sort(rows.begin(), rows.end(), [](const Row &a, const Row &b) { return a.key < b.key; });
}

class RedisBackend final : public Backend {
 public:
  RedisBackend(StoreUri uri, const StoreOptions &options)
      : uri_(std::move(uri)),
        ca_file_(options.ca_file),
        lease_(std::chrono::duration_cast<milliseconds>(options.lease)),
        retention_(options.retention),
        cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())) {
    std::string base = "openairealtime:{" + options.session + "}:";
    lease_key_ = base + "lease";
    fence_key_ = base + "fence";
    records_key_ = base + "records";
    record_base_ = base + "record:";
    unsigned char random[16];
    g_assert(sodium_init() >= 0);
    randombytes_buf(random, sizeof random);
    char name[2 * sizeof random + 1];
    sodium_bin2hex(name, sizeof name, random, sizeof random);
    owner_ = name;
  }
  ~RedisBackend() override { release(); }

  Result<Opened> open() override {
    disconnect();
    Result<std::unique_ptr<RedisLink>> link =
        RedisLink::connect(uri_, ca_file_, cancellable_.get());
    if (!link) return link.error();
    link_ = std::move(link).value();
    return Opened{};
  }
  void disconnect() override { link_.reset(); }

  Result<Claim> claim() override;
  std::optional<Duration> renewal() const override { return lease_ / 3; }
  Result<Written> renew() override;
  void release() override;
  Duration standby_pause() const override {
    return std::clamp<Duration>(lease_ / 20, milliseconds(20), milliseconds(500));
  }
  Result<std::vector<Row>> read_heads() override;
  Result<std::vector<Row>> read_record(int64_t record) override;
  Result<Written> write(const Batch &batch) override;
  void set_retention(std::chrono::seconds retention) override { retention_ = retention; }
  Status set_expiry(int64_t record, std::optional<std::chrono::seconds> left) override;
  void interrupt() override { g_cancellable_cancel(cancellable_.get()); }

 private:
  Result<RedisReply> call(const std::vector<std::string_view> &words);
  Result<Written> run_write(const std::vector<std::string> &verbs);
  std::string token() const { return owner_ + "|" + std::to_string(fence_); }
  std::string lease_ms() const { return std::to_string(lease_.count()); }
  std::string expiry_ms() const { return std::to_string(milliseconds(retention_).count()); }
  std::string fence_ms() const {
    auto life = std::max<milliseconds>(kFenceLife, retention_);
    return std::to_string(retention_.count() == 0 ? 0 : life.count());
  }

  StoreUri uri_;
  std::string ca_file_;
  milliseconds lease_;
  std::chrono::seconds retention_;
  std::string lease_key_, fence_key_, records_key_, record_base_;
  std::string owner_;  // of this object alone
  int64_t fence_ = 0;  // of our last claim; 0: there was none
  Ref<GCancellable> cancellable_;
  std::unique_ptr<RedisLink> link_;
};

Result<RedisReply> RedisBackend::call(const std::vector<std::string_view> &words) {
  if (!link_ || link_->broken()) {
    return Error{ErrorCode::Network, "There is no connection to " + uri_.name() + ".", {}, {}, {}};
  }
  return link_->call(words);
}

Result<Claim> RedisBackend::claim() {
  Result<RedisReply> reply =
      call({"EVAL", kClaim, "2", lease_key_, fence_key_, owner_, lease_ms(), fence_ms()});
  if (!reply) return reply.error();
  int64_t fence = 0;
  std::string_view text = reply->list.size() == 3 ? reply->list[1].text : std::string_view();
  if (!take_number(text, '\0', fence)) {
    return storage_error("What answers as " + uri_.name() + " gave no sense.");
  }
  if (reply->list[0].number == 0) return Claim::Held;
  int64_t last = std::exchange(fence_, fence);
  if (last == 0) return Claim::Taken;
  bool fresh = reply->list[2].number != 0;
  // Not counted on from where we were: the server lost what it had, or went back in time.
  if (fresh || fence < last) return Claim::Emptied;
  return fence <= last + 1 ? Claim::Kept : Claim::Taken;
}

Result<Written> RedisBackend::renew() {
  Result<RedisReply> reply =
      call({"EVAL", kRenew, "2", lease_key_, fence_key_, token(), lease_ms(), fence_ms()});
  if (!reply) return reply.error();
  return reply->number == 1 ? Written::Yes : Written::NotOwner;
}

// Also after interrupt(), and on a connection of its own if the last one broke: the next owner
// should not have to wait for the lease's end.
void RedisBackend::release() {
  if (fence_ == 0) return;
  g_cancellable_reset(cancellable_.get());
  if ((!link_ || link_->broken()) && !open()) return;
  (void)call({"EVAL", kRelease, "1", lease_key_, token()});
  fence_ = 0;
}

Result<std::vector<Row>> RedisBackend::read_heads() {
  Result<RedisReply> reply = call({"EVAL", kReadHeads, "2", records_key_, record_base_});
  if (!reply) return reply.error();
  std::vector<Row> rows;
  for (std::size_t at = 0; at + 2 < reply->list.size(); at += 3) {
    int64_t record = 0;
    std::string_view number = reply->list[at].text;
    if (!take_number(number, '\0', record)) continue;
    add_row(rows, record, reply->list[at + 1].text, reply->list[at + 2].text);
  }
  sort(rows);
  return rows;
}

Result<std::vector<Row>> RedisBackend::read_record(int64_t record) {
  std::string key = record_base_ + std::to_string(record);
  Result<RedisReply> reply = call({"HGETALL", key});
  if (!reply) return reply.error();
  std::vector<Row> rows;
  for (std::size_t at = 0; at + 1 < reply->list.size(); at += 2) {
    add_row(rows, record, reply->list[at].text, reply->list[at + 1].text);
  }
  sort(rows);
  return rows;
}

Result<Written> RedisBackend::run_write(const std::vector<std::string> &verbs) {
  std::string token = this->token(), lease = lease_ms(), expiry = expiry_ms();
  std::vector<std::string_view> words{"EVAL",       kWrite, "3",   lease_key_, records_key_,
                                      record_base_, token,  lease, expiry};
  words.insert(words.end(), verbs.begin(), verbs.end());
  Result<RedisReply> reply = call(words);
  if (!reply) return reply.error();
  return reply->number == 1 ? Written::Yes : Written::NotOwner;
}

Result<Written> RedisBackend::write(const Batch &batch) {
  std::vector<std::string> verbs;
  auto add = [&verbs](std::initializer_list<std::string> words) {
    verbs.insert(verbs.end(), words);
  };
  if (batch.erase_all) add({"A", "0"});
  for (int64_t record : batch.erase_records) add({"R", std::to_string(record)});
  for (const RowKey &key : batch.erase) add({"E", std::to_string(key.record), field_of(key)});
  for (const Row &row : batch.put) {
    add({"P", std::to_string(row.key.record), field_of(row.key), value_of(row)});
  }
  return run_write(verbs);
}

Status RedisBackend::set_expiry(int64_t record, std::optional<std::chrono::seconds> left) {
  std::string time = std::to_string(left ? milliseconds(*left).count() : 0);
  Result<Written> done = run_write({"X", std::to_string(record), time});
  if (!done) return done.error();
  return Success{};
}

}  // namespace

Result<std::unique_ptr<Backend>> make_redis_backend(const StoreUri &uri,
                                                    const StoreOptions &options) {
  return std::unique_ptr<Backend>(std::make_unique<RedisBackend>(uri, options));
}

}  // namespace oairt
