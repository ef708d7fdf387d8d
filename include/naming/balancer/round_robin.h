// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_ROUND_ROBIN_H_
#define NAMING_BALANCER_ROUND_ROBIN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/balancer.h"
#include "naming/endpoint.h"
#include "naming/export.h"

namespace naming::balancer {

// Takes the Endpoints in turn, whatever their weight.
//
// Thread-safe.
class NAMING_EXPORT RoundRobin final : public Balancer {
 public:
  RoundRobin();
  ~RoundRobin() override;

  void Update(std::vector<Endpoint> endpoints) override;
  absl::StatusOr<Pick> Choose() override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_ROUND_ROBIN_H_
