// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_METHODS_H_
#define NAMING_GRPC_METHODS_H_

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace naming::rpc {

// The methods that the stubs of a GrpcChannel call, numbered: a number is good
// for each of its connections, where gRPC's own tag is for one alone.
//
// Thread-safe.
class Methods final {
 public:
  // More methods than these have no number, and are looked up by name.
  static constexpr std::size_t kMax = 256;

  // Returns the number of `name`, from 1 on; 0: it has none.
  std::size_t Register(const char* name);

  // Returns the name of the method `number`, which lives as long as this.
  const char* name(std::size_t number) const;

 private:
  mutable base::Mutex mutex_;
  std::deque<std::string> names_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string_view, std::size_t> numbers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::rpc

#endif  // NAMING_GRPC_METHODS_H_
