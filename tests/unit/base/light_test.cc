// SPDX-License-Identifier: Apache-2.0

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/thread_record.h"
#include "tests/support/catch.h"

namespace naming::base {
namespace {

TEST_CASE("Fences are left out where the kernel has membarrier, and only there",
          "[reclaim]") {
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  const bool has_it =
      commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0;
  CHECK(IsLight() == has_it);
  { const ReadSection section; }
  CHECK((light_record != nullptr) == has_it);
  CHECK(SyncThreads());
}

}  // namespace
}  // namespace naming::base
