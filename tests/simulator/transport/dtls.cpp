#include "transport/dtls.h"

#include <algorithm>
#include <cstring>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "transport/certificate.h"

namespace oairt::sim {
namespace {

constexpr size_t kMtuBytes = 1200;  // Pion's
constexpr long kUdpOverheadBytes = 28;
constexpr size_t kRecordHeaderBytes = 13;
constexpr uint8_t kHandshakeRecord = 22;
constexpr gint64 kResendPauseUs = 50 * 1000;
// OpenSSL gives up after twelve timeouts without progress, so they come ever less often. In
// between, the last flight goes out as it was: that mends loss, but only a newly encrypted Finished
// makes an OpenSSL server repeat its own last flight.
constexpr int kEvenTimeouts = 6;
constexpr int kLastTimeout = 11;
constexpr unsigned kPutOffUs = 3600u * 1000 * 1000;

std::string openssl_reason() {
  const char *reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? std::string("dtls failed: ") + reason : "dtls failed";
}

// The message numbers of the unencrypted handshake records in a datagram.
std::vector<int> handshake_messages(BytesView datagram) {
  std::vector<int> numbers;
  while (datagram.size() >= kRecordHeaderBytes) {
    size_t size = read_u16(&datagram[11]);
    if (size > datagram.size() - kRecordHeaderBytes) break;
    bool plain = read_u16(&datagram[3]) == 0;
    if (datagram[0] == kHandshakeRecord && plain && size >= 12) {
      numbers.push_back(read_u16(&datagram[kRecordHeaderBytes + 4]));
    }
    datagram = datagram.subspan(kRecordHeaderBytes + size);
  }
  return numbers;
}

// What a protected record has at least: the cipher's nonce and tag.
size_t overhead_bytes(const SSL *ssl) {
  const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr || !SSL_CIPHER_is_aead(cipher)) return 0;
  return SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305 ? 16 : 24;
}

// OpenSSL from 3.2 on fails the whole connection at a protected record that is shorter than its
// overhead, where DTLS asks to drop it (RFC 6347, 4.1.2.7).
bool has_stunted_record(BytesView datagram, size_t least_bytes) {
  while (datagram.size() >= kRecordHeaderBytes) {
    size_t size = read_u16(&datagram[11]);
    if (size > datagram.size() - kRecordHeaderBytes) return false;
    bool is_protected = read_u16(&datagram[3]) != 0;
    if (is_protected && size < least_bytes) return true;
    datagram = datagram.subspan(kRecordHeaderBytes + size);
  }
  return false;
}

}  // namespace

// A BIO that hands over one datagram a read and takes one a write.
struct DtlsBio {
  static int write(BIO *bio, const char *data, int size) {
    BIO_clear_retry_flags(bio);
    owner(bio)->on_output({reinterpret_cast<const uint8_t *>(data), static_cast<size_t>(size)});
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
  static long control(BIO *, int command, long, void *) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return kMtuBytes;
      case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
        return kUdpOverheadBytes;
      default:
        return 0;
    }
  }
  static Dtls *owner(BIO *bio) { return static_cast<Dtls *>(BIO_get_data(bio)); }
  static BIO *make(Dtls *owner) {
    static BIO_METHOD *method = [] {
      BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
      BIO_meth_set_write(made, &DtlsBio::write);
      BIO_meth_set_read(made, &DtlsBio::read);
      BIO_meth_set_ctrl(made, &DtlsBio::control);
      return made;
    }();
    BIO *bio = BIO_new(method);
    BIO_set_data(bio, owner);
    BIO_set_init(bio, 1);
    return bio;
  }
  static SSL_CTX *context() {
    static SSL_CTX *shared = [] {
      SSL_CTX *made = SSL_CTX_new(DTLS_client_method());
      SSL_CTX_set_min_proto_version(made, DTLS1_2_VERSION);
      SSL_CTX_set_max_proto_version(made, DTLS1_2_VERSION);
      SSL_CTX_set_options(made, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
      SSL_CTX_set_cipher_list(made, "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL");
      SSL_CTX_set_tlsext_use_srtp(made, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
      SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
      SSL_CTX_use_certificate(made, Certificate::own().x509());
      SSL_CTX_use_PrivateKey(made, Certificate::own().key());
      SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
      SSL_CTX_set_cert_verify_callback(made, &Dtls::verify_peer, nullptr);
      return made;
    }();
    return shared;
  }
  static unsigned timeout_us(SSL *ssl, unsigned previous_us) {
    return static_cast<Dtls *>(SSL_get_app_data(ssl))->next_timeout_us(previous_us);
  }
};

Dtls::Dtls(GMainContext *context, std::string remote_fingerprint, unsigned retransmit_ms,
           bool repeat_at_once, Hooks hooks)
    : context_(context),
      remote_fingerprint_(std::move(remote_fingerprint)),
      retransmit_ms_(std::clamp(retransmit_ms, 10u, 60000u)),
      repeat_at_once_(repeat_at_once),
      hooks_(std::move(hooks)),
      ssl_(SSL_new(DtlsBio::context())) {
  BIO *bio = DtlsBio::make(this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  SSL_set_mtu(ssl_, kMtuBytes);
  DTLS_set_timer_cb(ssl_, &DtlsBio::timeout_us);
  SSL_set_connect_state(ssl_);
}

Dtls::~Dtls() {
  state_ = State::Closed;
  SSL_free(ssl_);
}

int Dtls::verify_peer(X509_STORE_CTX *store, void *) {
  auto *ssl =
      static_cast<SSL *>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto *self = static_cast<Dtls *>(SSL_get_app_data(ssl));
  if (fingerprint_matches(X509_STORE_CTX_get0_cert(store), self->remote_fingerprint_)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

void Dtls::start() {
  if (state_ != State::New) return;
  state_ = State::Handshaking;
  advance();
}

void Dtls::receive(BytesView datagram) {
  if (has_stunted_record(datagram, overhead_bytes(ssl_))) return;
  if (state_ == State::Handshaking) {
    if (repeat_at_once_ && is_old_flight(datagram)) resend_flight();
    note_messages(datagram);
    flight_complete_ = true;
  }
  incoming_ = datagram;
  if (state_ == State::Handshaking) {
    advance();
  } else if (state_ == State::Connected) {
    read_data();
  }
  incoming_ = {};
}

void Dtls::advance() {
  ERR_clear_error();
  int result = SSL_do_handshake(ssl_);
  flush();
  if (result == 1) {
    state_ = State::Connected;
    timer_.reset();
    flight_.clear();
    hooks_.on_connected();
    read_data();
    return;
  }
  int error = SSL_get_error(ssl_, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    fail(error == SSL_ERROR_ZERO_RETURN ? "peer left" : openssl_reason());
    return;
  }
  arm_timer();
}

void Dtls::read_data() {
  uint8_t buffer[16384];
  while (state_ == State::Connected) {
    ERR_clear_error();
    int size = SSL_read(ssl_, buffer, sizeof(buffer));
    if (size > 0) {
      hooks_.on_data(BytesView(buffer, static_cast<size_t>(size)));
      continue;
    }
    int error = SSL_get_error(ssl_, size);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
    fail(error == SSL_ERROR_ZERO_RETURN ? "peer left" : openssl_reason());
  }
}

void Dtls::send(BytesView data) {
  if (state_ != State::Connected || data.empty()) return;
  ERR_clear_error();
  SSL_write(ssl_, data.data(), static_cast<int>(data.size()));
}

void Dtls::close(bool notify) {
  if (notify && state_ == State::Connected) SSL_shutdown(ssl_);
  state_ = State::Closed;
  timer_.reset();
}

void Dtls::fail(const std::string &reason) {
  state_ = State::Closed;
  timer_.reset();
  hooks_.on_closed(reason);
}

SrtpKeys Dtls::srtp_keys() const {
  const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(ssl_);
  if (profile == nullptr) return {};
  size_t key_bytes = 16, salt_bytes = profile->id == SRTP_AEAD_AES_128_GCM ? 12 : 14;
  Bytes material(2 * (key_bytes + salt_bytes));
  static const char label[] = "EXTRACTOR-dtls_srtp";
  if (SSL_export_keying_material(ssl_, material.data(), material.size(), label, sizeof(label) - 1,
                                 nullptr, 0, 0) != 1) {
    return {};
  }
  // Client key, server key, client salt, server salt; we are the client.
  SrtpKeys keys;
  keys.profile = profile->name;
  BytesView all(material);
  append(keys.local, all.first(key_bytes));
  append(keys.local, all.subspan(2 * key_bytes, salt_bytes));
  append(keys.remote, all.subspan(key_bytes, key_bytes));
  append(keys.remote, all.subspan(2 * key_bytes + salt_bytes, salt_bytes));
  return keys;
}

// Zero begins a new timer; else the one of that length has expired.
unsigned Dtls::next_timeout_us(unsigned previous_us) {
  timeouts_ = previous_us == 0 ? 0 : timeouts_ + 1;
  unsigned interval_us = retransmit_ms_ * 1000;
  if (timeouts_ < kEvenTimeouts) return interval_us;
  if (timeouts_ >= kLastTimeout) return kPutOffUs;
  return std::min(interval_us << (timeouts_ - kEvenTimeouts + 1), kPutOffUs);
}

void Dtls::arm_timer() {
  timeval left = {};
  unsigned wait_ms = retransmit_ms_;
  if (DTLSv1_get_timeout(ssl_, &left)) {
    gint64 left_ms = gint64{left.tv_sec} * 1000 + left.tv_usec / 1000 + 1;
    wait_ms = static_cast<unsigned>(std::min<gint64>(wait_ms, left_ms));
  }
  timer_ = Source::timer(context_, wait_ms, [this, weak = hooks_.owner] {
    auto alive = weak.lock();
    return alive && on_timer();
  });
}

bool Dtls::on_timer() {
  if (state_ != State::Handshaking) return false;
  flight_complete_ = true;
  ERR_clear_error();
  int result = DTLSv1_handle_timeout(ssl_);
  flush();
  if (result < 0) {
    fail(openssl_reason());
    return false;
  }
  if (result == 0) resend_flight();
  arm_timer();
  return false;
}

void Dtls::resend_flight() {
  gint64 now_us = g_get_monotonic_time();
  if (now_us - resent_at_us_ < kResendPauseUs) return;
  resent_at_us_ = now_us;
  for (const Bytes &datagram : flight_) hooks_.send(datagram);
}

// The records of a flight share datagrams, as Pion's do: one is lost or comes late as a whole.
void Dtls::on_output(BytesView datagram) {
  if (state_ == State::Closed) return;
  if (state_ != State::Handshaking) return hooks_.send(datagram);
  if (flight_complete_) {
    flight_.clear();
    sent_ = 0;
    flight_complete_ = false;
    answered_message_ = newest_message_;
  }
  bool full = flight_.size() > sent_ && flight_.back().size() + datagram.size() >= kMtuBytes;
  if (full || flight_.size() == sent_) flight_.emplace_back();
  append(flight_.back(), datagram);
}

void Dtls::flush() {
  if (sent_ == flight_.size()) return;
  resent_at_us_ = g_get_monotonic_time();
  while (sent_ < flight_.size()) hooks_.send(flight_[sent_++]);
}

// A peer that repeats what we have answered did not get the answer.
bool Dtls::is_old_flight(BytesView datagram) const {
  std::vector<int> numbers = handshake_messages(datagram);
  return !numbers.empty() && numbers.front() <= answered_message_;
}

void Dtls::note_messages(BytesView datagram) {
  for (int number : handshake_messages(datagram)) {
    newest_message_ = std::max(newest_message_, number);
  }
}

}  // namespace oairt::sim
