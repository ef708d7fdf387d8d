// SPDX-License-Identifier: Apache-2.0

#include "node/state_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "net/json.h"
#include "node/answers.h"
#include "node/peer_protocol.h"

namespace naming::node {
namespace {

constexpr int kFormat = 1;

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

  bool Write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  bool ReadAll(std::string& text) const {
    std::array<char, 65536> buffer{};
    for (;;) {
      const ssize_t got = read(fd_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got == 0;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;
};

absl::Status Refused(std::string_view what) {
  const std::error_code error(errno, std::generic_category());
  return absl::UnavailableError(
      absl::StrFormat("can't %s: %s", what, error.message()));
}

// In the same directory, so that it can be renamed; two nodes don't share it.
std::string TemporaryName(const std::string& path) {
  return absl::StrFormat("%s.%d.tmp", path, getpid());
}

absl::Status WriteTemporary(const std::string& name, std::string_view text) {
  File file(name, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) return Refused("create the file");
  if (!file.Write(text) || !file.Sync() || !file.Close()) {
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

std::string EncodeState(const Store& store) {
  return absl::StrFormat("{\"naming_node_state\":%d,\"apps\":%s}\n", kFormat,
                         EncodeAll(store));
}

absl::StatusOr<std::vector<StoredInstance>> DecodeState(std::string text) {
  const absl::StatusOr<net::JsonDocument> document =
      net::JsonDocument::ParseWhole(std::move(text));
  if (!document.ok()) return document.status();
  if (document->root()["naming_node_state"].AsInt64() != kFormat ||
      !document->root()["apps"].is_object()) {
    return absl::InternalError("not a node's state");
  }
  return DecodeInstances(document->root()["apps"]);
}

absl::Status WriteState(const std::string& path, const std::string& text) {
  const std::string temporary = TemporaryName(path);
  absl::Status status = WriteTemporary(temporary, text);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = Refused("rename the file");
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  // What was renamed may be lost with the machine's power until the directory
  // is on the disk too; some file systems don't support that, and need not.
  const File directory(DirectoryOf(path), O_RDONLY | O_DIRECTORY);
  if (directory.is_open()) directory.Sync();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredInstance>> ReadState(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) {
    if (errno == ENOENT) return absl::NotFoundError("no file");
    return Refused("open");
  }
  std::string text;
  if (!file.ReadAll(text)) return Refused("read");
  return DecodeState(std::move(text));
}

absl::Status CheckWritable(const std::string& path) {
  const std::string temporary = TemporaryName(path);
  const absl::Status status = WriteTemporary(temporary, "");
  unlink(temporary.c_str());
  return status;
}

}  // namespace naming::node
