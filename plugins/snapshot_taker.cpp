#include "snapshot_taker.h"

#include <utility>

#include "element_core.h"
#include "jpeg_snapshot.h"

namespace oairt {
namespace {

// More than all of the event but the picture and the words, and an escape for each of those.
constexpr std::size_t kEnvelope = 1024;
constexpr std::size_t kLeastPicture = 2048;

// What is left for the JPEG, which grows by a third in base64.
std::size_t room_for_picture(const Session &session, const std::string &text) {
  std::size_t most = session.snapshot().max_event_bytes, taken = kEnvelope + 2 * text.size();
  return taken < most ? (most - taken) / 4 * 3 : 0;
}

}  // namespace

SnapshotTaker::SnapshotTaker(GetSession session, Warn warn)
    : session_(std::move(session)), warn_(std::move(warn)) {}

SnapshotTaker::~SnapshotTaker() { stop(); }

void SnapshotTaker::set_options(Duration interval, int max_width) {
  LockGuard guard(lock_);
  if (interval != interval_) due_ = {};
  interval_ = interval;
  max_width_ = max_width;
}

bool SnapshotTaker::is_due(TimePoint now) {
  if (!requests_.empty()) return true;
  if (interval_ <= Duration::zero() || now < due_) return false;
  due_ = now + interval_;
  return true;
}

void SnapshotTaker::frame(GstBuffer *buffer, GstCaps *caps) {
  auto sample = Ref<GstSample>::adopt(gst_sample_new(buffer, caps, nullptr, nullptr));
  TimePoint now = Clock::now();
  {
    LockGuard guard(lock_);
    newest_ = sample;
    if (busy_ || !is_due(now)) return;
    if (!requests_.empty()) {
      std::string text = std::move(requests_.front());
      requests_.pop_front();
      return start({std::move(sample), std::move(text), true, max_width_});
    }
  }
  auto session = session_();
  if (!session || !session->wants_image()) return;
  LockGuard guard(lock_);
  if (!busy_) start({std::move(sample), "", false, max_width_});
}

Status SnapshotTaker::request(const std::string &text) {
  LockGuard guard(lock_);
  if (requests_.size() >= kMaxRequests) {
    return Error{ErrorCode::Busy,
                 "A picture was not sent: too many wait for the service or for a video frame.",
                 {},
                 {},
                 {}};
  }
  if (newest_ && !busy_) {
    start({newest_, text, true, max_width_});
  } else {
    requests_.push_back(text);
  }
  return Success{};
}

void SnapshotTaker::start(Job job) {
  if (thread_.joinable()) thread_.join();  // it has ended
  busy_ = true;
  thread_ = std::thread([this, job = std::move(job)]() mutable { run(std::move(job)); });
}

void SnapshotTaker::run(Job job) {
  NoWaitScope no_wait;
  do {
    take(job);
  } while (next(job));
}

bool SnapshotTaker::next(Job &job) {
  LockGuard guard(lock_);
  job = {};
  if (requests_.empty() || !newest_ || cancelled_) {
    busy_ = false;
    return false;
  }
  job = {newest_, std::move(requests_.front()), true, max_width_};
  requests_.pop_front();
  return true;
}

void SnapshotTaker::take(const Job &job) {
  auto session = session_();
  if (!session) return;
  std::size_t room = room_for_picture(*session, job.text);
  if (room < kLeastPicture) {
    return warn_(Error{ErrorCode::Config,
                       "The text leaves no room for a picture beside it; neither was sent.",
                       {},
                       {},
                       {}});
  }
  auto made = make_snapshot(job.sample.get(), {job.max_width, room}, cancelled_);
  if (cancelled_) return;
  if (!made) return warn_(made.error());
  Image image{std::move(made->jpeg), made->width, made->height, job.text};
  TimePoint deadline = Clock::now() + kLongestWait;
  while (!cancelled_) {
    Status sent = session->send_image(image);
    bool again = job.requested && !sent && sent.error().code == ErrorCode::Busy;
    if (!again || Clock::now() > deadline) {
      // One that nobody asked for comes again by itself.
      if (!sent && job.requested) warn_(sent.error());
      return;
    }
    LockGuard guard(lock_);
    wake_.wait_until(lock_, Clock::now() + kRetry, [this] { return cancelled_.load(); });
  }
}

void SnapshotTaker::drain() {
  LockGuard guard(lock_);
  newest_ = {};
}

void SnapshotTaker::stop() {
  std::thread thread;
  {
    LockGuard guard(lock_);
    cancelled_ = true;
    requests_.clear();
    newest_ = {};
    thread = std::move(thread_);
    wake_.notify_all();
  }
  if (thread.joinable()) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();  // a handler of the application, called by it
    } else {
      thread.join();
    }
  }
  LockGuard guard(lock_);
  cancelled_ = false;
  busy_ = false;
  due_ = {};
}

}  // namespace oairt
