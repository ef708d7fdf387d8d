// SPDX-License-Identifier: Apache-2.0

#include "naming/resolver.h"

namespace naming {

Resolver::~Resolver() = default;

}  // namespace naming
