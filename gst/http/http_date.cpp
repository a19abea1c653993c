#include "http/http_date.h"

#include <libsoup/soup.h>

#include "base/ref.h"

namespace oairt {

std::optional<int64_t> parse_http_date(const std::string &text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  Unique<GDateTime, g_date_time_unref> date(soup_date_time_new_from_http_string(text.c_str()));
  if (!date) return std::nullopt;
  return g_date_time_to_unix(date.get());
}

}  // namespace oairt
