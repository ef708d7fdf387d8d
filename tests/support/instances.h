// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_INSTANCES_H_
#define NAMING_TESTS_SUPPORT_INSTANCES_H_

#include <string>

#include "naming/instance.h"

namespace naming::testing {

// Returns an Instance with every field that a registration needs.
inline Instance MakeInstance(const std::string& app_id,
                             const std::string& hostname,
                             const std::string& version = "1") {
  Instance instance;
  instance.app_id = app_id;
  instance.hostname = hostname;
  instance.region = "region01";
  instance.zone = "zone01";
  instance.env = "dev";
  instance.addrs = {"http://10.0.0.1:80", "grpc://10.0.0.1:90"};
  instance.version = version;
  instance.metadata = {{"weight", "10"}};
  return instance;
}

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_INSTANCES_H_
