// SPDX-License-Identifier: Apache-2.0
// The registry stores strings, and makes "" of anything else.
// error: no match for .operator=.

#include "naming/instance.h"

void SetWeight(naming::Instance& instance) {
#ifdef MISUSE
  instance.metadata = {{"weight", 10}};
#else
  instance.metadata = {{"weight", "10"}};
#endif
}
