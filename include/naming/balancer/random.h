// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_RANDOM_H_
#define NAMING_BALANCER_RANDOM_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/balancer.h"
#include "naming/balancer/options.h"
#include "naming/export.h"

namespace naming::balancer {

// Takes any Endpoint, each with the same probability, whatever its weight.
//
// Thread-safe.
class NAMING_EXPORT Random final : public Balancer {
 public:
  explicit Random(Options options = {});
  ~Random() override;

  void UpdateCandidates(std::vector<Candidate> candidates) override;

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* options) override;
  PickRef::Source DoPeek(const PickOptions* options) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_RANDOM_H_
