#include "log.h"

#include <cerrno>
#include <cstring>

#include <glib.h>

#include "base/ref.h"

namespace oairt::sim {

Log::Log() : start_(Clock::now()) {}

Status Log::open(const std::string &path) {
  file_.reset(path == "-" ? stderr : std::fopen(path.c_str(), "w"));
  if (file_ != nullptr) return Success{};
  return Error{ErrorCode::Storage,
               "The log file '" + path + "' cannot be written.",
               std::strerror(errno),
               {},
               {}};
}

void Log::write(std::string_view kind, std::initializer_list<Json::Member> members) {
  if (file_ == nullptr) return;
  Unique<GDateTime, g_date_time_unref> now(g_date_time_new_now_utc());
  Unique<gchar, g_free> wall(g_date_time_format(now.get(), "%Y-%m-%dT%H:%M:%S.%fZ"));
  Json line = Json::object({{"wall", wall.get()}, {"kind", kind}});
  for (const auto &[name, value] : members) line.set(name, value);
  // By hand, since the JSON generator writes 17 digits.
  char start[32];
  std::snprintf(start, sizeof start, "{\"t_ms\":%.3f,", to_ms(Clock::now() - start_));
  std::string text = start + line.dump().substr(1) + "\n";
  std::fwrite(text.data(), 1, text.size(), file_.get());
  std::fflush(file_.get());
}

Json without_pictures(const Json &event) {
  if (event.is_string() && event.as_string().starts_with("data:image/")) {
    const std::string &url = event.as_string();
    return Json(url.substr(0, url.find(',')) + " (" + std::to_string(url.size()) + " bytes)");
  }
  if (event.is_array()) {
    Json result = Json::array();
    for (const Json &item : event.items()) result.push_back(without_pictures(item));
    return result;
  }
  if (!event.is_object()) return event;
  Json result = Json::object();
  for (const auto &[name, value] : event.members()) result.set(name, without_pictures(value));
  return result;
}

std::string key_mark(std::string_view key) {
  if (key.empty()) return "";
  Unique<gchar, g_free> hash(g_compute_checksum_for_data(
      G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(key.data()), key.size()));
  std::string text = hash.get();
  return text.substr(text.size() - 4);
}

}  // namespace oairt::sim
