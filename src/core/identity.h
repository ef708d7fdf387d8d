// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_IDENTITY_H_
#define NAMING_CORE_IDENTITY_H_

#include <cstdint>
#include <string>

#include "naming/instance.h"

// How clients, and what they register, are told from others.
namespace naming::core {

// Returns a seed of chance that no other client has.
std::uint64_t RandomSeed();

// Returns the operating system's host name; "localhost" when it has none.
std::string OsHostname();

// Returns the hostname of `instance`, which names none itself: OsHostname(),
// ":" and the port of its first address, so that two programs of one
// application on one machine are told apart.
std::string DefaultHostname(const Instance& instance);

// Returns how our requests call themselves: "naming/1.2.3".
std::string UserAgent();

}  // namespace naming::core

#endif  // NAMING_CORE_IDENTITY_H_
