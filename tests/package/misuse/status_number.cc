// SPDX-License-Identifier: Apache-2.0
// The registry answers status 3 with nothing at all.
// error: cannot convert

#include "naming/instance.h"

void SetStatus(naming::Instance& instance) {
#ifdef MISUSE
  instance.status = 3;
#else
  instance.status = naming::Instance::Status::kWaiting;
#endif
}
