// SPDX-License-Identifier: Apache-2.0
// naming-xds as it is run.

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/xds/reader.h"
#include "tests/xds/raw_stream.h"

namespace naming::testing {
namespace {

Process Run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), NAMING_XDS_PROGRAM);
  return Process(arguments);
}

TEST_CASE("naming-xds serves until it is told to end", "[xds][program]") {
  const TemporaryDirectory directory;
  const std::string address = "unix:" + directory.File("xds.sock");
  Process program = Run({"--registry", "direct://10.0.0.1:80,10.0.0.2:80",
                         "--listen", address, "--node-id", "me"});
  CHECK(program.ReadLine() == "listening on " + address);
  CHECK(program.ReadLine() ==
        R"(GRPC_XDS_BOOTSTRAP_CONFIG={"xds_servers":[{"server_uri":")" +
            address +
            R"(","channel_creds":[{"type":"insecure"}],)"
            R"("server_features":["xds_v3"]}],"node":{"id":"me"}})");
  RawStream stream(address);
  CHECK(stream.Subscribe(xds::Type::kEndpoints, {"demo"}));
  const auto response = stream.Read();
  REQUIRE(response);
  CHECK(xds::Get(*response, "2.2.2.2.1.1.1.2") ==
        std::vector<std::string>{"10.0.0.1", "10.0.0.2"});
  program.Signal(SIGTERM);
  CHECK(program.Wait() == 0);
  CHECK_FALSE(stream.End().ok());
}

TEST_CASE("naming-xds' socket is never anybody else's", "[xds][program]") {
  const TemporaryDirectory directory;
  Process program = Run({"--registry", "direct://10.0.0.1:80", "--listen",
                         "unix:" + directory.File("xds.sock")});
  REQUIRE(program.ReadLine());
  // Not even while it is made.
  std::ifstream file("/proc/" + std::to_string(program.pid()) + "/status");
  const std::string status((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  CHECK_THAT(status, Catch::Contains("Umask:\t0077\n"));
}

TEST_CASE("naming-xds says what is wrong with its arguments",
          "[xds][program]") {
  struct Case {
    std::vector<std::string> arguments;
    const char* says;
  };
  for (const Case& c : std::vector<Case>{
           {{"--registry", "nonsense"}, "--registry: must begin with"},
           {{"--registry", "direct://h:1", "--listen", "0.0.0.0:1"},
            "options.listen: must be on the loop"},
           {{"--registry", "direct://h:1", "--retries", "5"},
            "options.retries"},
           {{"--unknown"}, "--unknown"}}) {
    Process program = Run(c.arguments);
    CHECK(program.Wait() == 2);
    CHECK_THAT(program.error_text(), Catch::StartsWith("naming-xds: "));
    CHECK_THAT(program.error_text(), Catch::Contains(c.says));
  }
  Process version = Run({"--version"});
  CHECK(version.Wait() == 0);
}

}  // namespace
}  // namespace naming::testing
