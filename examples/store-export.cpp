// Prints the records of a session as JSON: for the one whom they are about, or to look after a
// store. Reads only; a session in use may go on meanwhile.
#include <cstdio>
#include <cstring>
#include <string>

#include <glib.h>

#include "protocol/json.h"
#include "store/store.h"

namespace {

constexpr char kHelp[] =
    R"(Prints what a stored session holds, as JSON on the standard output.

  store-export --session NAME [--store URI] [--key FILE] [--ca FILE]

  --session NAME  the session's name, as the property `session` of its elements has it
  --store URI     where it is stored: sqlite:PATH, redis://[USER:PASSWORD@]HOST[:PORT][/DB] or
                  rediss://...; default: sqlite in XDG_STATE_HOME/gst-openai-realtime, where the
                  plugin itself stores if it is not told otherwise
  --key FILE      the key file that it was sealed with; default: systemd's credential
                  openairealtime-store-key, else XDG_STATE_HOME/gst-openai-realtime/store.key
  --ca FILE       certificates to trust for rediss://
  --help

The result is {"session": NAME, "records": [...]}, the oldest record first. A record has "number",
"opened" and "closed" (null: in use), "state", "items" and "unreadable": how many of its rows were
damaged, tampered with or sealed with another key. An item has "slot", "time" and "content". State
and content are shown as the JSON that they hold, or as a text if they hold none. Times are ISO 8601.

A password in a URI can be seen by other users in the list of processes: write it into the
environment variable OPENAI_REALTIME_STORE instead, which is used if there is no --store.

Exit status: 0 printed, also if there are no records; 1 the store could not be read; 2 usage.
)";

struct Arguments {
  oairt::StoreOptions options;
  bool help = false;
  std::string wrong;  // empty: there is nothing wrong
};

Arguments read_arguments(int argc, char **argv) {
  Arguments arguments;
  if (const char *uri = g_getenv("OPENAI_REALTIME_STORE")) arguments.options.uri = uri;
  for (int index = 1; index < argc; ++index) {
    std::string name = argv[index];
    std::string *target = name == "--session" ? &arguments.options.session
                          : name == "--store" ? &arguments.options.uri
                          : name == "--key"   ? &arguments.options.key_file
                          : name == "--ca"    ? &arguments.options.ca_file
                                              : nullptr;
    if (name == "--help" || name == "-h") {
      arguments.help = true;
    } else if (target == nullptr) {
      arguments.wrong = "Unknown argument number " + std::to_string(index) + ".";
    } else if (index + 1 == argc) {
      arguments.wrong = name + " needs a value.";
    } else {
      *target = argv[++index];
    }
  }
  if (arguments.wrong.empty() && arguments.options.session.empty()) {
    arguments.wrong = "Which session? --session NAME is missing.";
  }
  return arguments;
}

oairt::Json time_of(int64_t time_ms) {
  if (time_ms == 0) return nullptr;
  GDateTime *time = g_date_time_new_from_unix_utc(time_ms / 1000);
  if (time == nullptr) return time_ms;
  char *seconds = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
  char text[64];
  g_snprintf(text, sizeof text, "%s.%03dZ", seconds, static_cast<int>(time_ms % 1000));
  g_free(seconds);
  g_date_time_unref(time);
  return text;
}

oairt::Json content_of(const std::string &text) {
  if (text.empty()) return nullptr;
  oairt::Result<oairt::Json> parsed = oairt::Json::parse(text);
  if (parsed.ok() && (parsed->is_object() || parsed->is_array())) return parsed.value();
  if (g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr)) return text;
  char *valid = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
  oairt::Json content = std::string(valid);
  g_free(valid);
  return content;
}

oairt::Json json_of(const oairt::StoredRecord &record) {
  using oairt::Json;
  Json items = Json::array();
  for (const oairt::StoredItem &item : record.items) {
    items.push_back(Json::object({{"slot", item.slot},
                                  {"time", time_of(item.time_ms)},
                                  {"content", content_of(item.text)}}));
  }
  return Json::object({{"number", record.number},
                       {"opened", time_of(record.opened_ms)},
                       {"closed", time_of(record.closed_ms)},
                       {"state", content_of(record.state)},
                       {"unreadable", static_cast<int64_t>(record.unreadable)},
                       {"items", std::move(items)}});
}

}  // namespace

int main(int argc, char **argv) {
  Arguments arguments = read_arguments(argc, argv);
  if (arguments.help) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (!arguments.wrong.empty()) {
    std::fprintf(stderr, "%s See store-export --help.\n", arguments.wrong.c_str());
    return 2;
  }
  oairt::Result<std::vector<oairt::StoredRecord>> records =
      oairt::read_all_records(arguments.options);
  if (!records) {
    const oairt::Error &error = records.error();
    std::fprintf(stderr, "%s%s\n", error.message.c_str(),
                 error.detail.empty() ? "" : (" (" + error.detail + ")").c_str());
    return 1;
  }
  oairt::Json all = oairt::Json::array();
  for (const oairt::StoredRecord &record : records.value()) all.push_back(json_of(record));
  std::string text =
      oairt::Json::object({{"session", arguments.options.session}, {"records", std::move(all)}})
          .dump();
  std::printf("%s\n", text.c_str());
  return 0;
}
