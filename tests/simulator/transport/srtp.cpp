#include "transport/srtp.h"

#include <srtp2/srtp.h>

namespace oairt::sim {
namespace {

constexpr size_t kMaxInboundSsrcs = 16;
constexpr unsigned long kReplayWindow = 1024;

srtp_t make_session(const SrtpKeys &keys, const Bytes &key, srtp_ssrc_type_t direction) {
  srtp_policy_t policy = {};
  if (keys.profile == "SRTP_AEAD_AES_128_GCM") {
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
  } else {
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
  }
  policy.ssrc.type = direction;
  policy.key = const_cast<unsigned char *>(key.data());
  policy.window_size = kReplayWindow;
  srtp_t session = nullptr;
  return srtp_create(&session, &policy) == srtp_err_status_ok ? session : nullptr;
}

template <typename Function>
bool protect(Function function, srtp_t session, Bytes &packet) {
  int size = static_cast<int>(packet.size());
  packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);
  bool done = function(session, packet.data(), &size) == srtp_err_status_ok;
  packet.resize(done ? static_cast<size_t>(size) : 0);
  return done;
}

template <typename Function>
bool unprotect(Function function, srtp_t session, Bytes &packet) {
  int size = static_cast<int>(packet.size());
  bool done = function(session, packet.data(), &size) == srtp_err_status_ok;
  packet.resize(done ? static_cast<size_t>(size) : 0);
  return done;
}

}  // namespace

std::unique_ptr<Srtp> Srtp::create(const SrtpKeys &keys) {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  if (!ready || keys.local.empty()) return nullptr;
  std::unique_ptr<Srtp> srtp(new Srtp);
  srtp->outbound_ = make_session(keys, keys.local, ssrc_any_outbound);
  srtp->inbound_ = make_session(keys, keys.remote, ssrc_any_inbound);
  if (srtp->outbound_ == nullptr || srtp->inbound_ == nullptr) return nullptr;
  return srtp;
}

Srtp::~Srtp() {
  if (outbound_ != nullptr) srtp_dealloc(outbound_);
  if (inbound_ != nullptr) srtp_dealloc(inbound_);
}

bool Srtp::protect_rtp(Bytes &packet) { return protect(srtp_protect, outbound_, packet); }

bool Srtp::protect_rtcp(Bytes &packet) { return protect(srtp_protect_rtcp, outbound_, packet); }

bool Srtp::unprotect_rtp(Bytes &packet) {
  if (packet.size() < 12) return false;
  uint32_t ssrc = read_u32(&packet[8]);
  return admit(ssrc) && unprotect(srtp_unprotect, inbound_, packet) &&
         (inbound_ssrcs_.insert(ssrc), true);
}

bool Srtp::unprotect_rtcp(Bytes &packet) {
  if (packet.size() < 8) return false;
  uint32_t ssrc = read_u32(&packet[4]);
  return admit(ssrc) && unprotect(srtp_unprotect_rtcp, inbound_, packet) &&
         (inbound_ssrcs_.insert(ssrc), true);
}

bool Srtp::admit(uint32_t ssrc) {
  return inbound_ssrcs_.size() < kMaxInboundSsrcs || inbound_ssrcs_.contains(ssrc);
}

}  // namespace oairt::sim
