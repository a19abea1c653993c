#include "element_test.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include "base/clock.h"
#include "base/reaper.h"
#include "gstopenairealtimebin.h"
#include "gstopenairealtimesink.h"
#include "gstopenairealtimesrc.h"

namespace oairt::test {

void register_elements() {
  GST_ELEMENT_REGISTER(openairealtimesink, nullptr);
  GST_ELEMENT_REGISTER(openairealtimesrc, nullptr);
  GST_ELEMENT_REGISTER(openairealtimebin, nullptr);
}

Ref<GstElement> make(const char *factory) {
  auto element = Ref<GstElement>::sink(gst_element_factory_make(factory, nullptr));
  fail_unless(bool(element), "%s is not there", factory);
  return element;
}

Ref<GstElement> launch(const std::string &line) {
  GError *error = nullptr;
  auto pipeline = Ref<GstElement>::sink(gst_parse_launch(line.c_str(), &error));
  fail_unless(error == nullptr, "%s: %s", line.c_str(), error != nullptr ? error->message : "");
  return pipeline;
}

Ref<GstElement> child(const Ref<GstElement> &bin, const char *name) {
  auto element = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(bin.get()), name));
  fail_unless(bool(element), "%s is not there", name);
  return element;
}

std::string get_text(GstElement *element, const char *property) {
  gchar *text = nullptr;
  g_object_get(element, property, &text, nullptr);
  GString_ owner(text);
  return text != nullptr ? text : "(null)";
}

void set_state(const Ref<GstElement> &element, GstState state) {
  TimePoint begin = Clock::now();
  auto result = gst_element_set_state(element.get(), state);
  fail_if(result == GST_STATE_CHANGE_FAILURE);
  fail_if(Clock::now() - begin > std::chrono::seconds(2), "a state change took too long");
}

std::vector<Ref<GstMessage>> take_messages(const Ref<GstElement> &pipeline, GstMessageType types) {
  std::vector<Ref<GstMessage>> messages;
  auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  while (GstMessage *message = gst_bus_pop_filtered(bus.get(), types)) {
    messages.push_back(Ref<GstMessage>::adopt(message));
  }
  return messages;
}

std::vector<std::string> take_failures(const Ref<GstElement> &pipeline) {
  std::vector<std::string> failures;
  auto types = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  for (const auto &message : take_messages(pipeline, types)) {
    bool fatal = GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR;
    GError *error = nullptr;
    gchar *detail = nullptr;
    auto parse = fatal ? gst_message_parse_error : gst_message_parse_warning;
    parse(message.get(), &error, &detail);
    failures.push_back(std::string(fatal ? "error: " : "warning: ") + error->message + " | " +
                       (detail != nullptr ? detail : ""));
    g_error_free(error);
    g_free(detail);
  }
  return failures;
}

namespace {

// True if no other thread of this process is running: whoever is, may be freeing something.
bool others_are_asleep() {
  std::string own = std::to_string(gettid());
  for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == own) continue;
    std::ifstream file(task.path() / "stat");
    std::string stat((std::istreambuf_iterator<char>(file)), {});
    auto name_end = stat.rfind(") ");  // a name may hold anything
    if (name_end != std::string::npos && stat[name_end + 2] != 'S') return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> live_objects() {
  // The tracer looks at objects without a reference, and other threads may just be freeing them.
  fail_unless(reaper::wait_idle(Clock::now() + std::chrono::seconds(10)));
  int quiet = 0;
  wait_for([&quiet] { return (quiet = others_are_asleep() ? quiet + 1 : 0) >= 3; });
  std::vector<std::string> live;
  GList *tracers = gst_tracing_get_active_tracers();
  fail_if(tracers == nullptr, "run with GST_TRACERS=leaks");
  for (GList *entry = tracers; entry != nullptr; entry = entry->next) {
    if (std::string(G_OBJECT_TYPE_NAME(entry->data)) != "GstLeaksTracer") continue;
    GstStructure *info = nullptr;
    // Not freed: in GStreamer 1.22 it holds references that it never took.
    g_signal_emit_by_name(entry->data, "get-live-objects", &info);
    const GValue *list =
        info != nullptr ? gst_structure_get_value(info, "live-objects-list") : nullptr;
    for (guint i = 0; list != nullptr && i < gst_value_list_get_size(list); ++i) {
      const GstStructure *one = gst_value_get_structure(gst_value_list_get_value(list, i));
      GString_ text(gst_structure_to_string(one));
      live.emplace_back(text.get());
    }
  }
  g_list_free_full(tracers, gst_object_unref);
  return live;
}

namespace {

// The first object of a kind that a test must not leave, or nothing.
std::string first_left() {
  for (const auto &object : live_objects()) {
    if (object.find("Factory") != std::string::npos ||
        object.find("PadTemplate") != std::string::npos) {
      continue;
    }
    if (g_regex_match_simple("GstElement|Pad\\b|GstBuffer|OpenaiRealtime", object.c_str(),
                             G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT)) {
      return object;
    }
  }
  return "";
}

}  // namespace

void assert_nothing_left() {
  fail_unless(FakeSession::alive == 0, "%d sessions are left", FakeSession::alive.load());
  // Threads of GStreamer that just ended may hold a reference for a moment.
  wait_for([] { return first_left().empty(); }, std::chrono::seconds(2));
  auto left = first_left();
  fail_unless(left.empty(), "left: %s", left.c_str());
}

}  // namespace oairt::test
