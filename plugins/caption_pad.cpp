#include "caption_pad.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "element_core.h"
#include "rtc/media_port.h"

OAIRT_LOG_USE(element)

namespace oairt {

#define OAIRT_CAPTION_CAPS "text/x-raw, format = (string) utf8"

GstStaticPadTemplate transcript_template = GST_STATIC_PAD_TEMPLATE(
    "transcript_src", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(OAIRT_CAPTION_CAPS));
GstStaticPadTemplate input_transcript_template = GST_STATIC_PAD_TEMPLATE(
    "input_transcript_src", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(OAIRT_CAPTION_CAPS));

namespace {

constexpr std::size_t kMostNews = 1024;
constexpr Duration kBeat = milliseconds(20);
constexpr Duration kPatience = milliseconds(100);  // with whoever holds the text

GstClockTime to_gst(Duration time) {
  return static_cast<GstClockTime>(std::chrono::nanoseconds(time).count());
}

CaptionPad *of(GstPad *pad) { return static_cast<CaptionPad *>(gst_pad_get_element_private(pad)); }

// Which renderer knows where the words were spoken needs a name for that time line.
GstCaps *spoken_caps() {
  static GstCaps *caps = [] {
    GstCaps *made = gst_caps_new_empty_simple("timestamp/x-openai-realtime-spoken");
    GST_MINI_OBJECT_FLAG_SET(made, GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
    return made;
  }();
  return caps;
}

}  // namespace

CaptionPad::CaptionPad(GstPadTemplate *templ, const char *name, std::unique_ptr<CaptionMaker> maker,
                       Now now, std::string stream_id)
    : pad_(Ref<GstPad>::sink(gst_pad_new_from_template(templ, name))),
      maker_(std::move(maker)),
      now_(std::move(now)),
      stream_id_(std::move(stream_id)) {
  gst_pad_set_element_private(pad_.get(), this);
  gst_pad_set_activatemode_function(pad_.get(), activate);
  gst_pad_set_query_function(pad_.get(), query);
  gst_pad_use_fixed_caps(pad_.get());
}

CaptionPad::~CaptionPad() { gst_pad_set_element_private(pad_.get(), nullptr); }

// --- from any thread ---

void CaptionPad::tell(CaptionNews news) {
  LockGuard guard(lock_);
  if (stopping_) return;
  if (news_.size() >= kMostNews) {
    // Downstream has held the thread for long: what was heard meanwhile is too old to be shown.
    std::erase_if(news_,
                  [](const CaptionNews &old) { return std::holds_alternative<CaptionFrame>(old); });
    if (news_.size() >= kMostNews) news_.pop_front();
  }
  news_.push_back(std::move(news));
  wake_.notify_all();
}

void CaptionPad::stop_running() {
  LockGuard guard(lock_);
  stopping_ = true;
  wake_.notify_all();
}

void CaptionPad::start_running() {
  {
    LockGuard guard(lock_);
    stopping_ = false;
    news_.clear();
  }
  gst_pad_start_task(pad_.get(), run, this, nullptr);
}

gboolean CaptionPad::activate(GstPad *pad, GstObject *, GstPadMode mode, gboolean active) {
  CaptionPad *self = of(pad);
  if (mode != GST_PAD_MODE_PUSH || self == nullptr) return FALSE;
  if (!active) {
    self->stop_running();
    return self->join();
  }
  self->begun_ = false;
  self->segment_due_ = true;
  self->told_until_ = Duration(0);
  self->maker_->set_delay(self->delay_);
  self->maker_->restart();
  self->start_running();
  return TRUE;
}

// A renderer may hold the thread until its video goes on, which may be never: it is asked to let
// go.
gboolean CaptionPad::join() {
  bool held;
  {
    LockGuard guard(lock_);
    held = !wake_.wait_until(lock_, Clock::now() + kPatience,
                             [this]() OAIRT_REQUIRES(lock_) { return !pushing_; });
  }
  auto peer = Ref<GstPad>::adopt(held ? gst_pad_get_peer(pad_.get()) : nullptr);
  if (peer) gst_pad_send_event(peer.get(), gst_event_new_flush_start());
  gboolean stopped = gst_pad_stop_task(pad_.get());
  if (peer) gst_pad_send_event(peer.get(), gst_event_new_flush_stop(FALSE));
  return stopped;
}

void CaptionPad::set_pushing(bool pushing) {
  LockGuard guard(lock_);
  pushing_ = pushing;
  wake_.notify_all();
}

void CaptionPad::flush_start() {
  stop_running();
  gst_pad_push_event(pad_.get(), gst_event_new_flush_start());
  gst_pad_pause_task(pad_.get());
}

void CaptionPad::flush_stop(bool reset_time) {
  gst_pad_push_event(pad_.get(), gst_event_new_flush_stop(reset_time));
  if (!gst_pad_is_active(pad_.get())) return;
  segment_due_ = true;
  told_until_ = Duration(0);
  maker_->restart();
  start_running();
}

gboolean CaptionPad::query(GstPad *pad, GstObject *parent, GstQuery *query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  // As the audio: a word is known at the end of the frame in which it begins, or so much later.
  CaptionPad *self = of(pad);
  Duration delay = self != nullptr ? self->delay_.load() : Duration(0);
  gst_query_set_latency(query, TRUE, to_gst(kFrameDuration + delay), GST_CLOCK_TIME_NONE);
  return TRUE;
}

// --- the pad's thread ---

void CaptionPad::run(gpointer self) { static_cast<CaptionPad *>(self)->step(); }

// False: the pad is being stopped.
bool CaptionPad::wait_for_news(std::deque<CaptionNews> &news) {
  LockGuard guard(lock_);
  auto until = Clock::now() + kBeat;
  wake_.wait_until(lock_, until,
                   [this]() OAIRT_REQUIRES(lock_) { return stopping_ || !news_.empty(); });
  news.swap(news_);
  return !stopping_;
}

void CaptionPad::step() {
  NoWaitScope no_wait;
  std::deque<CaptionNews> news;
  if (!begun_) begin_stream();
  if (!wait_for_news(news)) {
    gst_pad_pause_task(pad_.get());
    return;
  }
  maker_->set_mode(mode_);
  bool end = false;
  for (const CaptionNews &item : news) {
    end |= std::holds_alternative<CaptionEnd>(item);
    if (!end) maker_->take(item);
  }
  if (!end) {
    maker_->pass(now_());
    if (push_captions()) push_gap(maker_->position());
    return;
  }
  maker_->finish();
  if (push_captions()) end_stream();
}

void CaptionPad::begin_stream() {
  begun_ = true;
  GstEvent *start = gst_event_new_stream_start(stream_id_.c_str());
  gst_event_set_stream_flags(start, GST_STREAM_FLAG_SPARSE);
  guint group = 0;
  auto element = Ref<GstElement>::adopt(gst_pad_get_parent_element(pad_.get()));
  if (element) {
    auto audio = Ref<GstPad>::adopt(gst_element_get_static_pad(element.get(), "src"));
    GstEvent *other =
        audio ? gst_pad_get_sticky_event(audio.get(), GST_EVENT_STREAM_START, 0) : nullptr;
    if (other != nullptr) {
      gst_event_parse_group_id(other, &group);
      gst_event_unref(other);
    }
  }
  gst_event_set_group_id(start, group != 0 ? group : gst_util_group_id_next());
  gst_pad_push_event(pad_.get(), start);
  auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(OAIRT_CAPTION_CAPS));
  gst_pad_push_event(pad_.get(), gst_event_new_caps(caps.get()));
}

bool CaptionPad::push(const captions::Caption &caption) {
  GstBuffer *buffer = gst_buffer_new_memdup(caption.text.data(), caption.text.size());
  GST_BUFFER_PTS(buffer) = to_gst(caption.shown.start);
  GST_BUFFER_DURATION(buffer) = to_gst(caption.shown.duration);
  if (caption.final) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_MARKER);
  if (caption.spoken) {
    gst_buffer_add_reference_timestamp_meta(buffer, spoken_caps(), to_gst(caption.spoken->start),
                                            to_gst(caption.spoken->duration));
  }
  told_until_ = std::max(told_until_, caption.shown.start + caption.shown.duration);
  set_pushing(true);
  GstFlowReturn flow = gst_pad_push(pad_.get(), buffer);
  set_pushing(false);
  if (flow >= GST_FLOW_EOS) return true;  // whoever does not take it now may be replaced
  fail(flow);
  return false;
}

bool CaptionPad::push_captions() {
  if (std::exchange(segment_due_, false)) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(pad_.get(), gst_event_new_segment(&segment));
  }
  auto captions = maker_->captions();
  // Late, since downstream held the last one for long: only what is shown by now counts.
  Duration stale = maker_->position() - milliseconds(200);
  for (std::size_t i = 0; i < captions.size(); ++i) {
    const auto &caption = captions[i];
    bool old = caption.shown.start + caption.shown.duration < stale;
    if (old && !caption.final && i + 1 < captions.size()) continue;
    if (!push(caption)) return false;
  }
  return true;
}

void CaptionPad::push_gap(Duration until) {
  if (until < told_until_ - std::chrono::seconds(1)) told_until_ = until;  // time began anew
  if (until <= told_until_) return;
  GstEvent *gap = gst_event_new_gap(to_gst(told_until_), to_gst(until - told_until_));
  told_until_ = until;
  gst_pad_push_event(pad_.get(), gap);
}

void CaptionPad::end_stream() {
  gst_pad_push_event(pad_.get(), gst_event_new_eos());
  gst_pad_pause_task(pad_.get());
}

void CaptionPad::fail(GstFlowReturn flow) {
  gst_pad_pause_task(pad_.get());
  auto element = Ref<GstElement>::adopt(gst_pad_get_parent_element(pad_.get()));
  if (element) GST_ELEMENT_FLOW_ERROR(element.get(), flow);
  gst_pad_push_event(pad_.get(), gst_event_new_eos());
}

}  // namespace oairt
