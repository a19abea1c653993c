#include "lite_peer.h"

#include <gst/check/gstcheck.h>

namespace oairt::test {
namespace {

const uint16_t kKnown[] = {STUN_ATTRIBUTE_MAPPED_ADDRESS,
                           STUN_ATTRIBUTE_USERNAME,
                           STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
                           STUN_ATTRIBUTE_ERROR_CODE,
                           STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
                           STUN_ATTRIBUTE_PRIORITY,
                           STUN_ATTRIBUTE_USE_CANDIDATE,
                           STUN_ATTRIBUTE_FINGERPRINT,
                           STUN_ATTRIBUTE_ICE_CONTROLLED,
                           STUN_ATTRIBUTE_ICE_CONTROLLING,
                           0};

Ref<GSocket> bound_socket(const std::string &address, GSocketType type) {
  auto target =
      Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), 0));
  auto socket = Ref<GSocket>::adopt(g_socket_new(g_socket_address_get_family(target.get()), type,
                                                 G_SOCKET_PROTOCOL_DEFAULT, nullptr));
  g_socket_set_blocking(socket.get(), FALSE);
  fail_unless(g_socket_bind(socket.get(), target.get(), TRUE, nullptr));
  return socket;
}

std::string name_of(GSocketAddress *address, const char *protocol) {
  auto *inet = G_INET_SOCKET_ADDRESS(address);
  GString_ text(g_inet_address_to_string(g_inet_socket_address_get_address(inet)));
  return std::string(protocol) + " " + text.get() + ":" +
         std::to_string(g_inet_socket_address_get_port(inet));
}

uint16_t port_of(GSocket *socket) {
  auto local = Ref<GSocketAddress>::adopt(g_socket_get_local_address(socket, nullptr));
  return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local.get()));
}

}  // namespace

LitePeer::LitePeer(std::string address) : address_(std::move(address)) {
  udp_ = bound_socket(address_, G_SOCKET_TYPE_DATAGRAM);
  listener_ = bound_socket(address_, G_SOCKET_TYPE_STREAM);
  g_socket_listen(listener_.get(), nullptr);
  udp_port_ = port_of(udp_.get());
  tcp_port_ = port_of(listener_.get());
  stun_agent_init(&stun_, kKnown, STUN_COMPATIBILITY_RFC5389,
                  static_cast<StunAgentUsageFlags>(STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                                                   STUN_AGENT_USAGE_USE_FINGERPRINT));
  loop_ = std::make_unique<EventLoop>("lite-peer");
  loop_->post([this] {
    watch(udp_.get(), [this] { return read_udp(); });
    watch(listener_.get(), [this] { return accept_tcp(); });
  });
}

LitePeer::~LitePeer() {
  loop_->post([this] {
    for (GSource *source : sources_) {
      g_source_destroy(source);
      g_source_unref(source);
    }
  });
  loop_->stop();
}

std::string LitePeer::candidate(const char *protocol, uint16_t port, const char *priority,
                                const char *tail) const {
  return std::string("a=candidate:1 1 ") + protocol + " " + priority + " " + address_ + " " +
         std::to_string(port) + " typ host" + tail;
}

void LitePeer::watch(GSocket *socket, std::function<bool()> ready) {
  using Ready = std::function<bool()>;
  GSource *source = g_socket_create_source(socket, G_IO_IN, nullptr);
  auto call = +[](GSocket *, GIOCondition, gpointer data) -> gboolean {
    return (*static_cast<Ready *>(data))();
  };
  g_source_set_callback(source, G_SOURCE_FUNC(call), new Ready(std::move(ready)),
                        [](gpointer data) { delete static_cast<Ready *>(data); });
  g_source_attach(source, loop_->context());
  sources_.push_back(source);
}

bool LitePeer::read_udp() {
  Bytes bytes(2048);
  GSocketAddress *from = nullptr;
  gssize size = g_socket_receive_from(udp_.get(), &from, reinterpret_cast<gchar *>(bytes.data()),
                                      bytes.size(), nullptr, nullptr);
  auto address = Ref<GSocketAddress>::adopt(from);
  if (size <= 0) return true;
  bytes.resize(static_cast<std::size_t>(size));
  if (!deaf_on_udp) handle({udp_, address, name_of(address.get(), "udp")}, std::move(bytes));
  return true;
}

bool LitePeer::accept_tcp() {
  auto socket = Ref<GSocket>::adopt(g_socket_accept(listener_.get(), nullptr, nullptr));
  if (!socket) return true;
  g_socket_set_blocking(socket.get(), FALSE);
  auto remote = Ref<GSocketAddress>::adopt(g_socket_get_remote_address(socket.get(), nullptr));
  streams_.push_back(std::make_unique<Stream>(Stream{socket, name_of(remote.get(), "tcp"), {}}));
  watch(socket.get(), [this, stream = streams_.back().get()] { return read_tcp(*stream); });
  return true;
}

// RFC 4571: each packet is preceded by its length.
bool LitePeer::read_tcp(Stream &stream) {
  Bytes bytes(65536);
  gssize size = g_socket_receive(stream.socket.get(), reinterpret_cast<gchar *>(bytes.data()),
                                 bytes.size(), nullptr, nullptr);
  if (size <= 0) return false;
  stream.pending.insert(stream.pending.end(), bytes.begin(), bytes.begin() + size);
  while (stream.pending.size() >= 2) {
    std::size_t length = static_cast<std::size_t>(stream.pending[0] << 8 | stream.pending[1]);
    if (stream.pending.size() < 2 + length) break;
    Bytes packet(stream.pending.begin() + 2,
                 stream.pending.begin() + 2 + static_cast<std::ptrdiff_t>(length));
    stream.pending.erase(stream.pending.begin(),
                         stream.pending.begin() + 2 + static_cast<std::ptrdiff_t>(length));
    handle({stream.socket, {}, stream.name}, std::move(packet));
  }
  return true;
}

void LitePeer::transmit(const Remote &to, const Bytes &bytes) {
  if (!to.socket) return;
  if (to.address) {
    g_socket_send_to(to.socket.get(), to.address.get(),
                     reinterpret_cast<const gchar *>(bytes.data()), bytes.size(), nullptr, nullptr);
    return;
  }
  Bytes framed{static_cast<uint8_t>(bytes.size() >> 8), static_cast<uint8_t>(bytes.size())};
  framed.insert(framed.end(), bytes.begin(), bytes.end());
  g_socket_send(to.socket.get(), reinterpret_cast<const gchar *>(framed.data()), framed.size(),
                nullptr, nullptr);
}

void LitePeer::handle(const Remote &from, Bytes bytes) {
  if (deaf) {
    ++dropped;
    return;
  }
  if (bytes[0] <= 3) {
    Bytes early;
    {
      std::lock_guard lock(mutex_);
      early.swap(early_);
    }
    if (!early.empty()) transmit(from, early);
    answer_check(from, bytes);
    return;
  }
  ++packets;
  if (on_packet) on_packet(bytes);
  if (!echo) return;
  std::lock_guard lock(mutex_);
  transmit(nominated_, bytes);
}

bool LitePeer::validate(StunAgent *, StunMessage *, uint8_t *username, uint16_t length,
                        uint8_t **password, size_t *password_length, void *data) {
  auto *self = static_cast<LitePeer *>(data);
  std::string name(reinterpret_cast<char *>(username), length);
  if (name.rfind(self->ufrag + ":", 0) != 0) return false;
  *password = reinterpret_cast<uint8_t *>(const_cast<char *>(self->pwd.data()));
  *password_length = self->pwd.size();
  return true;
}

bool LitePeer::answer_check(const Remote &from, const Bytes &bytes) {
  StunMessage request, reply;
  if (stun_agent_validate(&stun_, &request, bytes.data(), bytes.size(), &LitePeer::validate,
                          this) != STUN_VALIDATION_SUCCESS) {
    return false;
  }
  if (stun_message_get_class(&request) != STUN_REQUEST) return false;
  ++checks;
  auto source =
      from.address
          ? from.address
          : Ref<GSocketAddress>::adopt(g_socket_get_remote_address(from.socket.get(), nullptr));
  sockaddr_storage address{};
  g_socket_address_to_native(source.get(), &address, sizeof(address), nullptr);
  uint8_t buffer[1024];
  size_t size = sizeof(buffer);
  if (forgery == Forgery::Password) {
    request.key = reinterpret_cast<uint8_t *>(const_cast<char *>("another password"));
    request.key_len = 16;
  } else if (forgery == Forgery::Transaction) {
    request.buffer[19] ^= 1;
  }
  bool controlling = false;
  if (stun_usage_ice_conncheck_create_reply(
          &stun_, &request, &reply, buffer, &size, &address,
          static_cast<socklen_t>(g_socket_address_get_native_size(source.get())), &controlling, 1,
          STUN_USAGE_ICE_COMPATIBILITY_RFC5245) != STUN_USAGE_ICE_RETURN_SUCCESS) {
    return false;
  }
  transmit(from, Bytes(buffer, buffer + size));
  std::lock_guard lock(mutex_);
  seen_.insert(from.name);
  if (stun_usage_ice_conncheck_use_candidate(&request)) {
    ++nominations;
    if (follow || !nominated_.socket) nominated_ = from;
  }
  return true;
}

void LitePeer::send(Bytes bytes) {
  loop_->post([this, bytes = std::move(bytes)] {
    std::lock_guard lock(mutex_);
    transmit(nominated_, bytes);
  });
}

void LitePeer::send_before_answering(Bytes bytes) {
  std::lock_guard lock(mutex_);
  early_ = std::move(bytes);
}

std::string LitePeer::remote() const {
  std::lock_guard lock(mutex_);
  return nominated_.name;
}

std::set<std::string> LitePeer::sources() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace oairt::test
