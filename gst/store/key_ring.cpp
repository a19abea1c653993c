#include "store/key_ring.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <glib.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backend.h"
#include "store/files.h"
#include "store/store_uri.h"

namespace oairt {
namespace {

constexpr char kCredential[] = "openairealtime-store-key";
constexpr char kMakeOne[] = "make one with: (umask 077; openssl rand -hex 32 > FILE)";
constexpr std::size_t kMaxFile = 64 * 1024;
constexpr std::size_t kHexDigits = 2 * SealKey::kBytes;

// What libsodium needs before anything else of it is used; safe to repeat, from any thread.
void ready_sodium() { g_assert(sodium_init() >= 0); }

struct FreeSodium {
  void operator()(unsigned char *bytes) const { sodium_free(bytes); }
};
using LockedBytes = std::unique_ptr<unsigned char, FreeSodium>;

LockedBytes locked_bytes(std::size_t count) {
  ready_sodium();
  LockedBytes bytes(static_cast<unsigned char *>(sodium_malloc(count)));
  g_assert(bytes != nullptr);
  return bytes;
}

bool all_hex(std::string_view text) {
  for (char letter : text) {
    if (!g_ascii_isxdigit(letter)) return false;
  }
  return true;
}

// The key that a text begins with, and how long it is there; 0: none.
std::size_t next_key(std::string_view text, std::vector<SealKey> &keys) {
  auto ends_at = [&](std::size_t at) {
    std::string_view rest = text.substr(at);
    return rest.empty() || rest[0] == '\n' || rest.substr(0, 2) == "\r\n";
  };
  if (text.size() >= kHexDigits && all_hex(text.substr(0, kHexDigits)) && ends_at(kHexDigits)) {
    LockedBytes bytes = locked_bytes(SealKey::kBytes);
    sodium_hex2bin(bytes.get(), SealKey::kBytes, text.data(), kHexDigits, nullptr, nullptr,
                   nullptr);
    keys.emplace_back(bytes.get());
    return kHexDigits;
  }
  // 32 digits are half a key and not a raw one.
  if (text.size() >= SealKey::kBytes && ends_at(SealKey::kBytes) &&
      !all_hex(text.substr(0, SealKey::kBytes))) {
    keys.emplace_back(reinterpret_cast<const unsigned char *>(text.data()));
    return SealKey::kBytes;
  }
  return 0;
}

bool parse_keys(std::string_view text, std::vector<SealKey> &keys) {
  while (!text.empty()) {
    if (text[0] == '\n' || text[0] == '\r') {
      text.remove_prefix(1);
      continue;
    }
    std::size_t length = next_key(text, keys);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return !keys.empty();
}

std::string readable_by_others(const std::string &path) {
  return "The key file " + path +
         " can be read by other users of this machine: run chmod 600 on it, and better, replace "
         "the key. It is used nevertheless.";
}

Result<KeyRing> read_key_file(const std::string &path) {
  OwnedFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0) {
    int why = errno;
    if (why == ENOENT) {
      return config_error("The key file " + path + " does not exist: " + kMakeOne + ".");
    }
    return config_error("The key file " + path +
                            " cannot be read: check its permissions and the user who runs this.",
                        g_strerror(why));
  }
  KeyRing ring;
  ring.source = path;
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) ring.warning = readable_by_others(path);

  LockedBytes bytes = locked_bytes(kMaxFile);
  std::size_t size = 0;
  while (size < kMaxFile) {
    ssize_t got = read(file.get(), bytes.get() + size, kMaxFile - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return config_error("The key file " + path + " cannot be read.", g_strerror(errno));
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size == kMaxFile || !parse_keys({reinterpret_cast<char *>(bytes.get()), size}, ring.keys)) {
    return config_error("The key file " + path +
                        " holds no key: a line of it has to be 32 raw bytes or 64 hexadecimal "
                        "digits; " +
                        kMakeOne + ".");
  }
  return ring;
}

// Two processes that do this at once end up with one key: the first link() wins.
Status make_key_file(const std::string &path) {
  if (Status made = make_private_directory(path.substr(0, path.rfind('/'))); !made) return made;
  LockedBytes key = locked_bytes(SealKey::kBytes);
  randombytes_buf(key.get(), SealKey::kBytes);
  LockedBytes line = locked_bytes(kHexDigits + 1);
  sodium_bin2hex(reinterpret_cast<char *>(line.get()), kHexDigits + 1, key.get(), SealKey::kBytes);
  line.get()[kHexDigits] = '\n';

  std::string temporary = path + ".XXXXXX";
  OwnedFile file(g_mkstemp_full(temporary.data(), O_WRONLY | O_CLOEXEC, 0600));
  bool written =
      file &&
      write(file.get(), line.get(), kHexDigits + 1) == static_cast<ssize_t>(kHexDigits + 1) &&
      fsync(file.get()) == 0;
  written = written && (link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  int why = errno;
  if (file) unlink(temporary.c_str());
  if (!written) {
    return storage_error("The store's key could not be written to " + path +
                             ": make room and check the permissions, or name a key-file.",
                         g_strerror(why));
  }
  sync_directory_of(path);
  return Success{};
}

}  // namespace

void SealKey::Free::operator()(unsigned char *bytes) const { sodium_free(bytes); }

SealKey::SealKey(const unsigned char *bytes) {
  LockedBytes own = locked_bytes(kBytes);
  memcpy(own.get(), bytes, kBytes);
  constexpr unsigned char kPurpose[] = "openairealtime store key id";
  crypto_generichash(id_.data(), id_.size(), kPurpose, sizeof kPurpose, bytes, kBytes);
  sodium_mprotect_readonly(own.get());
  bytes_.reset(own.release());
}

SealKey SealKey::random() {
  LockedBytes bytes = locked_bytes(kBytes);
  randombytes_buf(bytes.get(), kBytes);
  return SealKey(bytes.get());
}

std::optional<std::size_t> KeyRing::find(const SealKey::Id &id) const {
  for (std::size_t index = 0; index < keys.size(); ++index) {
    if (keys[index].id() == id) return index;
  }
  return std::nullopt;
}

Result<KeyRing> load_key_ring(const std::string &key_file, bool may_make) {
  if (!key_file.empty()) return read_key_file(key_file);
  if (const char *directory = g_getenv("CREDENTIALS_DIRECTORY")) {
    std::string credential = std::string(directory) + "/" + kCredential;
    if (access(credential.c_str(), F_OK) == 0) return read_key_file(credential);
  }
  std::string own = state_directory() + "/store.key";
  if (may_make && access(own.c_str(), F_OK) != 0 && errno == ENOENT) {
    if (Status made = make_key_file(own); !made) return made.error();
  }
  return read_key_file(own);
}

KeyRing process_key_ring() {
  static const SealKey *key = new SealKey(SealKey::random());
  KeyRing ring;
  ring.keys.emplace_back(key->bytes());
  ring.source = "memory";
  return ring;
}

}  // namespace oairt
