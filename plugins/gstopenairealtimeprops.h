// The one table of properties that sink, src and bin share, and how rows meet GValues.
// Thread-safe: constant data and pure functions.
// Never reads a secret back: its row has no way out.
#pragma once

#include <optional>
#include <string>

#include <gst/gst.h>

#include "session/settings.h"

namespace oairt {

enum class ElementKind { Sink, Src, Bin };
// Every element; sink and bin; src and bin; the bin alone.
enum class Carrier { All, AudioIn, AudioOut, Bin };
enum class Scope { Session, Element };  // merged into the session; the element's own
enum class ValueKind { Boolean, Integer, Real, String, Enum };

struct PropertyRow {
  const char *name;
  Carrier carrier = Carrier::All;
  Scope scope = Scope::Session;
  ValueKind kind = ValueKind::String;
  const char *nick;
  const char *blurb;
  const char *text = nullptr;  // default of strings, and of enumerations by nick
  double number = 0;           // default of the rest
  double minimum = 0, maximum = 0;
  GType (*enum_type)() = nullptr;
  int mutability = GST_PARAM_MUTABLE_PLAYING;
  bool secret = false;            // write-only, carried as Secret
  bool has_userinfo = false;      // a URL that may hold a password: shown without
  bool has_tool_secrets = false;  // JSON with tools: their credentials are not shown
};

// Ids that follow the table's rows.
enum class ReadOnly { ConnectionState, CallId, SessionId, Stats };

void install_properties(GObjectClass *klass, ElementKind kind);

// The row of a property id, or nullptr if the id is not of the table.
const PropertyRow *property_row(guint id);
const PropertyRow *property_row(const char *name);
std::optional<ReadOnly> read_only_property(guint id);

// Nothing: the value means "not set" (a NULL string).
std::optional<SettingValue> setting_from_value(const PropertyRow &row, const GValue *value);
// What was set, or the default.
void value_from_settings(const PropertyRow &row, const Settings &settings, GValue *value);

// Typed reads of one element's own settings, with the table's default.
bool setting_bool(const Settings &settings, const char *name);
int64_t setting_int(const Settings &settings, const char *name);
double setting_double(const Settings &settings, const char *name);
std::string setting_text(const Settings &settings, const char *name);

// Only the rows of Scope::Session, without the session's name.
Settings session_settings(const Settings &settings);

}  // namespace oairt
