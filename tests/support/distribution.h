// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_DISTRIBUTION_H_
#define NAMING_TESTS_SUPPORT_DISTRIBUTION_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace naming::testing {

// Returns the path of the program `name` of the distribution. Ends the test
// program where there is none: as skipped, but as failed where the environment
// says CI=true.
std::string InstalledProgram(std::string_view name);

// Returns a port of 127.0.0.1 that is free now, for programs that can't say
// which one they were given.
std::uint16_t FreePort();

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_DISTRIBUTION_H_
