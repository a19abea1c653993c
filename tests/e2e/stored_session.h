// A stored session under test: where it is stored, a process that shares it, and turns of it.
// Thread-bound.
// Never leaves a file or a process behind.
#pragma once

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gio/gio.h>

#include "base/ref.h"
#include "store/store.h"
#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

namespace oairt::test {

constexpr const char *kQuestion = "What is your name?";
constexpr const char *kAnswer = "My name is Ada.";
constexpr const char *kBoth = "user: What is your name?\nassistant: My name is Ada.\n";

inline std::vector<std::string> story(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"--hear", kQuestion, "--answer", kAnswer};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// A folder with a store and its key, gone at the end.
class Place {
 public:
  Place() {
    GString_ made(g_dir_make_tmp("oairt-store-XXXXXX", nullptr));
    folder_ = made.get();
    std::ofstream(folder_ + "/key") << std::string(64, '7') << "\n";
    std::filesystem::permissions(folder_ + "/key", std::filesystem::perms::owner_read);
  }
  ~Place() { std::filesystem::remove_all(folder_); }

  std::string uri() const { return "sqlite:" + folder_ + "/store.sqlite"; }
  std::string key() const { return folder_ + "/key"; }
  std::string properties() const {
    return "persistence=disk session=kiosk store=" + uri() + " store-key-file=" + key() + " ";
  }
  std::vector<StoredRecord> records() const {
    StoreOptions options;
    options.uri = uri();
    options.session = "kiosk";
    options.key_file = key();
    auto all = read_all_records(options);
    return all ? std::move(all).value() : std::vector<StoredRecord>();
  }
  std::size_t items(std::size_t record = 0) const {
    auto all = records();
    return record < all.size() ? all[record].items.size() : 0;
  }
  bool holds(const std::string &words) const {
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      if (bytes.find(words) != std::string::npos) return true;
    }
    return false;
  }

 private:
  std::string folder_;
};

inline std::string kiosk(const SimulatorProcess &simulator, const std::string &more) {
  return "audiotestsrc name=mic is-live=true wave=silence ! openairealtimebin name=b base-url=" +
         simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " " + more +
         " ! fakesink sync=false";
}

// The same line in a process of its own, that hears somebody speak once.
class Elsewhere {
 public:
  Elsewhere(const SimulatorProcess &simulator, const std::string &more)
      : file_(make_speech_file(1.0, 30)) {
    std::string line =
        "filesrc location=" + file_ +
        " ! wavparse ! audioconvert ! openairealtimebin prebuffer-time=20000 base-url=" +
        simulator.base_url() + " " + more + " ! fakesink sync=false";
    std::vector<std::string> words = {"gst-launch-1.0", "-q"};
    std::istringstream parts(line);
    words.insert(words.end(), std::istream_iterator<std::string>(parts), {});
    std::vector<const char *> arguments;
    for (const auto &word : words) arguments.push_back(word.c_str());
    arguments.push_back(nullptr);
    auto launcher = Ref<GSubprocessLauncher>::adopt(
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE));
    g_subprocess_launcher_setenv(launcher.get(), "OPENAI_API_KEY", SimulatorProcess::kApiKey, TRUE);
    process_ = g_subprocess_launcher_spawnv(launcher.get(), arguments.data(), nullptr);
    fail_unless(process_ != nullptr);
  }
  ~Elsewhere() {
    kill_hard();
    g_object_unref(process_);
  }
  void freeze() { g_subprocess_send_signal(process_, SIGSTOP); }
  void thaw() { g_subprocess_send_signal(process_, SIGCONT); }
  void kill_hard() {
    g_subprocess_force_exit(process_);
    g_subprocess_wait(process_, nullptr, nullptr);
  }

 private:
  std::string file_;
  GSubprocess *process_ = nullptr;
};

inline std::atomic<unsigned> spoken{0};

inline void on_event(GstElement *, const char *type, const char *, gpointer) {
  if (std::string(type) == "output_audio_buffer.stopped") ++spoken;
}

inline void talk(Pipeline &p) {
  GstElement *bin = p.get("b");
  if (g_object_get_data(G_OBJECT(bin), "listened") == nullptr) {
    g_object_set_data(G_OBJECT(bin), "listened", bin);
    g_signal_connect(bin, "event", G_CALLBACK(on_event), nullptr);
  }
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  unsigned before = spoken;
  p.send_text("b", kQuestion);
  fail_unless(p.wait([&] { return spoken > before; }), "%s", p.describe().c_str());
}

inline void act(Pipeline &p, const char *action) {
  gboolean done = FALSE;
  g_signal_emit_by_name(p.get("b"), action, &done);
  fail_unless(done);
}

inline bool wait_for_items(Pipeline &p, const Place &place, std::size_t count,
                           std::size_t record = 0) {
  return p.wait([&] { return place.items(record) == count; });
}

}  // namespace oairt::test
