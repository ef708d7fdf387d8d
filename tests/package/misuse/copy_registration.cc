// SPDX-License-Identifier: Apache-2.0
// Two handles would each keep, and cancel, the same registration.
// error: use of deleted function

#include <utility>

#include "naming/registry.h"

naming::Registration Take(naming::Registration& registration) {
#ifdef MISUSE
  return registration;
#else
  return std::move(registration);
#endif
}
