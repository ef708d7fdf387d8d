// SPDX-License-Identifier: Apache-2.0

#include "grpc/methods.h"

namespace naming::rpc {

std::size_t Methods::Register(const char* name) {
  base::MutexLock lock(mutex_);
  const auto it = numbers_.find(name);
  if (it != numbers_.end()) return it->second;
  if (names_.size() == kMax) return 0;
  names_.emplace_back(name);
  numbers_.emplace(names_.back(), names_.size());
  return names_.size();
}

const char* Methods::name(std::size_t number) const {
  base::MutexLock lock(mutex_);
  return names_[number - 1].c_str();
}

}  // namespace naming::rpc
