// SPDX-License-Identifier: Apache-2.0

#include "node/faults.h"

#include <algorithm>
#include <utility>

#include "node/request_record.h"

namespace naming::node {
namespace {

bool Befalls(const Fault& fault, const ReceivedRequest& request) {
  if (!fault.path.empty() && fault.path != request.path) return false;
  return std::all_of(fault.parameters.begin(), fault.parameters.end(),
                     [&request](const auto& parameter) {
                       const auto it = request.parameters.find(parameter.first);
                       return it != request.parameters.end() &&
                              std::find(it->second.begin(), it->second.end(),
                                        parameter.second) != it->second.end();
                     });
}

}  // namespace

void Faults::Add(Fault fault) {
  base::MutexLock lock(mutex_);
  faults_.push_back(std::move(fault));
}

void Faults::Clear() {
  base::MutexLock lock(mutex_);
  faults_.clear();
}

std::optional<Fault> Faults::Take(const Request& request) {
  base::MutexLock lock(mutex_);
  if (faults_.empty()) return std::nullopt;
  const ReceivedRequest received = Describe(request);
  const auto it = std::find_if(
      faults_.begin(), faults_.end(),
      [&received](const Fault& fault) { return Befalls(fault, received); });
  if (it == faults_.end()) return std::nullopt;
  const Fault taken = *it;
  if (it->count > 0 && --it->count == 0) faults_.erase(it);
  return taken;
}

}  // namespace naming::node
