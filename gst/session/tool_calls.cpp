#include "session/tool_calls.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {

constexpr std::size_t kMaxPast = 512;
constexpr std::size_t kMaxEnded = 64;

bool is_call(const Json &item) { return item["type"].as_string() == "function_call"; }
bool is_output(const Json &item) { return item["type"].as_string() == "function_call_output"; }

Error refusal(const std::string &call_id, const char *why) {
  return Error{ErrorCode::Config,
               std::string("The output of the function was not sent: ") + why,
               "call_id " + call_id,
               {},
               {}};
}

}  // namespace

void ToolCalls::set_timeout(Duration timeout) {
  LockGuard guard(lock_);
  timeout_ = timeout;
}

// --- what the service tells ---

std::vector<FunctionCallEvent> ToolCalls::handle(const ServerEvent &event, uint64_t carrier,
                                                 TimePoint now) {
  LockGuard guard(lock_);
  std::vector<FunctionCallEvent> out;
  if (const auto *arguments = std::get_if<FunctionCallDone>(&event.body)) {
    if (partial_.size() >= kMaxWaiting) partial_.clear();
    partial_[arguments->call_id] = {arguments->response_id,
                                    {arguments->name, arguments->call_id, arguments->arguments}};
  } else if (const auto *item = std::get_if<OutputItemDone>(&event.body)) {
    if (is_call(item->item)) note_done(item->item, item->response_id, carrier, now, out);
  } else if (const auto *added = std::get_if<ItemAdded>(&event.body)) {
    if (is_output(added->item)) note_foreign_output(added->item);
  } else if (const auto *created = std::get_if<ResponseCreated>(&event.body)) {
    if (!created->out_of_band) return out;
    apart_.push_back(created->response_id);
    if (apart_.size() > kMaxEnded) apart_.pop_front();
  } else if (const auto *done = std::get_if<ResponseDone>(&event.body)) {
    end_response(*done, carrier, now, out);
  }
  return out;
}

void ToolCalls::note_done(const Json &item, const std::string &response_id, uint64_t carrier,
                          TimePoint now, std::vector<FunctionCallEvent> &out) {
  const std::string &call_id = item["call_id"].as_string();
  auto partial = partial_.extract(call_id);
  if (call_id.empty() || item["status"].as_string() == "incomplete") return;
  FunctionCallEvent call{item["name"].as_string(), call_id, item["arguments"].as_string()};
  if (!partial.empty()) {
    if (call.name.empty()) call.name = partial.mapped().call.name;
    if (call.arguments.empty()) call.arguments = std::move(partial.mapped().call.arguments);
  }
  announce(std::move(call), response_id, carrier, now, out);
}

void ToolCalls::announce(FunctionCallEvent call, const std::string &response_id, uint64_t carrier,
                         TimePoint now, std::vector<FunctionCallEvent> &out) {
  if (calls_.count(call.call_id) > 0 || past_of(call.call_id) != nullptr) return;
  if (calls_.size() >= kMaxWaiting) return remember(call.call_id, Past::Forgotten);
  if (std::find(apart_.begin(), apart_.end(), response_id) != apart_.end()) {
    // Not part of the conversation: there is no call there that an output could belong to.
    remember(call.call_id, Past::Forgotten);
    out.push_back(std::move(call));
    return;
  }
  Entry entry;
  entry.name = call.name;
  entry.response_id = response_id;
  entry.carrier = carrier;
  entry.timeout = timeout_;
  if (timeout_ > Duration::zero()) entry.deadline = now + timeout_;
  calls_.emplace(call.call_id, std::move(entry));
  out.push_back(std::move(call));
}

// Not every server tells of each item that it is done; the end of the response tells of all.
void ToolCalls::end_response(const ResponseDone &done, uint64_t carrier, TimePoint now,
                             std::vector<FunctionCallEvent> &out) {
  ended_.push_back(done.response_id);
  if (ended_.size() > kMaxEnded) ended_.pop_front();
  bool completed = done.status == "completed" || done.status.empty();
  for (const Json &item : done.output) {
    if (completed && is_call(item)) note_done(item, done.response_id, carrier, now, out);
  }
  for (auto entry = partial_.begin(); entry != partial_.end();) {
    auto &[call_id, partial] = *entry;
    if (partial.response_id != done.response_id) {
      ++entry;
      continue;
    }
    if (completed) announce(std::move(partial.call), done.response_id, carrier, now, out);
    entry = partial_.erase(entry);
  }
}

// The application has put the output in itself, by send-event, and asks for the answer itself.
void ToolCalls::note_foreign_output(const Json &item) {
  auto entry = calls_.find(item["call_id"].as_string());
  if (entry == calls_.end() || entry->second.standing != Standing::Waiting) return;
  remember(entry->first, Past::Answered);
  calls_.erase(entry);
}

void ToolCalls::call_ended() {
  LockGuard guard(lock_);
  for (const auto &[call_id, entry] : calls_) ended_.push_back(entry.response_id);
  while (ended_.size() > kMaxEnded) ended_.pop_front();
  partial_.clear();
}

void ToolCalls::forget() {
  LockGuard guard(lock_);
  for (const auto &[call_id, entry] : calls_) remember(call_id, Past::Forgotten);
  calls_.clear();
  partial_.clear();
}

// --- outputs ---

Status ToolCalls::answer(const std::string &call_id) {
  LockGuard guard(lock_);
  auto entry = calls_.find(call_id);
  if (entry != calls_.end() && entry->second.standing == Standing::Waiting) {
    entry->second.standing = Standing::Answered;
    return Success{};
  }
  const Past *past = past_of(call_id);
  bool late = (entry != calls_.end() && entry->second.standing == Standing::TimedOut) ||
              (past != nullptr && *past == Past::TimedOut);
  if (late) {
    return refusal(call_id, "it came too late (tool-timeout), and the model has been told so.");
  }
  if (entry != calls_.end() || (past != nullptr && *past == Past::Answered)) {
    return refusal(call_id, "this call has been answered already.");
  }
  return refusal(call_id, past != nullptr ? "the conversation that it was called in is over."
                                          : "the model made no call with this call_id.");
}

std::vector<ToolCalls::Late> ToolCalls::take_late(TimePoint now) {
  LockGuard guard(lock_);
  std::vector<Late> late;
  for (auto &[call_id, entry] : calls_) {
    if (entry.standing != Standing::Waiting || now < entry.deadline) continue;
    entry.standing = Standing::TimedOut;
    late.push_back({call_id, entry.name, entry.timeout});
  }
  return late;
}

void ToolCalls::delivered(const std::string &call_id, const std::string &output_item_id) {
  LockGuard guard(lock_);
  auto entry = calls_.find(call_id);
  if (entry == calls_.end()) return;
  remember(call_id, entry->second.standing == Standing::TimedOut ? Past::TimedOut : Past::Answered);
  entry->second.standing = Standing::Delivered;
  entry->second.output_item_id = output_item_id;
}

std::vector<std::vector<std::string>> ToolCalls::take_complete() {
  LockGuard guard(lock_);
  std::map<std::string, std::vector<std::string>> outputs;  // by response
  for (const auto &[call_id, entry] : calls_) {
    const std::string &id = entry.response_id;
    if (id.empty() || std::find(ended_.begin(), ended_.end(), id) != ended_.end()) outputs[id];
  }
  for (const auto &[call_id, entry] : calls_) {
    auto response = outputs.find(entry.response_id);
    if (response == outputs.end()) continue;
    if (entry.standing == Standing::Delivered) {
      response->second.push_back(entry.output_item_id);
    } else {
      outputs.erase(response);
    }
  }
  std::vector<std::vector<std::string>> complete;
  for (auto &[response_id, ids] : outputs) {
    std::erase_if(calls_,
                  [&id = response_id](const auto &call) { return call.second.response_id == id; });
    complete.push_back(std::move(ids));
  }
  return complete;
}

// --- questions ---

bool ToolCalls::waiting() const {
  LockGuard guard(lock_);
  return !calls_.empty();
}

bool ToolCalls::waits_for(const std::string &call_id) const {
  LockGuard guard(lock_);
  auto entry = calls_.find(call_id);
  return entry != calls_.end() && entry->second.standing != Standing::Delivered;
}

std::optional<uint64_t> ToolCalls::carrier_of(const std::string &call_id) const {
  LockGuard guard(lock_);
  auto entry = calls_.find(call_id);
  if (entry == calls_.end()) return std::nullopt;
  return entry->second.carrier;
}

void ToolCalls::remember(const std::string &call_id, Past past) {
  past_.emplace_back(call_id, past);
  if (past_.size() > kMaxPast) past_.pop_front();
}

const ToolCalls::Past *ToolCalls::past_of(const std::string &call_id) const {
  for (auto entry = past_.rbegin(); entry != past_.rend(); ++entry) {
    if (entry->first == call_id) return &entry->second;
  }
  return nullptr;
}

}  // namespace oairt
