// SPDX-License-Identifier: Apache-2.0
// A Client owns threads.
// error: use of deleted function

#include "naming/discovery/client.h"

void Use(const naming::discovery::Client& client) {
#ifdef MISUSE
  const auto copy = client;
#else
  const auto& copy = client;
#endif
  (void)copy;
}
