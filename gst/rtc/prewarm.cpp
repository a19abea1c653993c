#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include <gmodule.h>

#include "base/lock.h"
#include "base/reaper.h"
#include "base/ref.h"
#include "rtc/peer.h"

namespace oairt {
namespace {

// What a call is made of. dtlsdec comes last: the first one makes the process's DTLS certificate.
constexpr const char *kElements[] = {
    "webrtcbin", "rtpbin",  "rtpfunnel",  "rtpulpfecenc", "rtpredenc",       "rtpstorage",
    "clocksync", "funnel",  "capsfilter", "queue",        "appsrc",          "appsink",
    "srtpenc",   "srtpdec", "sctpenc",    "sctpdec",      "rtpjitterbuffer", "dtlsenc"};

constexpr uint64_t kOpenSslNoAtExit = 0x00080000;  // OPENSSL_INIT_NO_ATEXIT

class Prewarmer {
 public:
  void start() {
    std::atexit([] { instance().finish(); });
    // Who waits for the sessions' end waits for this too: gst_deinit() must not overtake it.
    reaper::expect();
    LockGuard guard(mutex_);
    thread_ = std::thread([this] {
      run();
      reaper::finish([] {});
    });
  }
  static Prewarmer &instance() {
    static Prewarmer *prewarmer = new Prewarmer;
    return *prewarmer;
  }

 private:
  void run() {
    order_exit();  // first: what encrypts starts OpenSSL
    for (const char *name : kElements) {
      if (exiting_) return;
      auto element = Ref<GstElement>::sink(gst_element_factory_make(name, nullptr));
    }
    start_sctp_once();
    if (exiting_) return;
    auto element = Ref<GstElement>::sink(gst_element_factory_make("dtlsdec", nullptr));
  }

  // The first association of a process sets up tables that later ones find in place.
  static void start_sctp_once() {
    auto decoder = Ref<GstElement>::sink(gst_element_factory_make("sctpdec", nullptr));
    if (!decoder) return;
    gst_element_set_state(decoder.get(), GST_STATE_PAUSED);
    gst_element_set_state(decoder.get(), GST_STATE_NULL);
  }

  // OpenSSL tears itself down in an exit handler that it installs on first use, and a key under
  // way, or a thread that ends in that moment, would use what is gone: it is asked not to. If
  // somebody else was there before, ours has to be installed behind it, for handlers run in reverse
  // order.
  void order_exit() {
    auto plugin = Ref<GstPlugin>::adopt(gst_registry_find_plugin(gst_registry_get(), "dtls"));
    const gchar *file = plugin ? gst_plugin_get_filename(plugin.get()) : nullptr;
    GModule *module = file != nullptr ? g_module_open(file, G_MODULE_BIND_LAZY) : nullptr;
    if (module == nullptr) return;
    using Initialise = int (*)(uint64_t options, const void *settings);
    gpointer symbol = nullptr;
    if (g_module_symbol(module, "OPENSSL_init_crypto", &symbol) && symbol != nullptr) {
      reinterpret_cast<Initialise>(symbol)(kOpenSslNoAtExit, nullptr);
      std::atexit([] { instance().finish(); });
    }
    g_module_close(module);
  }

  void finish() {
    exiting_ = true;
    LockGuard guard(mutex_);
    if (thread_.joinable()) thread_.join();
  }

  std::atomic<bool> exiting_ = false;
  Mutex mutex_;
  std::thread thread_ OAIRT_GUARDED_BY(mutex_);
};

}  // namespace

void prewarm_webrtc() {
  static std::atomic_flag done = ATOMIC_FLAG_INIT;
  if (!done.test_and_set()) Prewarmer::instance().start();
}

}  // namespace oairt
