// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_WEIGHTED_ROUND_ROBIN_H_
#define NAMING_BALANCER_WEIGHTED_ROUND_ROBIN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/balancer.h"
#include "naming/balancer/options.h"
#include "naming/export.h"

namespace naming::balancer {

// Takes the Endpoints in turn, each as often as its weight says: exactly so in
// each cycle of a thread, which is as long as the sum of the weights after
// their common divisor is taken out; and smoothly, the turns of one Endpoint
// being spread evenly over the cycle. Threads begin at different places of it.
//
// A weight that isn't positive counts as 10, one above 1,000,000 as 1,000,000.
//
// Thread-safe.
class NAMING_EXPORT WeightedRoundRobin final : public Balancer {
 public:
  explicit WeightedRoundRobin(Options options = {});
  ~WeightedRoundRobin() override;

  void UpdateCandidates(std::vector<Candidate> candidates) override;

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* options) override;
  PickRef::Source DoPeek(const PickOptions* options) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_WEIGHTED_ROUND_ROBIN_H_
