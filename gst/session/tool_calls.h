// The functions that the model has called: who waits for an output, for how long, and when all
// calls of a response have theirs. Pure: the time is passed in.
// Thread-safe: an output is taken or refused on the thread of the application.
// Never keeps arguments longer than they are being made, nor outputs at all.
//
//   arguments done -> [item completed] -> announced, Waiting -- answer() --> Answered
//         -- delivered() --> Delivered; when all calls of the response are, and it has ended:
//         take_complete()
//   Waiting -- deadline --> TimedOut (an output that says so is delivered in its place)
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/lock.h"
#include "base/result.h"
#include "protocol/events.h"
#include "session/session_events.h"

namespace oairt {

class ToolCalls {
 public:
  static constexpr std::size_t kMaxWaiting = 256;

  struct Late {
    std::string call_id, name;
    Duration timeout;
  };

  // Of calls that are announced from now on. 0: never.
  void set_timeout(Duration timeout);

  // An event of the service call number `carrier`; gives the calls that it completes. A call whose
  // response was cut before its arguments were whole is none.
  std::vector<FunctionCallEvent> handle(const ServerEvent &event, uint64_t carrier, TimePoint now);
  // The application has an output. Refused with the reason: not known, answered already, too late.
  Status answer(const std::string &call_id);
  // Those whose time is over; no output of the application is taken for them any more.
  std::vector<Late> take_late(TimePoint now);
  // The output is an item of the conversation now.
  void delivered(const std::string &call_id, const std::string &output_item_id);
  // The output items of each response whose calls all have theirs, and that has ended: the model
  // is to be asked to go on.
  std::vector<std::vector<std::string>> take_complete();
  // The service call that carried them is over: its responses do not go on.
  void call_ended();
  // What was called belongs to a conversation that is over.
  void forget();

  bool waiting() const;  // any
  bool waits_for(const std::string &call_id) const;
  // Announced and not forgotten: by which service call.
  std::optional<uint64_t> carrier_of(const std::string &call_id) const;

 private:
  enum class Standing { Waiting, Answered, TimedOut, Delivered };
  enum class Past { Answered, TimedOut, Forgotten };
  struct Entry {
    std::string name, response_id, output_item_id;
    uint64_t carrier = 0;
    Standing standing = Standing::Waiting;
    TimePoint deadline = TimePoint::max();
    Duration timeout{0};
  };
  struct Partial {
    std::string response_id;
    FunctionCallEvent call;
  };

  void note_done(const Json &item, const std::string &response_id, uint64_t carrier, TimePoint now,
                 std::vector<FunctionCallEvent> &out) OAIRT_REQUIRES(lock_);
  void announce(FunctionCallEvent call, const std::string &response_id, uint64_t carrier,
                TimePoint now, std::vector<FunctionCallEvent> &out) OAIRT_REQUIRES(lock_);
  void end_response(const ResponseDone &done, uint64_t carrier, TimePoint now,
                    std::vector<FunctionCallEvent> &out) OAIRT_REQUIRES(lock_);
  void note_foreign_output(const Json &item) OAIRT_REQUIRES(lock_);
  void remember(const std::string &call_id, Past past) OAIRT_REQUIRES(lock_);
  const Past *past_of(const std::string &call_id) const OAIRT_REQUIRES(lock_);

  mutable Mutex lock_;
  Duration timeout_ OAIRT_GUARDED_BY(lock_){0};
  std::map<std::string, Entry> calls_ OAIRT_GUARDED_BY(lock_);      // by call id
  std::map<std::string, Partial> partial_ OAIRT_GUARDED_BY(lock_);  // by call id
  std::deque<std::string> ended_ OAIRT_GUARDED_BY(lock_);           // responses, newest last
  std::deque<std::string> apart_ OAIRT_GUARDED_BY(lock_);  // responses beside the conversation
  std::deque<std::pair<std::string, Past>> past_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt
