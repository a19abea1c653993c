#include "transport/sctp.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <usrsctp.h>

#include "transport/transport.h"

namespace oairt::sim {
namespace {

constexpr uint16_t kLocalPort = 5000;
constexpr uint16_t kStreams = kSctpStreams;
constexpr unsigned kTickMs = 10;
constexpr auto kIdleAfter = std::chrono::seconds(5);  // the library frees sockets by its timers
constexpr uint32_t kMtuBytes = 1200;
constexpr int kBufferBytes = 1 << 20;
constexpr size_t kPieceBytes = 32 * 1024;
constexpr size_t kMaxInboundBytes = 16 << 20;  // the service takes events of up to 15 MiB
constexpr size_t kMaxQueuedBytes = 64 << 20;
constexpr size_t kMaxPartials = 64;

sockaddr_conn make_address(uintptr_t id, uint16_t port) {
  sockaddr_conn address = {};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(port);
  address.sconn_addr = reinterpret_cast<void *>(id);
  return address;
}

template <typename T>
void set_option(struct socket *socket, int option, const T &value) {
  usrsctp_setsockopt(socket, IPPROTO_SCTP, option, &value, sizeof(value));
}

}  // namespace

// The library's callbacks. They get a number, not a pointer: it may name one that is gone.
struct SctpLibrary {
  static std::unordered_map<uintptr_t, Sctp *> &associations() {
    static std::unordered_map<uintptr_t, Sctp *> all;
    return all;
  }
  static Sctp *find(void *id) {
    auto found = associations().find(reinterpret_cast<uintptr_t>(id));
    return found == associations().end() ? nullptr : found->second;
  }
  static int on_output(void *id, void *data, size_t size, uint8_t, uint8_t) {
    Sctp *association = find(id);
    if (association != nullptr && !association->closed_) {
      association->hooks_.send({static_cast<const uint8_t *>(data), size});
    }
    return 0;
  }
  static int on_receive(struct socket *, union sctp_sockstore, void *data, size_t size,
                        struct sctp_rcvinfo info, int flags, void *id) {
    std::unique_ptr<void, decltype(&std::free)> owned(data, &std::free);
    Sctp *association = find(id);
    if (data == nullptr || association == nullptr || association->closed_) return 1;
    BytesView bytes(static_cast<const uint8_t *>(data), size);
    if ((flags & MSG_NOTIFICATION) != 0) {
      association->on_notification(bytes);
    } else {
      association->on_piece(info.rcv_sid, ntohl(info.rcv_ppid), bytes, (flags & MSG_EOR) != 0);
    }
    return 1;
  }
  static void init_once() {
    static const bool done = [] {
      usrsctp_init_nothreads(0, &SctpLibrary::on_output, nullptr);
      usrsctp_sysctl_set_sctp_blackhole(2);
      usrsctp_sysctl_set_sctp_ecn_enable(0);
      usrsctp_sysctl_set_sctp_asconf_enable(0);
      usrsctp_sysctl_set_sctp_auth_enable(0);
      usrsctp_sysctl_set_sctp_pktdrop_enable(0);
      usrsctp_sysctl_set_sctp_nrsack_enable(0);
      // The timers that Pion has.
      usrsctp_sysctl_set_sctp_rto_initial_default(1000);
      usrsctp_sysctl_set_sctp_rto_min_default(1000);
      usrsctp_sysctl_set_sctp_sendspace(kBufferBytes);
      usrsctp_sysctl_set_sctp_recvspace(kBufferBytes);
      return true;
    }();
    (void)done;
  }
  static struct socket *open_socket(uintptr_t id) {
    struct socket *socket =
        usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, &SctpLibrary::on_receive, nullptr, 0,
                       reinterpret_cast<void *>(id));
    if (socket == nullptr) return nullptr;
    usrsctp_set_non_blocking(socket, 1);
    linger abort_on_close = {1, 0};
    usrsctp_setsockopt(socket, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof(abort_on_close));
    const int on = 1;
    set_option(socket, SCTP_NODELAY, on);
    set_option(socket, SCTP_EXPLICIT_EOR, on);  // large messages go out in pieces
    sctp_assoc_value resets = {SCTP_ALL_ASSOC, SCTP_ENABLE_RESET_STREAM_REQ};
    set_option(socket, SCTP_ENABLE_STREAM_RESET, resets);
    sctp_initmsg streams = {};
    streams.sinit_num_ostreams = kStreams;
    streams.sinit_max_instreams = kStreams;
    set_option(socket, SCTP_INITMSG, streams);
    for (uint16_t type : {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT}) {
      sctp_event event = {};
      event.se_assoc_id = SCTP_ALL_ASSOC;
      event.se_type = type;
      event.se_on = 1;
      set_option(socket, SCTP_EVENT, event);
    }
    return socket;
  }
};

std::shared_ptr<SctpEngine> SctpEngine::get(GMainContext *context) {
  static std::weak_ptr<SctpEngine> shared;
  std::shared_ptr<SctpEngine> engine = shared.lock();
  if (!engine) {
    SctpLibrary::init_once();
    engine.reset(new SctpEngine(context));
    engine->self_ = engine;
    shared = engine;
  }
  g_assert(engine->context_ == context);
  return engine;
}

uintptr_t SctpEngine::add(Sctp *association) {
  static uintptr_t last_id = 0;
  SctpLibrary::associations()[++last_id] = association;
  usrsctp_register_address(reinterpret_cast<void *>(last_id));
  last_use_ = Clock::now();
  if (!ticker_.active()) {
    ticked_ = last_use_;
    ticker_ = Source::timer(context_, kTickMs, [weak = self_] {
      auto self = weak.lock();
      return self && self->on_tick();
    });
  }
  return last_id;
}

void SctpEngine::remove(uintptr_t id) {
  usrsctp_deregister_address(reinterpret_cast<void *>(id));
  SctpLibrary::associations().erase(id);
  last_use_ = Clock::now();
}

bool SctpEngine::on_tick() {
  TimePoint now = Clock::now();
  auto elapsed = std::chrono::duration_cast<milliseconds>(now - ticked_);
  ticked_ += elapsed;
  usrsctp_handle_timers(static_cast<uint32_t>(elapsed.count()));
  std::vector<uintptr_t> ids;
  for (auto &[id, association] : SctpLibrary::associations()) {
    if (!association->events_.empty() || !association->queue_.empty() ||
        !association->resets_.empty()) {
      ids.push_back(id);
    }
  }
  for (uintptr_t id : ids) {
    Sctp *association = SctpLibrary::find(reinterpret_cast<void *>(id));
    if (association == nullptr) continue;
    auto alive = association->hooks_.owner.lock();
    if (alive) association->process();
  }
  return !SctpLibrary::associations().empty() || now - last_use_ < kIdleAfter;
}

Sctp::Sctp(std::shared_ptr<SctpEngine> engine, uint16_t remote_port, Hooks hooks)
    : engine_(std::move(engine)),
      remote_port_(remote_port),
      hooks_(std::move(hooks)),
      id_(engine_->add(this)) {}

Sctp::~Sctp() {
  close(false);
  engine_->remove(id_);
}

void Sctp::start() {
  if (closed_ || socket_ != nullptr) return;
  socket_ = SctpLibrary::open_socket(id_);
  if (socket_ == nullptr) return;
  sockaddr_conn local = make_address(id_, kLocalPort);
  usrsctp_bind(socket_, reinterpret_cast<sockaddr *>(&local), sizeof(local));
  sockaddr_conn remote = make_address(id_, remote_port_);
  usrsctp_connect(socket_, reinterpret_cast<sockaddr *>(&remote), sizeof(remote));
  sctp_paddrparams path = {};
  std::memcpy(&path.spp_address, &remote, sizeof(remote));
  path.spp_flags = SPP_PMTUD_DISABLE;
  path.spp_pathmtu = kMtuBytes;
  set_option(socket_, SCTP_PEER_ADDR_PARAMS, path);
}

void Sctp::receive(BytesView packet) {
  if (closed_ || socket_ == nullptr) return;
  usrsctp_conninput(reinterpret_cast<void *>(id_), packet.data(), packet.size(), 0);
  process();
}

bool Sctp::send(uint16_t stream, uint32_t ppid, Bytes message, bool unordered) {
  if (closed_ || queued_bytes_ + message.size() > kMaxQueuedBytes) return false;
  queued_bytes_ += message.size();
  queue_.push_back({stream, ppid, std::move(message), unordered});
  pump();
  return true;
}

void Sctp::reset_stream(uint16_t stream) {
  if (closed_) return;
  resets_.insert(stream);
  pump();
}

void Sctp::close(bool abort) {
  if (!abort) closed_ = true;  // the library's farewell goes nowhere
  if (auto *socket = std::exchange(socket_, nullptr)) usrsctp_close(socket);
  closed_ = true;
}

void Sctp::on_piece(uint16_t stream, uint32_t ppid, BytesView piece, bool last) {
  if (partials_.size() >= kMaxPartials && !partials_.contains(stream)) return;
  Partial &partial = partials_[stream];
  if (partial.message.size() + piece.size() > kMaxInboundBytes) {
    partial.oversized = true;
    partial.message = {};
  }
  if (!partial.oversized) append(partial.message, piece);
  if (!last) return;
  Event event = {partial.oversized ? Event::Kind::Oversized : Event::Kind::Message, stream, ppid,
                 std::move(partial.message)};
  partials_.erase(stream);
  events_.push_back(std::move(event));
}

void Sctp::on_notification(BytesView bytes) {
  auto *notification = reinterpret_cast<const sctp_notification *>(bytes.data());
  if (bytes.size() < sizeof(notification->sn_header)) return;
  if (notification->sn_header.sn_type == SCTP_ASSOC_CHANGE) {
    if (bytes.size() < sizeof(sctp_assoc_change)) return;
    uint16_t state = notification->sn_assoc_change.sac_state;
    if (state == SCTP_COMM_UP || state == SCTP_RESTART) {
      if (!std::exchange(up_, true)) events_.push_back({Event::Kind::Up});
    } else {
      events_.push_back({Event::Kind::Lost});
    }
  } else if (notification->sn_header.sn_type == SCTP_STREAM_RESET_EVENT) {
    const sctp_stream_reset_event &reset = notification->sn_strreset_event;
    if (bytes.size() < sizeof(reset) || reset.strreset_length > bytes.size() ||
        reset.strreset_length < sizeof(reset)) {
      return;
    }
    if ((reset.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) == 0) return;
    size_t count = (reset.strreset_length - sizeof(reset)) / sizeof(uint16_t);
    for (size_t i = 0; i < count; ++i) {
      events_.push_back({Event::Kind::Reset, reset.strreset_stream_list[i]});
    }
  }
}

void Sctp::process() {
  while (!closed_ && !events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    switch (event.kind) {
      case Event::Kind::Up:
        if (hooks_.on_up) hooks_.on_up();
        break;
      case Event::Kind::Message:
        hooks_.on_message(event.stream, event.ppid, std::move(event.message));
        break;
      case Event::Kind::Reset:
        hooks_.on_stream_reset(event.stream);
        break;
      case Event::Kind::Oversized:
        hooks_.on_oversized(event.stream);
        break;
      case Event::Kind::Lost:
        up_ = false;
        hooks_.on_lost();
        break;
    }
  }
  pump();
}

void Sctp::pump() {
  if (closed_ || !up_) return;
  while (!queue_.empty() && send_piece(queue_.front())) {
    queued_bytes_ -= queue_.front().message.size();
    queue_.pop_front();
  }
  std::erase_if(resets_, [this](uint16_t stream) { return try_reset(stream); });
}

// True once the whole message is with the library.
bool Sctp::send_piece(Outgoing &outgoing) {
  while (outgoing.sent < outgoing.message.size()) {
    size_t left = outgoing.message.size() - outgoing.sent;
    size_t size = std::min(left, kPieceBytes);
    sctp_sendv_spa how = {};
    how.sendv_flags = SCTP_SEND_SNDINFO_VALID;
    how.sendv_sndinfo.snd_sid = outgoing.stream;
    how.sendv_sndinfo.snd_ppid = htonl(outgoing.ppid);
    how.sendv_sndinfo.snd_flags = static_cast<uint16_t>((size == left ? SCTP_EOR : 0) |
                                                        (outgoing.unordered ? SCTP_UNORDERED : 0));
    ssize_t taken = usrsctp_sendv(socket_, &outgoing.message[outgoing.sent], size, nullptr, 0, &how,
                                  sizeof(how), SCTP_SENDV_SPA, 0);
    if (taken == 0 || (taken < 0 && (errno == EWOULDBLOCK || errno == EINTR))) return false;
    if (taken < 0) return true;  // the stream or the association is gone: so is the message
    outgoing.sent += static_cast<size_t>(taken);
  }
  return true;
}

// True when there is nothing left to do for the stream.
bool Sctp::try_reset(uint16_t stream) {
  for (const Outgoing &outgoing : queue_) {
    if (outgoing.stream == stream) return false;
  }
  Bytes space(sizeof(sctp_reset_streams) + sizeof(uint16_t));
  auto *request = reinterpret_cast<sctp_reset_streams *>(space.data());
  request->srs_flags = SCTP_STREAM_RESET_OUTGOING;
  request->srs_number_streams = 1;
  request->srs_stream_list[0] = stream;
  int result = usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, request,
                                  static_cast<socklen_t>(space.size()));
  return result == 0 || (errno != EALREADY && errno != EAGAIN && errno != EINPROGRESS);
}

}  // namespace oairt::sim
