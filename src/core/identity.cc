// SPDX-License-Identifier: Apache-2.0

#include "core/identity.h"

#include <unistd.h>

#include <optional>
#include <random>

#include "absl/strings/str_format.h"
#include "base/url.h"
#include "naming/version.h"

namespace naming::core {

std::uint64_t RandomSeed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::string OsHostname() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') {
    return "localhost";
  }
  return name;
}

std::string DefaultHostname(const Instance& instance) {
  const auto address = instance.addrs.empty()
                           ? std::nullopt
                           : base::ParseAddress(instance.addrs.front());
  if (!address) return OsHostname();  // Refused later, for its address.
  return absl::StrFormat("%s:%d", OsHostname(), address->host_port.port);
}

std::string UserAgent() {
  return absl::StrFormat("naming/%d.%d.%d", NAMING_VERSION_MAJOR,
                         NAMING_VERSION_MINOR, NAMING_VERSION_PATCH);
}

}  // namespace naming::core
