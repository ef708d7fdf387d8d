// SPDX-License-Identifier: Apache-2.0
// Servers that are registered in a real etcd are stopped, killed and started
// again while four threads call them.

#include <grpcpp/grpcpp.h>

#include "tests/grpc/fleet.h"
#include "tests/support/catch.h"
#include "tests/support/etcd_server.h"

namespace naming::testing {
namespace {

TEST_CASE("Servers listed in etcd that stop in good order fail no call",
          "[grpc][etcd]") {
  const EtcdServer etcd;
  Fleet fleet("etcd+kratos://" + etcd.address(), 6, GrpcOptions());
  Load load([&](std::uint64_t number) { return fleet.Call(number); });
  fleet.StopAndStart(load);
  load.Stop();
  CHECK(load.FailuresText() == "");
}

TEST_CASE("Servers listed in etcd that are killed fail no call tried again",
          "[grpc][etcd]") {
  const EtcdServer etcd;
  Fleet fleet("etcd+gozero://" + etcd.address(), 3, GrpcOptions());
  Load load([&](std::uint64_t number) { return fleet.CallWithRetry(number); });
  fleet.KillAndStart(load, 6);
  load.Stop();
  CHECK(load.FailuresText() == "");
}

}  // namespace
}  // namespace naming::testing
