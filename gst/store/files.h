// Files as owners: descriptors, private directories, a lock that ends with its process.
// Thread-bound as any value.
// Never removes a file that is not ours, never widens a mode.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include "base/clock.h"
#include "base/result.h"

namespace oairt {

class OwnedFile {
 public:
  explicit OwnedFile(int descriptor = -1) : descriptor_(descriptor) {}
  OwnedFile(OwnedFile &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OwnedFile &operator=(OwnedFile &&other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OwnedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// Which file a path leads to at the moment.
struct FileIdentity {
  uint64_t device = 0, inode = 0;
  bool operator==(const FileIdentity &) const = default;
};
std::optional<FileIdentity> identify(const std::string &path);

// The directory and those above it; what is made is 0700.
Status make_private_directory(const std::string &path);
void sync_directory_of(const std::string &path);

// An flock'ed file beside what it guards: the kernel takes it back the moment its owner dies.
class FileLock {
 public:
  // Nothing: another one has it.
  static Result<std::unique_ptr<FileLock>> try_take(const std::string &path);
  // Waits for it.
  static Result<std::unique_ptr<FileLock>> take(const std::string &path, TimePoint deadline);

  FileLock(FileLock &&) = default;
  FileLock &operator=(FileLock &&) = default;
  // Still the lock that others see; somebody may have removed the file.
  bool holds() const;
  // Given back, and the file with it.
  void remove();

 private:
  FileLock(std::string path, OwnedFile file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  OwnedFile file_;
};

}  // namespace oairt
