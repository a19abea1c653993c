// A whole conversation with everything logged: the secrets are nowhere.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <glib/gstdio.h>

#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr const char *kTurnPassword = "turn-password-93jf02";
constexpr const char *kHeaderToken = "header-token-7fj3kd";
constexpr const char *kStoreKey =
    "9f3c5a7e1b2d4f6089abcdef0123456789fedcba9876543210a1b2c3d4e5f607";
constexpr const char *kToolToken = "mcp-token-5ks8vq";
constexpr const char *kToolHeader = "mcp-header-2nc9wz";
constexpr const char *kTools =
    R"([{"type":"mcp","server_label":"files","server_url":"https://user:mcp-url-77dkfj@example.org/",)"
    R"("authorization":"mcp-token-5ks8vq","headers":{"X-Key":"mcp-header-2nc9wz"}}])";
constexpr const char *kHeard = "zebra crossing umbrella";
constexpr const char *kAnswer = "xylophone quartz marmalade";

// GStreamer reads where dot files go when it is initialised: before main() does that.
const std::string &dot_folder() {
  static const std::string folder = [] {
    gchar *made = g_dir_make_tmp("oairt-secrets-XXXXXX", nullptr);
    std::string path = made;
    g_free(made);
    g_setenv("GST_DEBUG_DUMP_DOT_DIR", path.c_str(), TRUE);
    return path;
  }();
  return folder;
}
[[maybe_unused]] const std::string &kDotFolderIsSet = dot_folder();

// The log lines that our own categories wrote.
std::string own_lines(const std::string &log) {
  std::istringstream stream(log);
  std::string line, own;
  while (std::getline(stream, line)) {
    if (line.find("openairealtime") != std::string::npos) own += line + "\n";
  }
  return own;
}

std::string read_file(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Every readable property of every element, as text.
std::string readable_properties(GstElement *pipeline) {
  std::string all;
  GValue item = G_VALUE_INIT;
  GstIterator *elements = gst_bin_iterate_recurse(GST_BIN(pipeline));
  while (gst_iterator_next(elements, &item) == GST_ITERATOR_OK) {
    GObject *element = G_OBJECT(g_value_get_object(&item));
    guint count = 0;
    GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
    for (guint i = 0; i < count; ++i) {
      if ((specs[i]->flags & G_PARAM_READABLE) == 0) continue;
      GValue value = G_VALUE_INIT;
      g_value_init(&value, specs[i]->value_type);
      g_object_get_property(element, specs[i]->name, &value);
      gchar *text = g_strdup_value_contents(&value);
      all += std::string(specs[i]->name) + "=" + text + "\n";
      g_free(text);
      g_value_unset(&value);
    }
    g_free(specs);
    g_value_reset(&item);
  }
  g_value_unset(&item);
  gst_iterator_free(elements);
  return all;
}

void none_in(const std::string &where, const std::string &text,
             const std::vector<std::string> &secrets) {
  for (const auto &secret : secrets) {
    auto at = text.find(secret);
    fail_unless(at == std::string::npos, "%s: found a secret: …%.200s…", where.c_str(),
                text.substr(at > 80 ? at - 80 : 0, 200).c_str());
  }
}

}  // namespace

GST_START_TEST(no_secret_reaches_log_dot_file_message_or_property) {
  std::filesystem::path folder = dot_folder();
  std::string log_file = folder / "log";
  gst_debug_set_default_threshold(GST_LEVEL_MEMDUMP);
  gst_debug_remove_log_function(gst_debug_log_default);
  FILE *log = std::fopen(log_file.c_str(), "w");
  gst_debug_add_log_function(gst_debug_log_default, log, nullptr);

  std::string properties, messages;
  std::vector<std::string> secrets = {
      SimulatorProcess::kApiKey, kTurnPassword, kHeaderToken, kStoreKey, kToolToken, kToolHeader,
      "mcp-url-77dkfj"};
  std::vector<std::string> private_words = {"zebra", "xylophone"};
  {
    SimulatorProcess simulator({"--hear", kHeard, "--answer", kAnswer});
    Pipeline p("filesrc location=" + make_speech_file(0.6, 0.2) +
               " ! wavparse ! openairealtimebin name=b eos-policy=after-answer base-url=" +
               simulator.base_url() + " ! fakesink sync=false");
    GstElement *bin = p.get("b");
    std::string store = "sqlite:" + (folder / "store.sqlite").string();
    std::ofstream(folder / "store-key") << kStoreKey << "\n";
    std::filesystem::permissions(folder / "store-key", std::filesystem::perms::owner_read);
    g_object_set(bin, "session", "secrets", "persistence", 2, "store", store.c_str(),
                 "store-key-file", (folder / "store-key").c_str(), nullptr);
    g_object_set(bin, "api-key", SimulatorProcess::kApiKey, "turn-servers",
                 "turn://user:turn-password-93jf02@127.0.0.1:9", "token-headers",
                 "X-Token: header-token-7fj3kd", nullptr);
    g_object_set(bin, "tools", kTools, nullptr);
    p.play();
    fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
    GST_DEBUG_BIN_TO_DOT_FILE(GST_BIN(p.pipeline()), GST_DEBUG_GRAPH_SHOW_ALL, "talking");
    properties = readable_properties(p.pipeline());
    GstStructure *stats = nullptr;
    g_object_get(bin, "stats", &stats, nullptr);
    Unique<gchar, g_free> stats_text(gst_structure_to_string(stats));
    properties += stats_text.get();
    gst_structure_free(stats);
    fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(50)), "%s", p.describe().c_str());
    assert_contains(p.transcript("assistant"), "xylophone");
    messages = p.describe();
  }
  gst_debug_remove_log_function(gst_debug_log_default);
  std::fclose(log);

  std::string text = read_file(log_file);
  fail_unless(text.size() > 100000, "the log has only %zu bytes", text.size());
  none_in("log", text, secrets);
  none_in("log: any ephemeral key", text, {"ek_"});
  none_in("our own log lines", own_lines(text), private_words);
  none_in("our own log lines", own_lines(text), {"a=ice-pwd", "ice-ufrag"});
  none_in("properties", properties, secrets);
  none_in("messages", messages, secrets);
  std::string stored = read_file(folder / "store.sqlite") + read_file(folder / "store.sqlite-wal");
  fail_unless(stored.size() > 4096, "nothing was stored");
  none_in("store", stored, secrets);
  none_in("store", stored, private_words);
  int dots = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".dot") continue;
    ++dots;
    std::string dot = read_file(entry.path());
    none_in(entry.path(), dot, secrets);
    none_in(entry.path(), dot, private_words);
    none_in(entry.path(), dot, {"ek_"});
  }
  fail_unless(dots > 0);
  std::filesystem::remove_all(folder);
}
GST_END_TEST

GST_START_TEST(credentials_of_tools_are_in_no_error) {
  const char *property[] = {"tools", "session-config"};
  const std::string values[] = {kTools, std::string("{\"tools\":") + kTools + "}"};
  for (int i : {0, 1}) {
    auto p = Ref<GstElement>::sink(gst_parse_launch(
        "openairealtimesink name=in openairealtimesrc name=out ! fakesink", nullptr));
    for (const char *name : {"in", "out"}) {
      auto element = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(p.get()), name));
      std::string value = values[i];
      if (name[0] == 'o') value.replace(value.find("files"), 5, "other");
      g_object_set(element.get(), property[i], value.c_str(), nullptr);
    }
    fail_unless_equals_int(gst_element_set_state(p.get(), GST_STATE_READY),
                           GST_STATE_CHANGE_FAILURE);
    auto bus = Ref<GstBus>::adopt(gst_element_get_bus(p.get()));
    auto message = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
    GError *error = nullptr;
    gst_message_parse_error(message.get(), &error, nullptr);
    assert_contains(error->message, "contradict each other");
    none_in("error", error->message, {"mcp-token", "mcp-header", "mcp-url"});
    g_error_free(error);
    gst_element_set_state(p.get(), GST_STATE_NULL);
  }
}
GST_END_TEST

GST_START_TEST(credentials_cannot_be_read_back) {
  for (const char *name : {"openairealtimesink", "openairealtimesrc", "openairealtimebin"}) {
    auto element = Ref<GstElement>::sink(gst_element_factory_make(name, nullptr));
    for (const char *property : {"api-key", "ephemeral-key", "token-headers", "turn-servers"}) {
      GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element.get()), property);
      fail_unless(spec != nullptr, "%s has no %s", name, property);
      fail_unless((spec->flags & G_PARAM_READABLE) == 0, "%s of %s can be read", property, name);
    }
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(secrets, no_secret_reaches_log_dot_file_message_or_property,
                credentials_of_tools_are_in_no_error, credentials_cannot_be_read_back)
