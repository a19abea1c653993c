// Which version of each row of a record is the valid one. Sealed beside the rows and written with
// each change, so that an old version of a row, put back in place of the new one, is noticed.
// Pure. Never trusts its input.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace oairt {

struct Ledger {
  int64_t closed_ms = 0;             // 0: the record is in use
  int64_t head_change = 0;           // of the Record row; 0: there is none
  std::map<int64_t, int64_t> items;  // slot -> change

  bool operator==(const Ledger &) const = default;
  std::string encode() const;  // two or three bytes an item
  static std::optional<Ledger> decode(std::string_view bytes);
};

}  // namespace oairt
