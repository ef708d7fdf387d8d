// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_SNAPSHOT_SAVER_H_
#define NAMING_CORE_SNAPSHOT_SAVER_H_

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "core/logger.h"
#include "core/monitor.h"
#include "naming/snapshot.h"

namespace naming::core {

class Topic;

struct SnapshotSaverOptions {
  std::string directory;
  std::string backend;  // Begins messages: "discovery".

  // See SavedSnapshot. Two Clients with one directory and one scope use the
  // same files, which does no harm: the last list that either saw counts.
  std::string scope;

  std::chrono::milliseconds max_age = std::chrono::hours(7 * 24);
};

// Keeps the lists of a Client in a directory, a file for each application, and
// hands them to the Topics of the next process.
//
// Files are replaced by renaming, so that nobody ever reads half of one,
// whatever ends a process and however many write it. They aren't forced to the
// disk: a loss of power may cost what changed in the last half minute, which
// the checksum shows; but no list is worth it that a slow disk holds up the
// loop. That no file can be read or written is reported, and harms nothing.
//
// An application is written at most once a second, a second after it changed,
// and one file at a time, so that the loop's other tasks come in between.
//
// Load() and Save() are thread-safe. The loop should be one whose tasks may
// wait for the disk.
class SnapshotSaver final {
 public:
  // How long a Client that is destroyed writes files.
  static constexpr std::chrono::milliseconds kPatience{500};

  // `loop` lives until Close(), which is called before the object goes.
  SnapshotSaver(base::Loop* loop, std::shared_ptr<Monitor> monitor,
                std::shared_ptr<Logger> logger, SnapshotSaverOptions options);
  ~SnapshotSaver();
  SnapshotSaver(const SnapshotSaver&) = delete;
  SnapshotSaver& operator=(const SnapshotSaver&) = delete;

  // Offers `topic` what was saved of its application, soon: once a request
  // fails, or if no answer has come shortly afterwards, it is served.
  void Load(const std::shared_ptr<Topic>& topic);

  // Keeps `snapshot`, which is the newest one of its application.
  void Save(std::shared_ptr<const Snapshot> snapshot);

  // Writes what is left, unless that takes longer than `patience`. To be called
  // when the loop has ended; what comes later is dropped.
  void Close(base::Clock::Duration patience);

 private:
  using Snapshots = std::map<std::string, std::shared_ptr<const Snapshot>>;

  void LoadNow(const std::weak_ptr<Topic>& weak_topic);
  absl::StatusOr<Snapshot> Read(const std::string& app_id) const;
  void Ignore(const std::string& app_id, const absl::Status& why);

  void BeginBatch();
  void WriteNext();
  void WriteFirst();
  void RetryLater();
  absl::Status Write(const Snapshot& snapshot);
  void Report(const std::string& app_id, const absl::Status& status,
              bool had_failed);
  void ScheduleBatch();
  void RemoveLeftovers() const;

  std::string Path(const std::string& app_id) const;
  std::string Message(const std::string& app_id, std::string_view what) const;

  base::Loop& loop_;  // Until Close().
  const std::shared_ptr<Monitor> monitor_;
  const std::shared_ptr<Logger> logger_;
  const SnapshotSaverOptions options_;
  const base::Clock& clock_;

  // Used on the loop, and by Close().
  Snapshots batch_;              // Being written.
  Snapshots failed_;             // Couldn't be written the last time.
  std::set<std::string> unfit_;  // Whose last list can't be in a file.
  bool is_retrying_ = false;
  bool has_begun_ = false;

  // The loop's own lock comes after this one.
  base::Mutex mutex_;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  Snapshots pending_ ABSL_GUARDED_BY(mutex_);
  bool is_scheduled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace naming::core

#endif  // NAMING_CORE_SNAPSHOT_SAVER_H_
