#include "support/caption_tap.h"

#include <algorithm>
#include <sstream>

#include <gst/check/gstcheck.h>

namespace oairt::test {
namespace {

double to_ms(GstClockTime time) { return static_cast<double>(time) / 1e6; }

std::vector<std::string> split(const std::string &text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

CaptionTap::CaptionTap(GstElement *element, const char *pad)
    : pad_(Ref<GstPad>::adopt(gst_element_get_static_pad(element, pad))) {
  fail_unless(pad_.get() != nullptr, "no pad %s", pad);
  auto type =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
  probe_ = gst_pad_add_probe(pad_.get(), type, on_data, this, nullptr);
}

CaptionTap::~CaptionTap() { gst_pad_remove_probe(pad_.get(), probe_); }

GstPadProbeReturn CaptionTap::on_data(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto *self = static_cast<CaptionTap *>(data);
  TimePoint now = Clock::now();
  LockGuard guard(self->lock_);
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    self->ended_ |= GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    if (GST_EVENT_TYPE(event) != GST_EVENT_GAP) return GST_PAD_PROBE_OK;
    GstClockTime start, duration;
    gst_event_parse_gap(event, &start, &duration);
    self->known_until_ms_ = std::max(self->known_until_ms_, to_ms(start + duration));
    ++self->gaps_;
    return GST_PAD_PROBE_OK;
  }
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  ShownCaption caption;
  caption.text.assign(reinterpret_cast<const char *>(map.data), map.size);
  gst_buffer_unmap(buffer, &map);
  caption.start_ms = to_ms(GST_BUFFER_PTS(buffer));
  caption.duration_ms = to_ms(GST_BUFFER_DURATION(buffer));
  caption.final = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_MARKER);
  caption.at = now;
  if (GstReferenceTimestampMeta *meta = gst_buffer_get_reference_timestamp_meta(buffer, nullptr)) {
    caption.spoken_ms = to_ms(meta->timestamp);
  }
  self->known_until_ms_ = std::max(self->known_until_ms_, caption.start_ms + caption.duration_ms);
  self->captions_.push_back(std::move(caption));
  return GST_PAD_PROBE_OK;
}

std::vector<ShownCaption> CaptionTap::captions() {
  LockGuard guard(lock_);
  return captions_;
}

std::size_t CaptionTap::gaps() {
  LockGuard guard(lock_);
  return gaps_;
}

bool CaptionTap::ended() {
  LockGuard guard(lock_);
  return ended_;
}

double CaptionTap::known_until_ms() {
  LockGuard guard(lock_);
  return known_until_ms_;
}

std::vector<ShownWord> CaptionTap::words() { return words_of(captions()); }

std::vector<std::string> CaptionTap::lines() {
  std::vector<std::string> lines;
  for (auto &caption : captions()) {
    if (!caption.final) continue;
    std::replace(caption.text.begin(), caption.text.end(), '\n', ' ');
    lines.push_back(caption.text);
  }
  return lines;
}

void CaptionTap::assert_sound() {
  double end = 0;
  for (const auto &caption : captions()) {
    fail_unless(caption.start_ms >= end - 0.001, "\"%s\" at %.1f begins before %.1f",
                caption.text.c_str(), caption.start_ms, end);
    fail_unless(caption.duration_ms > 0 && !caption.text.empty());
    fail_unless(
        g_utf8_validate(caption.text.data(), static_cast<gssize>(caption.text.size()), nullptr));
    end = caption.start_ms + caption.duration_ms;
  }
}

std::vector<ShownWord> words_of(const std::vector<ShownCaption> &captions) {
  std::vector<ShownWord> words;
  std::vector<std::string> before;
  bool finished = false;
  for (const auto &caption : captions) {
    auto now = split(caption.text);
    bool same = now == before;
    bool grown =
        now.size() >= before.size() && std::equal(before.begin(), before.end(), now.begin());
    std::size_t known = same || (grown && !finished) ? before.size() : 0;
    for (std::size_t i = known; i < now.size(); ++i) {
      words.push_back({now[i], caption.start_ms, i == 0});
    }
    if (!same) finished = false;
    finished |= caption.final;
    before = std::move(now);
  }
  return words;
}

std::vector<std::vector<TrueWord>> true_words(const std::vector<Json> &log) {
  std::vector<std::vector<TrueWord>> answers;
  for (const Json &line : log) {
    auto &answer = answers.emplace_back();
    for (const Json &word : line["words"].items()) {
      std::string text = word["text"].as_string();
      while (!text.empty() && text.back() == ' ') text.pop_back();
      answer.push_back({text, word["ms"].as_double(), word["own"].as_bool(false)});
    }
  }
  return answers;
}

}  // namespace oairt::test
