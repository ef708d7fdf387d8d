// SPDX-License-Identifier: Apache-2.0
// Nodes with and without quirks over real sockets.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "naming/node/discovery_node.h"
#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"

namespace naming::node {
namespace {

using Catch::Contains;
using testing::BodyOf;
using testing::Exchange;
using testing::HttpGet;
using testing::HttpPost;
using testing::Process;
using testing::TcpConnection;

void Register(const std::string& address, const std::string& app_id,
              const std::string& hostname) {
  Exchange(address, HttpPost("/discovery/register",
                             "zone=z&env=dev&status=1&addrs=http%3A%2F%2Fh%3A1"
                             "&appid=" +
                                 app_id + "&hostname=" + hostname));
}

std::string Poll(const std::string& app_ids) {
  return HttpGet("/discovery/polls?env=dev&hostname=p" + app_ids);
}

TEST_CASE("A client that has gone takes an answer by quirk alone", "[quirks]") {
  constexpr const char* kA = "&appid=a&latest_timestamp=9000000000000000000";
  constexpr const char* kB = "&appid=b&latest_timestamp=9000000000000000000";
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  DiscoveryNodeOptions options;
  if (is_quirky) options.quirks = {"shared-poll-channels"};
  const auto node = DiscoveryNode::Start(options);
  REQUIRE(node.ok());
  const std::string address = (*node)->address();
  Register(address, "a", "h1");
  Register(address, "b", "h1");
  TcpConnection gone(address);
  gone.Send(Poll(kA));
  Exchange(address, HttpGet("/discovery/nodes"));
  gone.Close();
  TcpConnection next(address);
  next.Send(Poll(std::string(kA) + kB));
  Exchange(address, HttpGet("/discovery/nodes"));
  Register(address, "b", "h2");
  (*node)->AdvanceClock(std::chrono::seconds(30));
  CHECK_THAT(BodyOf(next.ReadAnswer()),
             Contains(is_quirky ? R"("code":-304)" : R"("code":0)"));
}

TEST_CASE("A node isn't started with a quirk that there isn't", "[quirks]") {
  DiscoveryNodeOptions options;
  options.quirks = {"v1.2.0", "loud"};
  CHECK(Validate(options).code() == absl::StatusCode::kInvalidArgument);
  const auto node = DiscoveryNode::Start(options);
  CHECK(node.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(node.status().message()), Contains("options.quirks") &&
                                                       Contains(": loud;") &&
                                                       Contains("quiet-set"));
}

#ifdef NAMING_NODE_PROGRAM
TEST_CASE("naming-node takes quirks by name", "[quirks]") {
  Process program({NAMING_NODE_PROGRAM, "--listen", "127.0.0.1:0", "--quirks",
                   "comma-lists,plain-polls"});
  const std::string line = program.ReadLine().value_or("");
  const std::string address = line.substr(line.rfind('/') + 1);
  Register(address, "a", "h1");
  CHECK_THAT(BodyOf(Exchange(address, Poll("&appid=a,infra.discovery"
                                           "&latest_timestamp=0,0"))),
             Contains(R"("ttl":1)") && Contains(R"("a":{)") &&
                 Contains(R"("infra.discovery":{)"));
}

TEST_CASE("naming-node knows every quirk and version", "[quirks]") {
  const std::string names = GENERATE(
      "shared-poll-channels,joined-addrs,quiet-set,quiet-last-cancel,"
      "restarting-version,ignored-dirty,hanging-writes,home-zone-only,"
      "preserved-few,comma-lists,missing-app-fails-poll,zeroing-set,"
      "listed-scheduler,doubled-timeout,leaking-protection,plain-polls",
      "v1.1.1", "v1.1.2", "v1.2.0");
  CAPTURE(names);
  Process program(
      {NAMING_NODE_PROGRAM, "--listen", "127.0.0.1:0", "--quirks", names});
  CHECK_THAT(program.ReadLine().value_or(""), Contains("listening on "));
}

TEST_CASE("naming-node refuses a quirk that there isn't", "[quirks]") {
  Process program({NAMING_NODE_PROGRAM, "--quirks", "quiet-set,loud"});
  CHECK(program.Wait() == 2);
  CHECK_THAT(program.error_text(), Contains("loud") && Contains("v1.2.0"));
}
#endif

}  // namespace
}  // namespace naming::node
