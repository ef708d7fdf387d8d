// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_LEAST_REQUESTS_H_
#define NAMING_BALANCER_LEAST_REQUESTS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/balancer.h"
#include "naming/balancer/options.h"
#include "naming/export.h"

namespace naming::balancer {

// Takes, of two random Endpoints, the one with fewer calls in flight for its
// weight: for calls that differ much in what they cost.
//
// Calls in flight are the Picks of this Balancer that are not yet done; those
// of other threads, as of 100 µs ago at most (beyond 66 Endpoints, 1.5 µs for
// each, and 5 ms at most), and for choices by reference, as of some choices
// ago. With one at a time the heavier Endpoint of the two is always chosen.
//
// Thread-safe.
class NAMING_EXPORT LeastRequests final : public Balancer {
 public:
  explicit LeastRequests(Options options = {});
  ~LeastRequests() override;

  void UpdateCandidates(std::vector<Candidate> candidates) override;

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* options) override;
  PickRef::Source DoPeek(const PickOptions* options) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_LEAST_REQUESTS_H_
