#include "far_peer.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <glib-unix.h>
#include <glib.h>
#include <opus/opus.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "transport/transport.h"

namespace oairt::test {
namespace {

constexpr int kFrame = 960;

bool write_all(int fd, const void *data, size_t size) {
  auto *at = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t count = ::write(fd, at, size);
    if (count <= 0) return false;
    at += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

bool read_all(int fd, void *data, size_t size) {
  auto *at = static_cast<char *>(data);
  while (size > 0) {
    ssize_t count = ::read(fd, at, size);
    if (count <= 0) return false;
    at += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

// A letter, a length, a text.
bool write_text(int fd, char what, const std::string &text) {
  auto size = static_cast<uint32_t>(text.size());
  return write_all(fd, &what, 1) && write_all(fd, &size, sizeof(size)) &&
         write_all(fd, text.data(), text.size());
}

bool read_text(int fd, char &what, std::string &text) {
  uint32_t size = 0;
  if (!read_all(fd, &what, 1) || !read_all(fd, &size, sizeof(size))) return false;
  text.resize(size);
  return read_all(fd, text.data(), size);
}

// The number behind "name": in a message, or nothing.
std::optional<int> argument(const std::string &text, const std::string &name) {
  std::string key = "{\"" + name + "\":";
  if (!text.starts_with(key)) return std::nullopt;
  return std::atoi(text.c_str() + key.size());
}

class Server : public sim::PeerListener {
 public:
  explicit Server(int fd) : fd_(fd), loop_(g_main_loop_new(nullptr, FALSE)) {
    encoder_ = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, nullptr);
    auto opened = sim::Transport::open(nullptr, {});
    if (!opened.ok()) _exit(1);
    transport_ = std::move(opened).value();
  }
  void run() {
    g_unix_fd_add(fd_, G_IO_IN, on_request, this);
    g_timeout_add(
        2,
        [](gpointer self) -> gboolean {
          static_cast<Server *>(self)->speak();
          return TRUE;
        },
        this);
    g_main_loop_run(loop_);
  }

 private:
  static gboolean on_request(gint fd, GIOCondition, gpointer data) {
    auto *self = static_cast<Server *>(data);
    char what = 0;
    std::string text;
    if (!read_text(fd, what, text)) {
      g_main_loop_quit(self->loop_);
      return FALSE;
    }
    write_text(fd, what, what == 's' ? self->report() : self->call(what, text));
    return TRUE;
  }
  std::string call(char fault, const std::string &offer) {
    peer_.reset();
    messages_ = to_say_ = 0;
    ended_ = false;
    auto parsed = sim::parse_offer(offer);
    if (!parsed.ok()) return {};
    sim::PeerFaults faults;
    faults.wrong_fingerprint = fault == static_cast<char>(FarPeer::Fault::WrongCertificate);
    peer_ = transport_->create_peer(parsed.value(), *this, faults);
    return peer_->answer();
  }
  std::string report() {
    if (!peer_) return "0 0 0 0";
    auto stats = peer_->stats();
    return std::to_string(stats.rtp_received) + " " + std::to_string(stats.rtp_unhandled) + " " +
           std::to_string(messages_) + " " + std::to_string(ended_ ? 1 : 0);
  }
  void speak() {
    while (to_say_ > 0 && g_get_monotonic_time() >= next_) {
      next_ += 20000;
      to_say_--;
      int16_t samples[kFrame];
      for (int16_t &sample : samples) {
        sample = static_cast<int16_t>(8000 * std::sin(phase_ += 0.05));
      }
      std::vector<uint8_t> packet(1000);
      int size = opus_encode(encoder_, samples, kFrame, packet.data(), 1000);
      packet.resize(static_cast<size_t>(size));
      timestamp_ += kFrame;
      peer_->send_rtp(timestamp_, false, packet);
    }
  }

  void on_ice_connected() override {}
  void on_dtls_connected() override {}
  void on_channel_open(const std::string &) override {
    // Before the caller can have verified anything.
    peer_->send_message("{\"early\":1}");
    to_say_ = 5;
    next_ = g_get_monotonic_time();
  }
  void on_message(const std::string &, const std::string &text) override {
    messages_++;
    if (auto frames = argument(text, "say")) {
      to_say_ = *frames;
      next_ = g_get_monotonic_time();
    } else if (auto bytes = argument(text, "large")) {
      peer_->send_message("{\"v\":\"" + std::string(static_cast<size_t>(*bytes), 'x') + "\"}");
    } else if (argument(text, "hang_up")) {
      to_say_ = 0;
      peer_->close(sim::CloseMode::CloseNotify);
    } else if (argument(text, "close_channel")) {
      peer_->close_channel();
    } else {
      peer_->send_message(text);
    }
  }
  void on_channel_closed(const std::string &) override {}
  void on_rtp(uint16_t, uint32_t, uint32_t, const std::vector<uint8_t> &) override {}
  void on_path_changed(const std::string &, const std::string &) override {}
  void on_disconnected() override {}
  void on_closed(const std::string &) override {
    ended_ = true;
    to_say_ = 0;
  }

  int fd_;
  GMainLoop *loop_;
  OpusEncoder *encoder_;
  std::unique_ptr<sim::Transport> transport_;
  std::unique_ptr<sim::Peer> peer_;
  double phase_ = 0;
  uint32_t timestamp_ = 0xFFFFF000;
  gint64 next_ = 0;
  int to_say_ = 0;
  uint64_t messages_ = 0;
  bool ended_ = false;
};

}  // namespace

FarPeer::FarPeer() {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) std::abort();
  child_ = fork();
  if (child_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    close(sockets[0]);
    Server(sockets[1]).run();
    _exit(0);
  }
  close(sockets[1]);
  socket_ = sockets[0];
}

FarPeer::~FarPeer() {
  close(socket_);
  waitpid(child_, nullptr, 0);
}

std::string FarPeer::ask(char what, const std::string &text) {
  std::string reply;
  if (!write_text(socket_, what, text) || !read_text(socket_, what, reply)) std::abort();
  return reply;
}

std::string FarPeer::answer(const std::string &offer, Fault fault) {
  return ask(static_cast<char>(fault), offer);
}

FarPeer::Stats FarPeer::stats() {
  Stats stats;
  unsigned long rtp = 0, unhandled = 0, messages = 0;
  int ended = 0;
  std::sscanf(ask('s', "").c_str(), "%lu %lu %lu %d", &rtp, &unhandled, &messages, &ended);
  stats.rtp = rtp;
  stats.unhandled = unhandled;
  stats.messages = messages;
  stats.ended = ended != 0;
  return stats;
}

}  // namespace oairt::test
