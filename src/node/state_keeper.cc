// SPDX-License-Identifier: Apache-2.0

#include "node/state_keeper.h"

#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "node/state_file.h"

namespace naming::node {
namespace {

// Changes come in bursts, as when a whole fleet starts.
constexpr std::chrono::seconds kSaveDelay{1};

// A third of the lease: a node that was killed finds nobody expired who isn't.
constexpr std::chrono::seconds kRegularInterval{30};

}  // namespace

StateKeeper::StateKeeper(base::Loop& loop, Directory& directory,
                         std::string path, LogSink log_sink)
    : loop_(loop),
      directory_(directory),
      path_(std::move(path)),
      log_sink_(std::move(log_sink)),
      writer_("naming-state") {
  SaveRegularly();
}

StateKeeper::~StateKeeper() {
  writer_.Stop();
  loop_.CancelTimer(save_timer_);
  loop_.CancelTimer(regular_timer_);
}

void StateKeeper::Load() {
  absl::StatusOr<std::vector<StoredInstance>> instances = ReadState(path_);
  if (!instances.ok()) {
    if (!absl::IsNotFound(instances.status())) SetAside(instances.status());
    return;
  }
  for (StoredInstance& instance : *instances) {
    // This run may have another port; other nodes say that they are there.
    if (instance.app_id == kSelfAppId) continue;
    directory_.Adopt(std::move(instance));
  }
}

// It would be overwritten otherwise, and may be somebody's who erred in its
// name, or of a later version.
void StateKeeper::SetAside(const absl::Status& why) {
  const std::string aside = path_ + ".unreadable";
  const bool is_kept = std::rename(path_.c_str(), aside.c_str()) == 0;
  if (!log_sink_) return;
  log_sink_({LogLevel::kError,
             absl::StrFormat("node: state file %s: ignored%s: %s", path_,
                             is_kept ? ", kept as " + aside : "",
                             std::string(why.message()))});
}

void StateKeeper::OnChange() {
  has_changed_ = true;
  if (save_timer_ != 0 || is_writing_) return;
  save_timer_ = loop_.RunAfter(kSaveDelay, [this] {
    save_timer_ = 0;
    Save();
  });
}

void StateKeeper::Save() {
  if (is_writing_) return;
  has_changed_ = false;
  is_writing_ = true;
  writer_.Post([this, text = EncodeState(directory_.store())] {
    loop_.Post([this, status = WriteState(path_, text)] { Report(status); });
  });
}

void StateKeeper::SaveRegularly() {
  regular_timer_ = loop_.RunAfter(kRegularInterval, [this] {
    Save();
    SaveRegularly();
  });
}

void StateKeeper::Close() {
  writer_.Stop();
  Report(WriteState(path_, EncodeState(directory_.store())));
}

void StateKeeper::Report(const absl::Status& status) {
  is_writing_ = false;
  if (has_changed_) OnChange();
  if (status.ok() != has_failed_) return;
  has_failed_ = !status.ok();
  if (!log_sink_) return;
  if (has_failed_) {
    log_sink_(
        {LogLevel::kError, absl::StrFormat("node: state file %s: %s", path_,
                                           std::string(status.message()))});
  } else {
    log_sink_({LogLevel::kInfo,
               absl::StrFormat("node: state file %s: written again", path_)});
  }
}

}  // namespace naming::node
