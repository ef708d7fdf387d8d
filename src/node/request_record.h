// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_REQUEST_RECORD_H_
#define NAMING_NODE_REQUEST_RECORD_H_

#include <cstddef>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/node/received_request.h"
#include "node/message.h"

namespace naming::node {

// Returns what `request` asks.
ReceivedRequest Describe(const Request& request);

// Remembers the latest requests, and what came of them.
//
// Thread-safe.
class RequestRecord final {
 public:
  // `size`: how many of them.
  explicit RequestRecord(std::size_t size) : size_(size) {}

  // Notes a request; `id` is larger than any before.
  void Add(RequestId id, const Request& request);

  // Notes what came of it; of one that is forgotten, nothing.
  void Answer(RequestId id, const Response& response);
  void Drop(RequestId id);

  // Returns them in the order in which they came.
  std::vector<ReceivedRequest> requests() const;

  void Clear();

 private:
  const std::size_t size_;
  mutable base::Mutex mutex_;
  std::map<RequestId, ReceivedRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::node

#endif  // NAMING_NODE_REQUEST_RECORD_H_
