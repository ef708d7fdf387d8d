// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/integration/node/plain_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"

// What a DiscoveryNode does for users' tests.
namespace naming::node {
namespace {

using std::chrono::seconds;
using testing::Eventually;
using testing::RawClient;

constexpr char kRegister[] =
    "zone=zone01&env=dev&appid=demo.app&hostname=h1&status=1&"
    "addrs=grpc%3A%2F%2F10.0.0.7%3A9000&addrs=http%3A%2F%2F10.0.0.7%3A80";
constexpr char kFetch[] = "/discovery/fetch?env=dev&appid=demo.app&status=1";
constexpr char kPoll[] =
    "/discovery/polls?env=dev&appid=nobody&hostname=p&latest_timestamp=0";

// Sends a GET on a connection of its own; returns the answer's body, or what
// else became of it.
std::string Get(const DiscoveryNode& node, const std::string& target) {
  RawClient client(node.address());
  if (!client.Get(target)) return "(not sent)";
  const auto answer = client.ReadAnswer();
  if (!answer) return "(closed)";
  if (answer->status != 200) return std::to_string(answer->status);
  return answer->body;
}

std::string Register(const DiscoveryNode& node) {
  RawClient client(node.address());
  if (!client.Post("/discovery/register", kRegister)) return "(not sent)";
  const auto answer = client.ReadAnswer();
  return answer ? answer->body : "(closed)";
}

bool HasCode(const std::string& body, int code) {
  return body.find("{\"code\":" + std::to_string(code) + ",") == 0;
}

TEST_CASE("A node tells what it was asked, and what it answered", "[node]") {
  const auto node = StartPlainNode();
  Register(*node);
  Get(*node, "/discovery/fetch?env=dev&appid=nobody&status=1");
  Get(*node, "/discovery/fetch?env=dev&appid=nobody");
  Get(*node, "/elsewhere");
  const std::vector<ReceivedRequest> requests = node->requests();
  REQUIRE(requests.size() == 4);
  CHECK(requests[0].method == "POST");
  CHECK(requests[0].path == "/discovery/register");
  CHECK(requests[0].Parameter("appid") == "demo.app");
  CHECK(requests[0].parameters.at("addrs") ==
        std::vector<std::string>{"grpc://10.0.0.7:9000", "http://10.0.0.7:80"});
  CHECK(requests[0].Parameter("color").empty());
  CHECK(requests[0].outcome == RequestOutcome::kAnswered);
  CHECK(requests[0].status == 200);
  CHECK(requests[0].code == 0);
  CHECK(requests[1].method == "GET");
  CHECK(requests[1].code == -404);
  CHECK(requests[2].code == -400);  // Without its status it doesn't bind.
  CHECK(requests[3].status == 404);
  CHECK(requests[3].code == 0);

  node->ClearRequests();
  CHECK(node->requests().empty());
  Get(*node, "/elsewhere");
  REQUIRE(node->requests().size() == 1);

  node->Stop();
  CHECK(node->requests().size() == 1);
}

TEST_CASE("A node remembers as many requests as it should", "[node]") {
  DiscoveryNodeOptions options;
  SECTION("the latest ones") {
    options.recorded_requests = 2;
    const auto node = StartPlainNode(options);
    for (const char* target : {"/1", "/2", "/3"}) Get(*node, target);
    const auto requests = node->requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].path == "/2");
    CHECK(requests[1].path == "/3");
  }
  SECTION("none") {
    options.recorded_requests = 0;
    const auto node = StartPlainNode(options);
    Get(*node, "/1");
    CHECK(node->requests().empty());
  }
  SECTION("within bounds") {
    options.recorded_requests = GENERATE(-1, 1'000'001);
    const absl::Status status = Validate(options);
    CHECK(absl::IsInvalidArgument(status));
    CHECK(std::string(status.message()) ==
          "node: options.recorded_requests: must be in [0, 1000000]");
  }
}

TEST_CASE("A held poll is pending until it is answered or its client goes",
          "[node]") {
  const auto node = StartPlainNode();
  RawClient client(node->address());
  REQUIRE(client.Get(kPoll));
  REQUIRE(Eventually([&] { return node->requests().size() == 1; }));
  CHECK(node->requests()[0].outcome == RequestOutcome::kPending);
  SECTION("answered") {
    node->AdvanceClock(seconds(30));
    CHECK(node->requests()[0].outcome == RequestOutcome::kAnswered);
    CHECK(node->requests()[0].code == -304);
  }
  SECTION("gone") {
    client.Reset();
    CHECK(Eventually([&] {
      return node->requests()[0].outcome == RequestOutcome::kDropped;
    }));
  }
}

TEST_CASE("A dropped request is closed on and not handled", "[node]") {
  const auto node = StartPlainNode();
  node->AddFault(Fault::Drop("/discovery/register", 1));
  CHECK(Register(*node) == "(closed)");
  CHECK(HasCode(Get(*node, kFetch), -404));
  CHECK(node->requests()[0].outcome == RequestOutcome::kDropped);
  CHECK(HasCode(Register(*node), 0));  // One was to be dropped.
  CHECK(HasCode(Get(*node, kFetch), 0));
}

TEST_CASE("A refused request is answered with an error and not handled",
          "[node]") {
  const auto node = StartPlainNode();
  SECTION("of the protocol") {
    node->AddFault(Fault::Refuse("/discovery/register", -500, 1));
    CHECK(Register(*node) == R"({"code":-500,"message":"-500","ttl":1})");
    CHECK(node->requests()[0].code == -500);
    CHECK(HasCode(Get(*node, kFetch), -404));
  }
  SECTION("of the protocol, whatever isn't an error") {
    node->AddFault(Fault::Refuse("/discovery/register", 200, 1));
    CHECK(Register(*node) == R"({"code":-500,"message":"-500","ttl":1})");
  }
  SECTION("of HTTP") {
    node->AddFault(Fault::Refuse(kFetch, 503));  // Not a path: matches nothing.
    node->AddFault(Fault::Refuse("/discovery/fetch", 503));
    CHECK(Get(*node, kFetch) == "503");
    CHECK(Get(*node, kFetch) == "503");
    CHECK(node->requests()[1].status == 503);
    node->ClearFaults();
    CHECK(HasCode(Get(*node, kFetch), -404));
  }
}

TEST_CASE("A fault befalls only the requests that it names", "[node]") {
  const auto node = StartPlainNode();
  Fault fault = Fault::Drop("/discovery/register");
  SECTION("by a parameter") {
    fault.parameters = {{"hostname", "h1"}, {"appid", "demo.app"}};
    node->AddFault(fault);
    CHECK(Register(*node) == "(closed)");
    CHECK(HasCode(Get(*node, kFetch), -404));
  }
  SECTION("by any value of one") {
    fault.parameters = {{"addrs", "http://10.0.0.7:80"}};
    node->AddFault(fault);
    CHECK(Register(*node) == "(closed)");
  }
  SECTION("and not others") {
    fault.parameters = {{"hostname", "h1"}, {"appid", "demo.other"}};
    node->AddFault(fault);
    fault.parameters = {{"color", ""}};
    node->AddFault(fault);
    CHECK(HasCode(Register(*node), 0));
  }
}

TEST_CASE("A delayed request is handled when its time has come", "[node]") {
  const auto node = StartPlainNode();
  node->AddFault(Fault::Delay("", seconds(20), 1));
  RawClient client(node->address());
  const auto pending = [&] {
    const auto requests = node->requests();
    return !requests.empty() && requests[0].outcome == RequestOutcome::kPending;
  };
  SECTION("and answered then") {
    REQUIRE(client.Post("/discovery/register", kRegister));
    REQUIRE(Eventually(pending));
    node->AdvanceClock(seconds(10));
    CHECK(pending());
    CHECK(HasCode(Get(*node, kFetch), -404));
    node->AdvanceClock(seconds(11));
    const auto answer = client.ReadAnswer();
    REQUIRE(answer);
    CHECK(HasCode(answer->body, 0));
    CHECK(HasCode(Get(*node, kFetch), 0));
  }
  SECTION("or held then, when it is a poll") {
    REQUIRE(client.Get(kPoll));
    REQUIRE(Eventually(pending));
    node->AdvanceClock(seconds(45));
    CHECK(pending());
    node->AdvanceClock(seconds(6));
    const auto answer = client.ReadAnswer();
    REQUIRE(answer);
    CHECK(HasCode(answer->body, -304));
  }
  SECTION("unless its client goes first") {
    REQUIRE(client.Post("/discovery/register", kRegister));
    REQUIRE(Eventually(pending));
    client.Reset();
    REQUIRE(Eventually([&] { return !pending(); }));
    node->AdvanceClock(seconds(30));
    CHECK(HasCode(Get(*node, kFetch), -404));
  }
  SECTION("unless the node stops first") {
    REQUIRE(client.Post("/discovery/register", kRegister));
    REQUIRE(Eventually(pending));
    node->Stop();
    CHECK_FALSE(client.ReadAnswer());
  }
}

TEST_CASE("Of several faults the first that matches happens", "[node]") {
  const auto node = StartPlainNode();
  node->AddFault(Fault::Refuse("/discovery/nodes", -1));
  node->AddFault(Fault::Refuse("/discovery/fetch", -2, 2));
  node->AddFault(Fault::Refuse("", -3));
  CHECK(HasCode(Get(*node, kFetch), -2));
  CHECK(HasCode(Get(*node, kFetch), -2));
  CHECK(HasCode(Get(*node, kFetch), -3));
  CHECK(HasCode(Get(*node, "/discovery/nodes"), -1));
}

TEST_CASE("An evicted instance is gone, and pollers are told", "[node]") {
  const auto node = StartPlainNode();
  REQUIRE(HasCode(Register(*node), 0));
  RawClient poller(node->address());
  // Far in the future: held until the next change.
  REQUIRE(
      poller.Get("/discovery/polls?env=dev&appid=demo.app&hostname=p&"
                 "latest_timestamp=4000000000000000000"));
  REQUIRE(Eventually([&] { return node->requests().size() == 2; }));
  CHECK(node->Evict("demo.app", "h2") == 0);
  CHECK(node->Evict("demo.app", "h1") == 1);
  const auto told = poller.ReadAnswer();
  REQUIRE(told);
  CHECK(told->body.find("\"instances\":{}") != std::string::npos);
  CHECK(HasCode(Get(*node, kFetch), -404));
  node->Stop();
  CHECK(node->Evict("demo.app", "h1") == 0);
}

TEST_CASE("A client's registration survives each fault", "[node]") {
  const auto node = StartPlainNode();
  discovery::ClientOptions options;
  options.nodes = {node->address()};
  options.renew_interval = seconds(1);
  const auto client = discovery::Client::Create(options);
  REQUIRE(client.ok());
  Instance instance;
  instance.app_id = "demo.app";
  instance.addrs = {"grpc://10.0.0.7:9000"};
  node->AddFault(Fault::Refuse("/discovery/register", -500, 1));
  RegisterOptions persistent;
  persistent.mode = RegisterMode::kKeepTrying;
  auto registration = (*client)->Register(instance, persistent);
  REQUIRE(registration.ok());
  REQUIRE(registration->Wait(seconds(30)).ok());
  node->AddFault(Fault::Drop("/discovery/renew", 2));
  CHECK(node->Evict("demo.app", registration->instance().hostname) == 1);
  CHECK(Eventually([&] { return HasCode(Get(*node, kFetch), 0); }));
}

}  // namespace
}  // namespace naming::node
