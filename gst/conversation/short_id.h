// Ids that the service accepts from a client: at most 32 letters, digits, '_' and '-'.
// Thread-safe: pure functions.
// Never changes an id that is legal already.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace oairt {

constexpr std::size_t kMaxIdCharacters = 32;

// "root" is none: as a previous_item_id it means the front.
bool is_legal_id(std::string_view id);
// Always the same 32 characters for the same id and attempt. Another attempt, another id: for
// who finds the first one taken.
std::string hashed_id(std::string_view id, unsigned attempt = 0);

}  // namespace oairt
