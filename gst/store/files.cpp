#include "store/files.h"

#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <glib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "store/backend.h"

namespace oairt {
namespace {

constexpr Duration kLockPause = milliseconds(5);

}  // namespace

std::optional<FileIdentity> identify(const std::string &path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return std::nullopt;
  return FileIdentity{about.st_dev, about.st_ino};
}

Status make_private_directory(const std::string &path) {
  if (path.empty() || g_mkdir_with_parents(path.c_str(), 0700) == 0) return Success{};
  int why = errno;
  return storage_error(
      "The directory " + path + " could not be made: check the path and the permissions above it.",
      g_strerror(why));
}

void sync_directory_of(const std::string &path) {
  std::string directory = path.substr(0, path.rfind('/') + 1);
  OwnedFile file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file) fsync(file.get());
}

Result<std::unique_ptr<FileLock>> FileLock::try_take(const std::string &path) {
  // Between open and flock the last owner may have removed the file: then it is another's name.
  for (int tries = 0; tries < 100; ++tries) {
    OwnedFile file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
      int why = errno;
      return storage_error(
          "The lock file " + path + " could not be made: check the permissions of its directory.",
          g_strerror(why));
    }
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      int why = errno;
      if (why == EWOULDBLOCK || why == EINTR) return std::unique_ptr<FileLock>();
      return storage_error(
          "The file " + path + " could not be locked: the store needs a local file system.",
          g_strerror(why));
    }
    FileLock lock(path, std::move(file));
    if (lock.holds()) return std::make_unique<FileLock>(std::move(lock));
  }
  return std::unique_ptr<FileLock>();
}

Result<std::unique_ptr<FileLock>> FileLock::take(const std::string &path, TimePoint deadline) {
  while (true) {
    Result<std::unique_ptr<FileLock>> lock = try_take(path);
    if (!lock || lock.value() || Clock::now() > deadline) return lock;
    std::this_thread::sleep_for(kLockPause);
  }
}

bool FileLock::holds() const {
  struct stat about {};
  if (!file_ || fstat(file_.get(), &about) != 0) return false;
  std::optional<FileIdentity> named = identify(path_);
  return named && *named == FileIdentity{about.st_dev, about.st_ino};
}

void FileLock::remove() {
  if (holds()) unlink(path_.c_str());
  file_ = OwnedFile();
}

}  // namespace oairt
