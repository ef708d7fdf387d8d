// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_H_
#define NAMING_BALANCER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/endpoint.h"
#include "naming/export.h"

namespace naming {

// One choice of a Balancer. Owns its Endpoint: it may be kept across a blocking
// call and across updates of the list.
//
// Thread-compatible. Copyable; never empty.
class NAMING_EXPORT Pick {
 public:
  // For implementers of Balancer. `endpoint` isn't null.
  explicit Pick(std::shared_ptr<const Endpoint> endpoint);

  const Endpoint& endpoint() const { return *endpoint_; }

 private:
  std::shared_ptr<const Endpoint> endpoint_;
};

// Chooses among Endpoints.
//
// Thread-safe: one thread may Update() while others Choose().
class NAMING_EXPORT Balancer {
 public:
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;
  virtual ~Balancer();

  // Replaces the Endpoints to choose from.
  virtual void Update(std::vector<Endpoint> endpoints) = 0;

  // Returns the next choice. Never waits.
  //
  // Errors: kUnavailable, there is no Endpoint.
  virtual absl::StatusOr<Pick> Choose() = 0;

 protected:
  Balancer() = default;
};

}  // namespace naming

#endif  // NAMING_BALANCER_H_
