#include "rtc/pipeline_reaper.h"

#include <utility>

#include "base/lock.h"

namespace oairt {
namespace {

// A busy machine makes the first key of a process in seconds; the end of a session waits for 5 s.
constexpr Duration kPatience = std::chrono::seconds(4);

// A pad as webrtcbin has them, but of no media: nothing is found out about it. Statistics of the
// whole name streams, ports and pads in strings that GLib keeps to the end of the process.
Ref<GstPad> make_idle_pad(GstElement *webrtcbin) {
  GstPadTemplate *pattern = gst_element_get_pad_template(webrtcbin, "sink_%u");
  if (pattern == nullptr) return nullptr;
  auto pad = Ref<GstPad>::sink(gst_pad_new_from_template(pattern, "idle"));
  GType type = g_type_from_name("GstWebRTCBinPad");
  return type != 0 && g_type_is_a(G_OBJECT_TYPE(pad.get()), type) ? pad : nullptr;
}

// Actions run one after the other, so the answer to one more says that all before it are through.
void let_finish(const ReapJob &job) {
  {
    auto barrier = job.operations->promise([](GstPromise *) {});
    Ref<GstPad> pad = make_idle_pad(job.webrtcbin.get());
    g_signal_emit_by_name(job.webrtcbin.get(), "get-stats", pad.get(), barrier.get());
  }
  job.operations->wait_until_idle(Clock::now() + kPatience);
}

// Lives to the end of the process: workers may still be busy at exit.
struct Reaper {
  static constexpr gint kWorkers = 4;
  Mutex mutex;
  Condition changed;
  int pending OAIRT_GUARDED_BY(mutex) = 0;
  GThreadPool *pool = g_thread_pool_new(&Reaper::work, nullptr, kWorkers, FALSE, nullptr);

  static void work(gpointer data, gpointer) {
    std::unique_ptr<ReapJob> job(static_cast<ReapJob *>(data));
    if (job->webrtcbin) let_finish(*job);
    gst_element_set_state(job->pipeline.get(), GST_STATE_NULL);
  }
};

Reaper &reaper() {
  static Reaper *reaper = new Reaper;
  return *reaper;
}

}  // namespace

ReapTicket::ReapTicket() {
  LockGuard guard(reaper().mutex);
  reaper().pending++;
}

ReapTicket::~ReapTicket() {
  LockGuard guard(reaper().mutex);
  reaper().pending--;
  reaper().changed.notify_all();
}

void reap_pipeline(ReapJob job) {
  g_thread_pool_push(reaper().pool, new ReapJob(std::move(job)), nullptr);
}

bool wait_for_reaped_pipelines(TimePoint deadline) {
  Reaper &self = reaper();
  LockGuard guard(self.mutex);
  return self.changed.wait_until(
      self.mutex, deadline, [&self]() OAIRT_REQUIRES(self.mutex) { return self.pending == 0; });
}

}  // namespace oairt
