#include "session/settings.h"

#include "protocol/json.h"

namespace oairt {
namespace {

bool holds_tools(const std::string &property) {
  return property == "tools" || property == "session-config";
}

std::string describe(const std::string &property, const SettingValue &value) {
  if (const auto *flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto *number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto *real = std::get_if<double>(&value)) return Json(*real).dump();
  if (const auto *whole = std::get_if<std::string>(&value)) {
    std::string shown = holds_tools(property) ? shown_json(*whole) : *whole;
    const auto *text = &shown;
    // A URL may carry user:password@.
    auto scheme = text->find("://"), at = text->rfind('@');
    if (scheme == std::string::npos || at == std::string::npos || at < scheme) {
      return '"' + *text + '"';
    }
    return '"' + text->substr(0, scheme + 3) + "…@" + text->substr(at + 1) + '"';
  }
  return "a secret";
}

Error contradiction(const std::string &property, const std::string &first,
                    const SettingValue &first_value, const std::string &second,
                    const SettingValue &second_value) {
  std::string message = "The elements " + first + " and " + second +
                        " share one session but contradict each other on \"" + property + "\": ";
  if (std::holds_alternative<Secret>(first_value)) {
    message += "their secrets differ.";
  } else {
    message += describe(property, first_value) + " and " + describe(property, second_value) + ".";
  }
  message += " Set it on one of them only, or give them different \"session\" names.";
  return Error{ErrorCode::Config, message, "property " + property, {}, {}};
}

}  // namespace

Result<Settings> merge_settings(const std::vector<NamedSettings> &elements) {
  Settings merged;
  std::map<std::string, std::string> set_by;
  for (const auto &[element, settings] : elements) {
    for (const auto &[property, value] : settings) {
      auto [position, inserted] = merged.emplace(property, value);
      if (inserted) {
        set_by.emplace(property, element);
      } else if (position->second != value) {
        return contradiction(property, set_by[property], position->second, element, value);
      }
    }
  }
  return merged;
}

}  // namespace oairt
