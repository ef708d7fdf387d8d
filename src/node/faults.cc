// SPDX-License-Identifier: Apache-2.0

#include "node/faults.h"

#include <algorithm>
#include <string>
#include <utility>

#include "node/request_path.h"

namespace naming::node {

void Faults::Add(Fault fault) {
  base::MutexLock lock(mutex_);
  faults_.push_back(std::move(fault));
}

void Faults::Clear() {
  base::MutexLock lock(mutex_);
  faults_.clear();
}

std::optional<Fault> Faults::Take(std::string_view target) {
  base::MutexLock lock(mutex_);
  if (faults_.empty()) return std::nullopt;
  const std::string path = PathOf(target).value_or("");
  const auto it =
      std::find_if(faults_.begin(), faults_.end(), [&path](const Fault& fault) {
        return fault.path.empty() || fault.path == path;
      });
  if (it == faults_.end()) return std::nullopt;
  const Fault taken = *it;
  if (it->count > 0 && --it->count == 0) faults_.erase(it);
  return taken;
}

}  // namespace naming::node
