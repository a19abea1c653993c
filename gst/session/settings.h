// What was set on one element, by property name, and how the settings of several meet.
// Thread-safe: plain values. Never prints a Secret.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "protocol/tool_list.h"

namespace oairt {

using SettingValue = std::variant<bool, int64_t, double, std::string, Secret>;
// Only what was set by the user; enumerations by their nick.
using Settings = std::map<std::string, SettingValue>;

struct NamedSettings {
  std::string element;  // for the message: "openairealtimesink0"
  Settings settings;
};

// A JSON setting as it may be read back: without the credentials of tools.
inline std::string shown_json(const std::string &json) { return without_tool_secrets(json); }

// Settings that contradict each other are an ErrorCode::Config that names both elements and both
// values (secrets: only that they differ).
Result<Settings> merge_settings(const std::vector<NamedSettings> &elements);

}  // namespace oairt
