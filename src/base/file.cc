// SPDX-License-Identifier: Apache-2.0

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::base {
namespace {

class File final {
 public:
  File(const std::string& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() { Close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return fd_ != -1; }
  bool Sync() const { return fsync(fd_) == 0; }
  bool Close() { return fd_ == -1 || close(std::exchange(fd_, -1)) == 0; }

  bool IsRegular() const {
    struct stat status = {};
    return fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
  }

  bool Write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  // Reads to the end, but stops once `text` is larger than `max_bytes`.
  bool Read(std::string& text, std::size_t max_bytes) const {
    std::array<char, 65536> buffer{};
    while (text.size() <= max_bytes) {
      const ssize_t got = read(fd_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got == 0;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return true;
  }

 private:
  int fd_;
};

absl::Status Refused(std::string_view what) {
  const std::error_code error(errno, std::generic_category());
  return absl::UnavailableError(
      absl::StrFormat("can't %s: %s", what, error.message()));
}

// In the same directory, so that it can be renamed. Not even processes that
// don't see each other, and have the same number, choose one name; if they do,
// O_EXCL shows it.
std::string TemporaryName(const std::string& path) {
  static std::atomic<std::uint64_t> count{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::uint64_t name = (static_cast<std::uint64_t>(now) ^
                              (static_cast<std::uint64_t>(getpid()) << 40)) *
                                 0x9e3779b97f4a7c15ull +
                             ++count;
  return absl::StrFormat("%s.%016x%s", path, name, kTemporarySuffix);
}

absl::Status WriteNew(const std::string& path, std::string_view text,
                      Sync sync) {
  File file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) return Refused("create the file");
  if (!file.Write(text) || (sync == Sync::kYes && !file.Sync()) ||
      !file.Close()) {
    return Refused("write");
  }
  return absl::OkStatus();
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::Status ReplaceFile(const std::string& path, std::string_view text,
                         Sync sync) {
  const std::string temporary = TemporaryName(path);
  absl::Status status = WriteNew(temporary, text, sync);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = Refused("rename the file");
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  if (sync == Sync::kNo) return absl::OkStatus();
  // What was renamed may be lost with the machine's power until the directory
  // is on the disk too; some file systems don't support that, and need not.
  const File directory(DirectoryOf(path), O_RDONLY | O_DIRECTORY);
  if (directory.is_open()) directory.Sync();
  return absl::OkStatus();
}

// O_NONBLOCK, because opening a pipe would wait for a writer.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     std::size_t max_bytes) {
  const File file(path, O_RDONLY | O_NONBLOCK);
  if (!file.is_open()) {
    if (errno == ENOENT) return absl::NotFoundError("no file");
    return Refused("open");
  }
  if (!file.IsRegular()) return absl::UnavailableError("not a regular file");
  std::string text;
  if (!file.Read(text, max_bytes)) return Refused("read");
  if (text.size() > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("larger than %d bytes", max_bytes));
  }
  return text;
}

}  // namespace naming::base
