// Orders to misbehave: what, how often, and when. From the command line and at run time.
// Thread-bound to the simulator's context.
// Never carries out anything: those who can misbehave ask here whether they should.
//
//   NAME[=VALUE][@WHEN][xCOUNT]      calls_error=429:2x3   close_notify@2.5   blackhole=4@item:5
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "protocol/json.h"

namespace oairt::sim {

enum class FaultScope {
  Http,     // taken by a request
  Peer,     // taken when a call is created
  Session,  // taken by responses, turns, updates and items
  Action,   // done to a call at a point of its life
};

struct FaultKind {
  const char *name;
  FaultScope scope;
  const char *value;  // for the help; "": none
  const char *help;
};
std::span<const FaultKind> fault_kinds();
const FaultKind *find_fault_kind(const std::string &name);

struct Fault {
  std::string name, value;
  std::string point;  // of a call's life; for the other scopes: empty
  int ordinal = 1;    // the point is reached for the n-th time
  Duration delay{};   // after the point; else after the order was given
  int left = 1;       // how many times; -1: for ever
  TimePoint ordered{};
};

// Takes '-' for '_' in names. The error says what is wrong, for the user.
Result<Fault> parse_fault(const std::string &text);

class Faults {
 public:
  Status order(const std::string &text, TimePoint now);
  // Uses one up. Its value, or nothing if there is no such order that is due.
  std::optional<std::string> take(const std::string &name, TimePoint now);
  // Actions that wait for this point of a call's life, used up once each.
  std::vector<Fault> take_actions(const std::string &point, int ordinal);
  void clear() { faults_.clear(); }
  Json state() const;

 private:
  std::vector<Fault> faults_;
};

}  // namespace oairt::sim
