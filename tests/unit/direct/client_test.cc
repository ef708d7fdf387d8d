// SPDX-License-Identifier: Apache-2.0

#include "naming/direct/client.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/instances.h"

namespace naming::direct {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> AddrsOf(Builder& builder, const std::string& target) {
  const auto resolver = builder.Build(target);
  REQUIRE(resolver.ok());
  const auto snapshot = (*resolver)->Fetch(milliseconds(0));
  REQUIRE(snapshot.ok());
  std::vector<std::string> addrs;
  for (const auto& instance : (*snapshot)->AllInstances()) {
    addrs.push_back(instance->addrs.at(0));
  }
  return addrs;
}

TEST_CASE("A target is its own list, there at once", "[direct]") {
  const auto client = *Client::Create();
  using Addrs = std::vector<std::string>;
  CHECK(AddrsOf(*client, "direct:///10.0.0.1:80,10.0.0.2:80") ==
        Addrs{"grpc://10.0.0.1:80", "grpc://10.0.0.2:80"});
  CHECK(AddrsOf(*client, "direct://default/ a:1 ,,[::1]:2,a:1") ==
        Addrs{"grpc://[::1]:2", "grpc://a:1"});
  CHECK(AddrsOf(*client, "direct:///http:%2F%2Fa:1") == Addrs{"http://a:1"});
}

TEST_CASE("What isn't an address is refused by name", "[direct]") {
  const auto client = *Client::Create();
  for (const char* target : {"direct:///a", "direct:///a:1,b:x", "direct:///,",
                             "direct:///a:0", "discovery:///a:1"}) {
    CAPTURE(target);
    CHECK(absl::IsInvalidArgument(client->Build(target).status()));
  }
  ClientOptions options;
  options.addrs = {"a:1", "b"};
  const absl::Status status = Client::Create(options).status();
  CHECK(absl::IsInvalidArgument(status));
  CHECK_THAT(std::string(status.message()),
             Catch::Matchers::Contains("direct: options.addrs[1]:"));
}

TEST_CASE("A client with addresses has them for every application",
          "[direct]") {
  ClientOptions options;
  options.addrs = {"a:1", "http://b:2"};
  options.zone = "z";
  const auto client = *Client::Create(options);
  CHECK(AddrsOf(*client, "direct:///demo.service") ==
        std::vector<std::string>{"grpc://a:1", "http://b:2"});
  const auto resolver = *client->Build("direct:///demo.service");
  CHECK((*resolver->Fetch(milliseconds(0)))->zones.count("z") == 1);
}

TEST_CASE("A registration succeeds, and ends", "[direct]") {
  const auto client = *Client::Create();
  const Instance instance = testing::MakeInstance("demo", "h");
  auto registration = client->Register(instance);
  REQUIRE(registration.ok());
  CHECK(registration->state().is_registered);
  CHECK(absl::IsAlreadyExists(client->Register(instance).status()));
  CHECK(registration->Cancel().ok());
  CHECK(absl::IsInvalidArgument(client->Register(Instance()).status()));
}

}  // namespace
}  // namespace naming::direct
