// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer.h"

#include <utility>

namespace naming {

Pick::Pick(std::shared_ptr<const Endpoint> endpoint)
    : endpoint_(std::move(endpoint)) {}

Balancer::~Balancer() = default;

}  // namespace naming
