#include "mini_client.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sample_offer.h"
#include "transport/certificate.h"
#include "transport/rtp.h"

namespace oairt::sim::test {
namespace {

std::string value_of(const std::string &text, const std::string &name) {
  size_t at = text.find(name);
  if (at == std::string::npos) return {};
  at += name.size();
  return text.substr(at, text.find_first_of("\r\n ", at) - at);
}

uint16_t port_of(const std::string &answer, const std::string &protocol) {
  size_t at = answer.find(" 1 " + protocol + " ");
  size_t ip = answer.find("127.0.0.1 ", at);
  return ip == std::string::npos ? 0 : static_cast<uint16_t>(std::stoi(answer.substr(ip + 10)));
}

}  // namespace

struct ClientBio {
  static MiniClient *owner(BIO *bio) { return static_cast<MiniClient *>(BIO_get_data(bio)); }
  static int write(BIO *bio, const char *data, int size) {
    owner(bio)->send_raw({reinterpret_cast<const uint8_t *>(data), static_cast<size_t>(size)});
    return size;
  }
  static int read(BIO *bio, char *data, int size) {
    BIO_clear_retry_flags(bio);
    BytesView &incoming = owner(bio)->incoming_;
    if (incoming.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    size_t taken = std::min(incoming.size(), static_cast<size_t>(size));
    std::memcpy(data, incoming.data(), taken);
    incoming = {};
    return static_cast<int>(taken);
  }
  static long control(BIO *, int command, long, void *) { return command == BIO_CTRL_FLUSH; }
  static BIO *make(MiniClient *owner) {
    static BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client");
    BIO_meth_set_write(method, &ClientBio::write);
    BIO_meth_set_read(method, &ClientBio::read);
    BIO_meth_set_ctrl(method, &ClientBio::control);
    BIO *bio = BIO_new(method);
    BIO_set_data(bio, owner);
    BIO_set_init(bio, 1);
    return bio;
  }
  static unsigned timeout_us(SSL *ssl, unsigned) {
    return static_cast<MiniClient *>(SSL_get_app_data(ssl))->dtls_timeout_ms * 1000;
  }
  static int believe(X509_STORE_CTX *, void *) { return 1; }
};

MiniClient::~MiniClient() {
  sctp_.reset();
  readable_.reset();
  dtls_timer_.reset();
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) ::close(fd_);
}

std::string MiniClient::offer() const {
  std::string text = sample_offer() + extra_data_lines;
  text = replaced(text, "a=sctp-port:5001", "a=sctp-port:5000");
  text = replaced_all(text, kFingerprint, Certificate::own().fingerprint());
  text = replaced_all(text, "ice-ufrag:user", "ice-ufrag:" + ufrag);
  return replaced_all(text, "ice-pwd:passwordpasswordpassword", "ice-pwd:" + pwd);
}

void MiniClient::accept(const std::string &answer) {
  server_ufrag = value_of(answer, "a=ice-ufrag:");
  server_pwd = value_of(answer, "a=ice-pwd:");
  udp_port = port_of(answer, "udp");
  tcp_port = port_of(answer, "tcp");
  open_socket();
}

void MiniClient::open_socket() {
  readable_.reset();
  if (fd_ >= 0) ::close(fd_);
  fd_ = socket(AF_INET, (tcp_ ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
  sockaddr_in server = {};
  server.sin_family = AF_INET;
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server.sin_port = htons(tcp_ ? tcp_port : udp_port);
  if (connect(fd_, reinterpret_cast<sockaddr *>(&server), sizeof(server)) != 0) return;
  readable_ = Source::watch(nullptr, fd_, G_IO_IN, [this] { return on_readable(); });
}

bool MiniClient::on_readable() {
  uint8_t buffer[65536];
  ssize_t size = recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
  if (size <= 0) return !tcp_;
  BytesView bytes(buffer, static_cast<size_t>(size));
  if (!tcp_) {
    on_packet(bytes);
    return true;
  }
  append(tcp_input_, bytes);
  while (tcp_input_.size() >= 2 && tcp_input_.size() >= 2u + read_u16(&tcp_input_[0])) {
    size_t frame = 2u + read_u16(&tcp_input_[0]);
    Bytes packet(tcp_input_.begin() + 2, tcp_input_.begin() + static_cast<ptrdiff_t>(frame));
    tcp_input_.erase(tcp_input_.begin(), tcp_input_.begin() + static_cast<ptrdiff_t>(frame));
    on_packet(packet);
  }
  return true;
}

void MiniClient::send_raw(BytesView packet) {
  if (is_lost && is_lost(true, packet)) return;
  Bytes frame;
  if (tcp_) append_u16(frame, static_cast<uint16_t>(packet.size()));
  append(frame, packet);
  if (!tcp_) {
    (void)!::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
    return;
  }
  // In two pieces, as a network may deliver it.
  size_t half = frame.size() / 2;
  (void)!::send(fd_, frame.data(), half, MSG_NOSIGNAL);
  (void)!::send(fd_, frame.data() + half, frame.size() - half, MSG_NOSIGNAL);
}

void MiniClient::send_check(bool nominate) {
  send_check_with(server_ufrag + ":" + ufrag, server_pwd, nominate);
}

void MiniClient::send_check_with(const std::string &username, const std::string &password,
                                 bool nominate) {
  static uint32_t counter = 0;
  stun::TransactionId transaction = {};
  write_u32(transaction.data(), ++counter);
  stun::Builder builder(stun::Kind::Request, transaction);
  Bytes priority(4, 0x6e), tie_breaker(8, 1);
  builder.add(stun::kUsername, view_of(username)).add(stun::kPriority, priority);
  builder.add(stun::kIceControlling, tie_breaker);
  if (nominate) builder.add(stun::kUseCandidate, {});
  if (!password.empty()) builder.add_integrity(password);
  send_raw(builder.finish());
}

void MiniClient::on_packet(BytesView packet) {
  if (is_lost && is_lost(false, packet)) return;
  ++packets;
  if (stun::looks_like_stun(packet)) return on_stun(packet);
  if (packet[0] >= 20 && packet[0] <= 63) return on_dtls(packet);
  Bytes copy(packet.begin(), packet.end());
  if (!srtp_) return;
  if (is_rtcp(packet)) {
    rtcp_packets += srtp_->unprotect_rtcp(copy);
  } else if (srtp_->unprotect_rtp(copy)) {
    ++rtp_packets;
    auto parsed = parse_rtp(copy);
    if (parsed) last_payload.assign(parsed->payload.begin(), parsed->payload.end());
  }
}

void MiniClient::on_stun(BytesView packet) {
  auto message = stun::parse(packet);
  if (!message) return;
  if (message->kind == stun::Kind::Success &&
      stun::verify_integrity(packet, *message, server_pwd)) {
    ++checks_answered;
  } else if (message->kind == stun::Kind::Error) {
    size_t at = stun::kHeaderBytes;  // the error code comes first
    check_errors.push_back(packet[at + 6] * 100 + packet[at + 7]);
  }
}

void MiniClient::start_dtls() {
  context_ = SSL_CTX_new(DTLS_server_method());
  SSL_CTX_use_certificate(context_, Certificate::own().x509());
  SSL_CTX_use_PrivateKey(context_, Certificate::own().key());
  SSL_CTX_set_tlsext_use_srtp(context_, "SRTP_AES128_CM_SHA1_80");
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context_, &ClientBio::believe, nullptr);
  SSL_CTX_set_options(context_, SSL_OP_NO_QUERY_MTU);
  ssl_ = SSL_new(context_);
  BIO *bio = ClientBio::make(this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  SSL_set_mtu(ssl_, 1200);
  DTLS_set_timer_cb(ssl_, &ClientBio::timeout_us);
  SSL_set_accept_state(ssl_);
  dtls_timer_ = Source::timer(nullptr, 10, [this] {
    if (!dtls_up) DTLSv1_handle_timeout(ssl_);
    return !dtls_up;
  });
}

void MiniClient::on_dtls(BytesView packet) {
  if (ssl_ == nullptr) start_dtls();
  incoming_ = packet;
  if (!dtls_up && SSL_do_handshake(ssl_) == 1) on_dtls_up();
  uint8_t buffer[16384];
  while (dtls_up && !dtls_closed) {
    int size = SSL_read(ssl_, buffer, sizeof(buffer));
    if (size <= 0) {
      dtls_closed = SSL_get_error(ssl_, size) != SSL_ERROR_WANT_READ;
      break;
    }
    if (sctp_) sctp_->receive({buffer, static_cast<size_t>(size)});
  }
  incoming_ = {};
}

void MiniClient::on_dtls_up() {
  dtls_up = true;
  SrtpKeys keys;
  keys.profile = "SRTP_AES128_CM_SHA1_80";
  Bytes all(60);
  SSL_export_keying_material(ssl_, all.data(), all.size(), "EXTRACTOR-dtls_srtp", 19, nullptr, 0,
                             0);
  BytesView view(all);
  append(keys.local, view.subspan(16, 16));  // we are the server
  append(keys.local, view.subspan(46, 14));
  append(keys.remote, view.subspan(0, 16));
  append(keys.remote, view.subspan(32, 14));
  srtp_ = Srtp::create(keys);
  Sctp::Hooks hooks;
  hooks.owner = alive_;
  hooks.send = [this](BytesView data) { send_dtls(data); };
  hooks.on_message = [this](uint16_t, uint32_t ppid, Bytes message) {
    if (ppid == 50) channel_acked = message == Bytes{2};
    if (ppid == 51) texts.push_back(to_text(message));
  };
  hooks.on_stream_reset = [this](uint16_t) { ++channel_resets; };
  hooks.on_oversized = [](uint16_t) {};
  hooks.on_lost = [this] { association_lost = true; };
  sctp_ = std::make_unique<Sctp>(SctpEngine::get(g_main_context_default()), 5000, hooks);
  sctp_->start();
}

void MiniClient::send_dtls(BytesView data) {
  SSL_write(ssl_, data.data(), static_cast<int>(data.size()));
}

void MiniClient::start_channel(const std::string &label) {
  Bytes open = {3, 0, 0, 0, 0, 0, 0, 0};
  append_u16(open, static_cast<uint16_t>(label.size()));
  append_u16(open, 0);
  append(open, view_of(label));
  sctp_->send(1, 50, open, false);
}

void MiniClient::send_text(const std::string &text) {
  BytesView bytes = view_of(text);
  sctp_->send(1, 51, Bytes(bytes.begin(), bytes.end()), false);
}

void MiniClient::reset_channel() { sctp_->reset_stream(1); }

void MiniClient::send_rtp(uint16_t sequence, BytesView payload, uint32_t ssrc) {
  RtpPacket packet;
  packet.payload_type = 111;
  packet.sequence = sequence;
  packet.timestamp = sequence * 960u;
  packet.ssrc = ssrc;
  packet.payload = payload;
  Bytes bytes = build_rtp(packet);
  if (srtp_ && srtp_->protect_rtp(bytes)) send_raw(bytes);
}

void MiniClient::leave() { SSL_shutdown(ssl_); }

}  // namespace oairt::sim::test
