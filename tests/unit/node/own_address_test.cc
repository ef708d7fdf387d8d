// SPDX-License-Identifier: Apache-2.0

#include "node/own_address.h"

#include "tests/support/catch.h"

namespace naming::node {
namespace {

// 192.0.2.0/24 is for documentation: no machine has an address of it.

TEST_CASE("A node is known by the address that it listens on",
          "[own_address]") {
  CHECK(OwnAddress({"192.0.2.1", 7171}, {"127.0.0.1:7171"}) ==
        "192.0.2.1:7171");
}

TEST_CASE("A node that listens on all addresses finds itself among the nodes",
          "[own_address]") {
  const char* const any = GENERATE("0.0.0.0", "::");
  CHECK(OwnAddress({any, 7171}, {"192.0.2.1:7171", "127.0.0.1:7172",
                                 "127.0.0.1:7171"}) == "127.0.0.1:7171");
  CHECK(OwnAddress({any, 7171}, {"localhost:7171"}) == "localhost:7171");
}

TEST_CASE("A node that isn't among the nodes is known by where it listens",
          "[own_address]") {
  CHECK(OwnAddress({"0.0.0.0", 7171}, {"192.0.2.1:7171", "127.0.0.1:7172"}) ==
        "0.0.0.0:7171");
}

}  // namespace
}  // namespace naming::node
