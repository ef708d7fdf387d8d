// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_STATE_KEEPER_H_
#define NAMING_NODE_STATE_KEEPER_H_

#include <string>

#include "absl/status/status.h"
#include "base/loop.h"
#include "base/worker.h"
#include "naming/log.h"
#include "node/directory.h"

namespace naming::node {

// Keeps what a Directory holds in a file: soon after each change, and now and
// then, since renewals are no changes but decide what expires after a restart.
// That the file can't be written is logged, once, and tried again.
//
// Used on the loop's thread only, or before that loop runs and after it ended.
// Owns a thread, which waits for the disk.
class StateKeeper final {
 public:
  // Both outlive the StateKeeper.
  StateKeeper(base::Loop& loop, Directory& directory, std::string path,
              LogSink log_sink);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  // Hands the Directory what the file holds. One that is damaged, or isn't a
  // node's state, is kept beside, as "<path>.unreadable".
  void Load();

  // To be called when the Directory changes.
  void OnChange();

  // Writes once more, waiting for it. To be called when the loop has ended.
  void Close();

 private:
  void SetAside(const absl::Status& why);
  void Save();
  void SaveRegularly();
  void Report(const absl::Status& status);

  base::Loop& loop_;
  Directory& directory_;
  const std::string path_;
  const LogSink log_sink_;
  bool has_failed_ = false;
  bool is_writing_ = false;
  bool has_changed_ = false;
  base::Loop::TimerId save_timer_ = 0;
  base::Loop::TimerId regular_timer_ = 0;
  base::Worker writer_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_STATE_KEEPER_H_
