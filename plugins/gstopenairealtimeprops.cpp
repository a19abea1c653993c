#include "gstopenairealtimeprops.h"

#include <cstring>

#include "base/ref.h"
#include "gstopenairealtimeenums.h"
#include "gstopenairealtimeproptable.h"

namespace oairt {
namespace {

constexpr guint kFirstId = 1;

guint read_only_id(ReadOnly which) {
  return kFirstId + property_table().size() + static_cast<guint>(which);
}

bool carries(ElementKind kind, Carrier carrier) {
  if (kind == ElementKind::Bin || carrier == Carrier::All) return true;
  if (carrier == Carrier::Bin) return false;
  return (kind == ElementKind::Sink) == (carrier == Carrier::AudioIn);
}

GParamFlags flags_of(const PropertyRow &row) {
  int flags =
      (row.secret ? G_PARAM_WRITABLE : G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS | row.mutability;
  return static_cast<GParamFlags>(flags);
}

GParamSpec *make_spec(const PropertyRow &row) {
  GParamFlags flags = flags_of(row);
  switch (row.kind) {
    case ValueKind::Boolean:
      return g_param_spec_boolean(row.name, row.nick, row.blurb, row.number != 0, flags);
    case ValueKind::Integer:
      return g_param_spec_int(row.name, row.nick, row.blurb, static_cast<int>(row.minimum),
                              static_cast<int>(row.maximum), static_cast<int>(row.number), flags);
    case ValueKind::Real:
      return g_param_spec_double(row.name, row.nick, row.blurb, row.minimum, row.maximum,
                                 row.number, flags);
    case ValueKind::Enum:
      return g_param_spec_enum(row.name, row.nick, row.blurb, row.enum_type(),
                               enum_value(row.enum_type(), row.text), flags);
    case ValueKind::String:
      break;
  }
  return g_param_spec_string(row.name, row.nick, row.blurb, row.text, flags);
}

void install_read_only(GObjectClass *klass) {
  auto flags = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(
      klass, read_only_id(ReadOnly::ConnectionState),
      g_param_spec_enum("connection-state", "Connection state",
                        "Where the session is with its call; notified when it changes",
                        gst_openai_realtime_connection_state_get_type(), 0, flags));
  g_object_class_install_property(
      klass, read_only_id(ReadOnly::CallId),
      g_param_spec_string("call-id", "Call id", "The service's id of the current call", nullptr,
                          flags));
  g_object_class_install_property(
      klass, read_only_id(ReadOnly::SessionId),
      g_param_spec_string("session-id", "Session id", "The service's id of the current session",
                          nullptr, flags));
  g_object_class_install_property(
      klass, read_only_id(ReadOnly::Stats),
      g_param_spec_boxed("stats", "Statistics",
                         "How the session fares: a structure application/x-openai-realtime-stats",
                         GST_TYPE_STRUCTURE, flags));
}

const SettingValue *find(const Settings &settings, const char *name) {
  auto position = settings.find(name);
  return position == settings.end() ? nullptr : &position->second;
}

// http://user:password@host -> http://user:***@host
std::string without_password(const std::string &url) {
  auto scheme = url.find("://");
  auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  auto at = url.rfind('@', url.find('/', begin));
  if (at == std::string::npos || at < begin) return url;
  auto colon = url.find(':', begin);
  if (colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon + 1) + "***" + url.substr(at);
}

}  // namespace

void install_properties(GObjectClass *klass, ElementKind kind) {
  guint id = kFirstId;
  for (const auto &row : property_table()) {
    if (carries(kind, row.carrier)) g_object_class_install_property(klass, id, make_spec(row));
    ++id;
  }
  install_read_only(klass);
}

const PropertyRow *property_row(guint id) {
  auto table = property_table();
  return id >= kFirstId && id < kFirstId + table.size() ? &table[id - kFirstId] : nullptr;
}

const PropertyRow *property_row(const char *name) {
  for (const auto &row : property_table()) {
    if (std::strcmp(row.name, name) == 0) return &row;
  }
  return nullptr;
}

std::optional<ReadOnly> read_only_property(guint id) {
  if (id < read_only_id(ReadOnly::ConnectionState) || id > read_only_id(ReadOnly::Stats)) {
    return std::nullopt;
  }
  return static_cast<ReadOnly>(id - read_only_id(ReadOnly::ConnectionState));
}

std::optional<SettingValue> setting_from_value(const PropertyRow &row, const GValue *value) {
  switch (row.kind) {
    case ValueKind::Boolean:
      return SettingValue(g_value_get_boolean(value) != FALSE);
    case ValueKind::Integer:
      return SettingValue(int64_t{g_value_get_int(value)});
    case ValueKind::Real:
      return SettingValue(g_value_get_double(value));
    case ValueKind::Enum:
      return SettingValue(std::string(enum_nick(row.enum_type(), g_value_get_enum(value))));
    case ValueKind::String:
      break;
  }
  const char *text = g_value_get_string(value);
  if (text == nullptr) return std::nullopt;
  if (row.secret) return SettingValue(Secret(text));
  return SettingValue(std::string(text));
}

void value_from_settings(const PropertyRow &row, const Settings &settings, GValue *value) {
  const SettingValue *set = find(settings, row.name);
  switch (row.kind) {
    case ValueKind::Boolean:
      g_value_set_boolean(value, set != nullptr ? std::get<bool>(*set) : row.number != 0);
      return;
    case ValueKind::Integer:
      g_value_set_int(value, static_cast<int>(set != nullptr ? std::get<int64_t>(*set)
                                                             : static_cast<int64_t>(row.number)));
      return;
    case ValueKind::Real:
      g_value_set_double(value, set != nullptr ? std::get<double>(*set) : row.number);
      return;
    case ValueKind::Enum:
      g_value_set_enum(value,
                       enum_value(row.enum_type(),
                                  set != nullptr ? std::get<std::string>(*set).c_str() : row.text));
      return;
    case ValueKind::String:
      break;
  }
  if (row.secret) return;
  if (set == nullptr) {
    g_value_set_string(value, row.text);
    return;
  }
  const auto &text = std::get<std::string>(*set);
  std::string shown = row.has_userinfo       ? without_password(text)
                      : row.has_tool_secrets ? shown_json(text)
                                             : text;
  g_value_set_string(value, shown.c_str());
}

bool setting_bool(const Settings &settings, const char *name) {
  const SettingValue *set = find(settings, name);
  return set != nullptr ? std::get<bool>(*set) : property_row(name)->number != 0;
}
int64_t setting_int(const Settings &settings, const char *name) {
  const SettingValue *set = find(settings, name);
  return set != nullptr ? std::get<int64_t>(*set)
                        : static_cast<int64_t>(property_row(name)->number);
}
double setting_double(const Settings &settings, const char *name) {
  const SettingValue *set = find(settings, name);
  return set != nullptr ? std::get<double>(*set) : property_row(name)->number;
}
std::string setting_text(const Settings &settings, const char *name) {
  const SettingValue *set = find(settings, name);
  if (set != nullptr) return std::get<std::string>(*set);
  const char *text = property_row(name)->text;
  return text != nullptr ? text : "";
}

Settings session_settings(const Settings &settings) {
  Settings result;
  for (const auto &[name, value] : settings) {
    const PropertyRow *row = property_row(name.c_str());
    if (row != nullptr && row->scope == Scope::Session) result.emplace(name, value);
  }
  return result;
}

}  // namespace oairt
