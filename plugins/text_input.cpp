#include "text_input.h"

#include "base/ref.h"

namespace oairt {
namespace {

Error refuse(const char *message) { return Error{ErrorCode::Config, message, {}, {}, {}}; }

std::string trimmed(const std::string &text) {
  constexpr const char *kBlank = " \t\r\n\v\f";
  auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool is_markup(const GstCaps *caps) {
  if (caps == nullptr || gst_caps_get_size(caps) == 0) return false;
  const char *format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "format");
  return g_strcmp0(format, "pango-markup") == 0;
}

Result<std::string> without_markup(const std::string &markup) {
  auto add = [](GMarkupParseContext *, const gchar *text, gsize length, gpointer plain, GError **) {
    static_cast<std::string *>(plain)->append(text, length);
  };
  const GMarkupParser parser = {nullptr, nullptr, add, nullptr, nullptr};
  std::string plain;
  Unique<GMarkupParseContext, g_markup_parse_context_unref> context(
      g_markup_parse_context_new(&parser, static_cast<GMarkupParseFlags>(0), &plain, nullptr));
  std::string document = "<markup>" + markup + "</markup>";
  bool read = g_markup_parse_context_parse(context.get(), document.data(),
                                           static_cast<gssize>(document.size()), nullptr) &&
              g_markup_parse_context_end_parse(context.get(), nullptr);
  if (!read) return refuse("A text is not valid pango-markup; it was not sent.");
  return plain;
}

}  // namespace

Result<std::string> text_of_buffer(GstBuffer *buffer, const GstCaps *caps) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return std::string();
  std::string text(reinterpret_cast<const char *>(map.data), map.size);
  gst_buffer_unmap(buffer, &map);
  // Some elements count a closing NUL.
  while (!text.empty() && text.back() == '\0') text.pop_back();
  if (!g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr)) {
    return refuse("A text is not valid UTF-8; it was not sent.");
  }
  if (!is_markup(caps)) return trimmed(text);
  auto plain = without_markup(text);
  if (!plain) return plain;
  return trimmed(plain.value());
}

}  // namespace oairt
