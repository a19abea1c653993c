#include "rtc/media_port.h"

#include <utility>

#include "rtc/downlink_queue.h"
#include "rtc/uplink_queue.h"

namespace oairt {

struct MediaPort::Uplink : UplinkQueue {};
struct MediaPort::Downlink : DownlinkQueue {};

MediaPort::MediaPort()
    : uplink_(std::make_unique<Uplink>()), downlink_(std::make_unique<Downlink>()) {}
MediaPort::~MediaPort() = default;

void MediaPort::push(UplinkFrame frame) { uplink_->push(std::move(frame)); }
void MediaPort::set_mute(bool mute) { uplink_->set_mute(mute); }
void MediaPort::note_voice(TimePoint now) { input_voice_ = now.time_since_epoch().count(); }
TimePoint MediaPort::last_input_voice() const { return TimePoint(Duration(input_voice_.load())); }
void MediaPort::set_target(std::shared_ptr<UplinkTarget> target,
                           std::optional<TimePoint> again_from) {
  uplink_->set_target(std::move(target), again_from);
}
void MediaPort::set_prebuffer(Duration length) { uplink_->set_prebuffer(length); }
void MediaPort::fill_idle(TimePoint now, Duration idle) { uplink_->fill_idle(now, idle); }
void MediaPort::clear_uplink() { uplink_->clear(); }
UplinkStats MediaPort::uplink_stats() const { return uplink_->stats(); }

uint64_t MediaPort::take_writer() { return downlink_->take_writer(); }
void MediaPort::write(uint64_t writer, const int16_t *samples, size_t count, TimePoint now,
                      bool concealed) {
  downlink_->write(writer, samples, count, now, concealed);
}
void MediaPort::end_burst(uint64_t writer) { downlink_->end_burst(writer); }
void MediaPort::set_latency(std::optional<Duration> latency) { downlink_->set_latency(latency); }
Duration MediaPort::clear_downlink(TimePoint deaf_until) { return downlink_->clear(deaf_until); }
void MediaPort::listen() { downlink_->listen(); }
void MediaPort::drop_ramp() { downlink_->drop_ramp(); }
Duration MediaPort::queued() const { return downlink_->queued(); }
DownlinkStats MediaPort::downlink_stats() const { return downlink_->stats(); }
MediaPort::Frame MediaPort::read(int16_t *samples, TimePoint now) {
  return downlink_->read(samples, now);
}
TimePoint MediaPort::last_written() const { return downlink_->last_written(); }
TimePoint MediaPort::last_voice() const { return downlink_->last_voice(); }

}  // namespace oairt
