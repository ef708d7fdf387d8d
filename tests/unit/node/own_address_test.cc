// SPDX-License-Identifier: Apache-2.0

#include "node/own_address.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace naming::node {
namespace {

// 192.0.2.0/24 is for documentation: no machine has an address of it.

std::string Known(const base::HostPort& listening,
                  const std::vector<std::string>& nodes) {
  return OwnAddress(listening, OwnEntries(listening, nodes));
}

using Strings = std::vector<std::string>;

TEST_CASE("A node is known by the address that it listens on",
          "[own_address]") {
  CHECK(Known({"192.0.2.1", 7171}, {"127.0.0.1:7171"}) == "192.0.2.1:7171");
  CHECK(Known({"127.0.0.1", 7171}, {"localhost:7171", "127.0.0.1:7171"}) ==
        "127.0.0.1:7171");
}

TEST_CASE("A node that the others know by a name is known by that",
          "[own_address]") {
  CHECK(Known({"127.0.0.1", 7171}, {"192.0.2.1:7171", "localhost:7171"}) ==
        "localhost:7171");
  CHECK(Known({"localhost", 7171}, {"127.0.0.2:7171", "127.0.0.1:7171"}) ==
        "127.0.0.1:7171");
  CHECK(Known({"::1", 7171}, {"127.0.0.1:7171", "[0:0::1]:7171"}) ==
        "[0:0::1]:7171");
}

TEST_CASE("A node that listens on all addresses finds itself among the nodes",
          "[own_address]") {
  const char* const any = GENERATE("0.0.0.0", "::");
  CHECK(Known({any, 7171}, {"192.0.2.1:7171", "127.0.0.1:7172",
                            "127.0.0.1:7171"}) == "127.0.0.1:7171");
  CHECK(Known({any, 7171}, {"localhost:7171"}) == "localhost:7171");
}

TEST_CASE("A node that isn't among the nodes is known by where it listens",
          "[own_address]") {
  CHECK(Known({"0.0.0.0", 7171}, {"192.0.2.1:7171", "127.0.0.1:7172"}) ==
        "0.0.0.0:7171");
}

TEST_CASE("Each entry that is the node itself is found, no other",
          "[own_address]") {
  const Strings nodes = {"127.0.0.1:7171",  "localhost:7171",
                         "127.0.0.2:7171",  "127.0.0.1:7172",
                         "192.0.2.1:7171",  "no.such.host.invalid:7171",
                         "127.0.0.01:7171x"};
  CHECK(OwnEntries({"127.0.0.1", 7171}, nodes) ==
        Strings{"127.0.0.1:7171", "localhost:7171"});
  CHECK(OwnEntries({"127.0.0.2", 7171}, nodes) == Strings{"127.0.0.2:7171"});
  CHECK(OwnEntries({"0.0.0.0", 7171}, nodes) ==
        Strings{"127.0.0.1:7171", "localhost:7171", "127.0.0.2:7171"});
}

}  // namespace
}  // namespace naming::node
