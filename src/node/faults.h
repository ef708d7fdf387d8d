// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_FAULTS_H_
#define NAMING_NODE_FAULTS_H_

#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/node/fault.h"
#include "node/message.h"

namespace naming::node {

// The faults that wait for a request.
//
// Thread-safe.
class Faults final {
 public:
  void Add(Fault fault);
  void Clear();

  // Returns what befalls `request`, and counts it: of several faults the one
  // that was added first.
  std::optional<Fault> Take(const Request& request);

 private:
  base::Mutex mutex_;
  std::vector<Fault> faults_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::node

#endif  // NAMING_NODE_FAULTS_H_
