// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_MONITOR_H_
#define NAMING_CORE_MONITOR_H_

#include <deque>
#include <memory>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/callback.h"
#include "core/counters.h"
#include "core/dispatcher.h"
#include "core/logger.h"
#include "naming/client_event.h"
#include "naming/client_state.h"

namespace naming::core {

// What users see of a Client: its state, its counters, and what changes.
//
// Thread-safe. Held by shared_ptr by all that has something to report; the
// Client stops the Dispatcher before the sink may go.
class Monitor final {
 public:
  // Counts, and tells nobody.
  Monitor();

  // `clock` outlives the object. An empty `sink`: nobody is told.
  Monitor(const base::Clock& clock, std::shared_ptr<Dispatcher> dispatcher,
          std::shared_ptr<Logger> logger, EventSink sink);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  Counters& counters() { return counters_; }
  ClientState state() const;

  // --- For whoever talks to the registry ---

  // `node`, which is the one to be asked, has answered. Cheap when that is no
  // news. The messages that this leads to begin with `backend`.
  void Answered(std::string_view backend, std::string_view node);

  // A request failed; another node may do. `error` has a complete message.
  void Failed(absl::Status error);

  // A request failed, and there is no node left that does.
  void Lost(absl::Status error);

  // --- For everybody ---

  // Tells the sink of `event`, whose time is filled in.
  void Tell(ClientEvent event);

  // The same, and logs it as a warning.
  void Warn(ClientEvent event);

 private:
  void Queue(ClientEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellNext(const EventSink& sink);

  const base::Clock& clock_;
  const std::shared_ptr<Logger> logger_;
  const std::shared_ptr<Callback> callback_;  // Null: nobody is told.
  Counters counters_;

  // Callback's and Dispatcher's locks come after this one.
  mutable base::Mutex mutex_;
  ClientState state_ ABSL_GUARDED_BY(mutex_);
  bool was_lost_told_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<ClientEvent> untold_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::core

#endif  // NAMING_CORE_MONITOR_H_
