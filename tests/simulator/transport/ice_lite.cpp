#include "transport/ice_lite.h"

#include <utility>

#include <openssl/rand.h>

namespace oairt::sim {
namespace {

std::string random_ice_text(size_t size) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text(size, '\0');
  RAND_bytes(reinterpret_cast<unsigned char *>(text.data()), static_cast<int>(size));
  for (char &c : text) c = alphabet[static_cast<unsigned char>(c) % 64];
  return text;
}

Bytes refuse(const stun::Message &check, int code, const char *reason) {
  return stun::Builder(stun::Kind::Error, check.transaction).add_error(code, reason).finish();
}

Bytes refuse_unknown(const stun::Message &check, const std::string &pwd) {
  Bytes types;
  for (uint16_t type : check.unknown_required) append_u16(types, type);
  return stun::Builder(stun::Kind::Error, check.transaction)
      .add_error(420, "Unknown Attribute")
      .add(stun::kUnknownAttributes, types)
      .add_integrity(pwd)
      .finish();
}

}  // namespace

IceCredentials IceCredentials::random() { return {random_ice_text(16), random_ice_text(32)}; }

IceLite::IceLite(std::string remote_ufrag, std::string remote_pwd)
    : remote_ufrag_(std::move(remote_ufrag)), remote_pwd_(std::move(remote_pwd)) {}

IceLite::Verdict IceLite::answer_check(BytesView packet, const stun::Message &check,
                                       const SocketAddress &from) {
  Verdict verdict;
  if (!check.username || check.integrity_at == 0) {
    verdict.reply = refuse(check, 400, "Bad Request");
    return verdict;
  }
  if (*check.username != local_.ufrag + ":" + remote_ufrag_ ||
      !stun::verify_integrity(packet, check, local_.pwd)) {
    verdict.reply = refuse(check, 401, "Unauthorized");
    return verdict;
  }
  if (!check.unknown_required.empty()) {
    verdict.reply = refuse_unknown(check, local_.pwd);
    return verdict;
  }
  if (check.ice_controlled) {
    // A lite agent cannot take the controlling role over, so the other side has to.
    verdict.reply = stun::Builder(stun::Kind::Error, check.transaction)
                        .add_error(487, "Role Conflict")
                        .add_integrity(local_.pwd)
                        .finish();
    return verdict;
  }
  verdict.valid = true;
  verdict.nominated = check.use_candidate;
  verdict.reply = stun::Builder(stun::Kind::Success, check.transaction)
                      .add_xor_mapped_address(from)
                      .add_integrity(local_.pwd)
                      .finish();
  return verdict;
}

void IceLite::restart(std::string remote_ufrag, std::string remote_pwd) {
  local_ = IceCredentials::random();
  remote_ufrag_ = std::move(remote_ufrag);
  remote_pwd_ = std::move(remote_pwd);
}

std::string IceLite::receiver_of(const std::string &username) {
  return username.substr(0, username.find(':'));
}

}  // namespace oairt::sim
