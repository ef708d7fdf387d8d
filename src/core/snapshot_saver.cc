// SPDX-License-Identifier: Apache-2.0

#include "core/snapshot_saver.h"

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/text.h"
#include "core/snapshot_file.h"
#include "core/topic.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// As large as an answer of a registry may be.
constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;

// How long a saved list waits for an answer that is fresh.
constexpr milliseconds kLoadPatience{100};

// Between a change and its file: changes come in storms.
constexpr seconds kSaveDelay{1};

// After a file couldn't be written.
constexpr seconds kRetryDelay{30};

// Nobody takes so long to write a file.
constexpr std::chrono::minutes kLeftoverAge{10};

bool IsLeftover(const std::string& name) {
  constexpr std::string_view kTail = base::kTemporarySuffix;
  return name.find(".snapshot.") != std::string::npos &&
         name.size() > kTail.size() &&
         name.compare(name.size() - kTail.size(), kTail.size(), kTail) == 0;
}

}  // namespace

SnapshotSaver::SnapshotSaver(base::Loop* loop, std::shared_ptr<Monitor> monitor,
                             std::shared_ptr<Logger> logger,
                             SnapshotSaverOptions options)
    : loop_(*loop),
      monitor_(std::move(monitor)),
      logger_(std::move(logger)),
      options_(std::move(options)),
      clock_(loop->clock()) {}

SnapshotSaver::~SnapshotSaver() = default;

// --- Loading ---

void SnapshotSaver::Load(const std::shared_ptr<Topic>& topic) {
  base::MutexLock lock(mutex_);
  if (is_closed_) return;
  loop_.Post([this, weak = std::weak_ptr<Topic>(topic)] { LoadNow(weak); });
}

void SnapshotSaver::LoadNow(const std::weak_ptr<Topic>& weak_topic) {
  const std::shared_ptr<Topic> topic = weak_topic.lock();
  if (topic == nullptr) return;
  absl::StatusOr<Snapshot> saved = Read(topic->app_id());
  if (absl::IsNotFound(saved.status())) return;
  if (!saved.ok()) {
    Ignore(topic->app_id(), saved.status());
    return;
  }
  // An empty list is worth no more than none.
  if (saved->zones.empty()) return;
  monitor_->counters().snapshot_files_loaded.Add();
  topic->Restore(*std::move(saved));
  loop_.RunAfter(kLoadPatience, [weak_topic] {
    if (const auto patient = weak_topic.lock()) patient->ServeSaved();
  });
}

absl::StatusOr<Snapshot> SnapshotSaver::Read(const std::string& app_id) const {
  const absl::StatusOr<std::string> text =
      base::ReadFile(Path(app_id), kMaxFileBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<SavedSnapshot> saved = DecodeSnapshot(*text);
  if (!saved.ok()) return saved.status();
  if (saved->scope != options_.scope || saved->snapshot.app_id != app_id) {
    return absl::InternalError(
        absl::StrFormat("it is of %s, %s", base::Excerpt(saved->scope, 100),
                        base::Excerpt(saved->snapshot.app_id, 100)));
  }
  // The time of day may have been set back: then it is new.
  const auto age = clock_.WallNow() - *saved->snapshot.stale_since;
  if (age > options_.max_age) {
    return absl::FailedPreconditionError(
        absl::StrFormat("it was saved %ds ago",
                        std::chrono::duration_cast<seconds>(age).count()));
  }
  return std::move(saved->snapshot);
}

void SnapshotSaver::Ignore(const std::string& app_id, const absl::Status& why) {
  monitor_->counters().snapshot_files_ignored.Add();
  ClientEvent event;
  event.kind = ClientEvent::Kind::kSnapshotFileIgnored;
  event.app_id = app_id;
  event.message = Message(
      app_id, absl::StrFormat("ignored: %s", std::string(why.message())));
  monitor_->Warn(std::move(event));
}

// --- Saving ---

void SnapshotSaver::Save(std::shared_ptr<const Snapshot> snapshot) {
  base::MutexLock lock(mutex_);
  if (is_closed_) return;
  auto& slot = pending_[snapshot->app_id];
  slot = std::move(snapshot);
  if (std::exchange(is_scheduled_, true)) return;
  loop_.Post([this] { ScheduleBatch(); });
}

void SnapshotSaver::ScheduleBatch() {
  loop_.RunAfter(kSaveDelay, [this] { BeginBatch(); });
}

void SnapshotSaver::BeginBatch() {
  {
    base::MutexLock lock(mutex_);
    batch_ = std::exchange(pending_, {});
  }
  WriteNext();
}

void SnapshotSaver::WriteNext() {
  if (!batch_.empty()) WriteFirst();
  if (!batch_.empty()) {
    loop_.Post([this] { WriteNext(); });
    return;
  }
  if (!failed_.empty()) RetryLater();
  base::MutexLock lock(mutex_);
  is_scheduled_ = !pending_.empty();
  if (is_scheduled_) loop_.Post([this] { ScheduleBatch(); });
}

// Takes the first one out of `batch_`, and writes it. One file that can't be
// written keeps no other from it.
void SnapshotSaver::WriteFirst() {
  if (!std::exchange(has_begun_, true)) RemoveLeftovers();
  auto first = batch_.extract(batch_.begin());
  bool had_failed = !failed_.empty();
  failed_.erase(first.key());
  had_failed |= unfit_.erase(first.key()) > 0;
  const absl::Status status = Write(*first.mapped());
  if (absl::IsUnavailable(status)) {
    failed_[first.key()] = first.mapped();
  } else if (!status.ok()) {
    unfit_.insert(first.key());
  }
  Report(first.key(), status, had_failed);
}

void SnapshotSaver::RetryLater() {
  if (std::exchange(is_retrying_, true)) return;
  loop_.RunAfter(kRetryDelay, [this] {
    is_retrying_ = false;
    base::MutexLock lock(mutex_);
    Snapshots again = failed_;
    pending_.merge(again);  // Newer ones stay.
    if (pending_.empty() || std::exchange(is_scheduled_, true)) return;
    loop_.Post([this] { BeginBatch(); });
  });
}

absl::Status SnapshotSaver::Write(const Snapshot& snapshot) {
  SavedSnapshot saved;
  saved.scope = options_.scope;
  saved.snapshot = snapshot;
  saved.snapshot.stale_since = clock_.WallNow();
  const absl::StatusOr<std::string> text = EncodeSnapshot(saved);
  if (!text.ok()) return text.status();
  const std::string path = Path(snapshot.app_id);
  absl::Status status = base::ReplaceFile(path, *text, base::Sync::kNo);
  if (status.ok()) return status;
  if (mkdir(options_.directory.c_str(), 0755) != 0) return status;
  return base::ReplaceFile(path, *text, base::Sync::kNo);
}

// Tells when the first file can't be written, and when no file is left of
// these.
void SnapshotSaver::Report(const std::string& app_id,
                           const absl::Status& status, bool had_failed) {
  Counters& counters = monitor_->counters();
  (status.ok() ? counters.snapshot_files_written
               : counters.failed_snapshot_files)
      .Add();
  if (status.ok() && had_failed && failed_.empty()) {
    logger_->Info(Message(app_id, "written again"));
  }
  if (status.ok() || had_failed) return;
  ClientEvent event;
  event.kind = ClientEvent::Kind::kSnapshotFilesUnwritable;
  event.app_id = app_id;
  event.message = Message(app_id, std::string(status.message()));
  monitor_->Warn(std::move(event));
}

// Processes that were killed left them.
void SnapshotSaver::RemoveLeftovers() const {
  using std::filesystem::directory_iterator;
  const auto now = std::filesystem::file_time_type::clock::now();
  std::error_code error;
  for (directory_iterator it(options_.directory, error);
       !error && it != directory_iterator(); it.increment(error)) {
    if (!IsLeftover(it->path().filename().string())) continue;
    std::error_code ignored;
    const auto written = it->last_write_time(ignored);
    if (!ignored && now - written > kLeftoverAge) {
      std::filesystem::remove(it->path(), ignored);
    }
  }
}

void SnapshotSaver::Close(base::Clock::Duration patience) {
  {
    base::MutexLock lock(mutex_);
    is_closed_ = true;
    pending_.merge(batch_);
    batch_ = std::exchange(pending_, {});
    Snapshots again = failed_;
    batch_.merge(again);
  }
  const auto deadline = clock_.Now() + patience;
  while (!batch_.empty() && clock_.Now() < deadline) WriteFirst();
}

std::string SnapshotSaver::Path(const std::string& app_id) const {
  return absl::StrFormat("%s/%s", options_.directory,
                         SnapshotFileName(options_.scope, app_id));
}

std::string SnapshotSaver::Message(const std::string& app_id,
                                   std::string_view what) const {
  return absl::StrFormat("%s: snapshot file %s: %s", options_.backend,
                         Path(app_id), what);
}

}  // namespace naming::core
