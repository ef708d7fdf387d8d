// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_DISPATCHER_H_
#define NAMING_CORE_DISPATCHER_H_

#include <functional>

#include "base/worker.h"

namespace naming::core {

// Runs users' callbacks on the thread `naming-call`, one at a time, in order,
// with no lock of ours held.
//
// Thread-safe. Held by shared_ptr, because Watchers may outlive the Client; the
// Client calls Stop() before it lets go.
class Dispatcher final {
 public:
  Dispatcher();
  ~Dispatcher();

  // Runs `call` after those posted before. Once stopped, calls are dropped.
  void Post(std::function<void()> call);

  // Ends the thread after the call that it runs. Not to be called on it.
  void Stop();

  // Returns whether the caller runs within a callback of this Dispatcher.
  bool IsCurrent() const;

 private:
  base::Worker worker_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_DISPATCHER_H_
