// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_BENCHMARK_FLOOR_SERVER_H_
#define NAMING_TESTS_BENCHMARK_FLOOR_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>

namespace naming::benchmark {

// Serves with evhttp and nothing else, in this thread, for ever: /hold is held
// until the next request for /release, and every answer is the same body of
// `body_size` bytes. Tells `on_listening` its port. Returns false when it can't
// listen.
bool RunFloorServer(std::size_t body_size,
                    const std::function<void(std::uint16_t)>& on_listening);

}  // namespace naming::benchmark

#endif  // NAMING_TESTS_BENCHMARK_FLOOR_SERVER_H_
