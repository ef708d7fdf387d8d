// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_CALLBACK_H_
#define NAMING_CORE_CALLBACK_H_

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "core/dispatcher.h"

namespace naming::core {

// A user's callback that a Dispatcher runs, and that can be ended for good
// whatever is going on: what a Watcher and a Registration promise of theirs.
//
// Thread-safe. Held by shared_ptr.
class Callback final : public std::enable_shared_from_this<Callback> {
 public:
  // `step` finds out what there is to tell and calls the user's function at
  // most once; it owns that function. It is never run twice at a time.
  Callback(std::shared_ptr<Dispatcher> dispatcher, std::function<void()> step);

  // Has `step` run soon, once for any number of calls before that; a call
  // during a run leads to another run.
  void Schedule();

  // Afterwards `step` isn't running and never will, and what it owns is
  // released. Waits for a run in progress; called from within that run it
  // returns at once, and the release follows the run. To be called once.
  void End();

 private:
  void Run();

  const std::shared_ptr<Dispatcher> dispatcher_;

  base::Mutex mutex_;
  base::CondVar run_ended_;
  // Called by the one who set `is_running_`, without the lock.
  std::function<void()> step_ ABSL_GUARDED_BY(mutex_);
  bool is_scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_running_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_within_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace naming::core

#endif  // NAMING_CORE_CALLBACK_H_
