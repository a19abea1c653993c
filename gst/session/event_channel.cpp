#include "session/event_channel.h"

#include <set>

#include <gio/gio.h>

#include "base/lock.h"
#include "base/ref.h"

namespace oairt {
namespace {

struct Memory {
  Mutex lock;
  std::set<std::string> opened OAIRT_GUARDED_BY(lock);
};

// Leaked: sessions may end after the statics of this library.
Memory &memory() {
  static auto *one = new Memory;
  return *one;
}

}  // namespace

bool is_openai_service(const std::string &base_url) {
  Unique<GUri, g_uri_unref> uri(g_uri_parse(base_url.c_str(), G_URI_FLAGS_NONE, nullptr));
  if (!uri || g_uri_get_host(uri.get()) == nullptr) return false;
  GString_ lower(g_ascii_strdown(g_uri_get_host(uri.get()), -1));
  std::string host = lower.get(), path = g_uri_get_path(uri.get());
  while (path.ends_with('/')) path.pop_back();
  bool own = host == "api.openai.com" || host.ends_with(".api.openai.com");
  return own && path == "/v1" && std::string(g_uri_get_scheme(uri.get())) == "https";
}

std::optional<uint16_t> event_stream_for(const Config &config) {
  switch (config.event_channel) {
    case EventChannel::Opened:
      return std::nullopt;
    case EventChannel::Auto:
      if (config.azure || !is_openai_service(config.base_url)) return std::nullopt;
      break;
    case EventChannel::Negotiated:
      break;
  }
  LockGuard guard(memory().lock);
  if (memory().opened.contains(config.base_url)) return std::nullopt;
  return kEventStream;
}

void remember_opened_channels(const std::string &base_url) {
  LockGuard guard(memory().lock);
  memory().opened.insert(base_url);
}

}  // namespace oairt
