// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_BTHREAD_H_
#define NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_BTHREAD_H_

#include <atomic>
#include <cstdint>

using bthread_t = std::uint64_t;

namespace bthread {

// What a test stops "the bthread" with.
inline std::atomic<bool> is_stopped{false};

}  // namespace bthread

inline bthread_t bthread_self() { return 1; }
inline int bthread_stopped(bthread_t) { return bthread::is_stopped ? 1 : 0; }

#endif  // NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_BTHREAD_H_
