// SPDX-License-Identifier: Apache-2.0

#include "cli/backend.h"

#include <chrono>
#include <string>

#include "naming/snapshot.h"
#include "tests/support/catch.h"

namespace naming::cli {
namespace {

// Returns the addresses of every application at `url`, each with a blank
// behind it.
std::string AddressesAt(const std::string& url) {
  const auto connect = ParseRegistry(url, discovery::ClientOptions());
  REQUIRE(connect.ok());
  const auto backend = (*connect)(LogSink());
  REQUIRE(backend.ok());
  const auto resolver = backend->builder->Build("direct:///demo");
  REQUIRE(resolver.ok());
  const auto snapshot = (*resolver)->Fetch(std::chrono::seconds(30));
  REQUIRE(snapshot.ok());
  std::string text;
  for (const auto& instance : (*snapshot)->AllInstances()) {
    text += instance->addrs.front() + " ";
  }
  return text;
}

TEST_CASE("A direct registry is a list of addresses", "[cli]") {
  for (const char* url :
       {"direct://a:1,b:2", "direct:///a:1,b:2", "direct://any/a:1, b:2/"}) {
    CAPTURE(url);
    CHECK(AddressesAt(url) == "grpc://a:1 grpc://b:2 ");
  }
}

TEST_CASE("A registry that can't be is refused by name", "[cli]") {
  struct Case {
    const char* url;
    const char* says;
  };
  for (const Case& c :
       {Case{"nonsense", "must begin with"}, Case{"zk://h:1", "\"zk://h:1\""},
        Case{"direct://a:1?zone=z", "\"?zone=z\""},
        Case{"discovery://a:1?env=x", "\"?env=x\""},
        Case{"etcd+kratos://h/ns?ttl=1", "\"ttl\""}}) {
    CAPTURE(c.url);
    const absl::Status status =
        ParseRegistry(c.url, discovery::ClientOptions()).status();
    CHECK(absl::IsInvalidArgument(status));
    CHECK_THAT(std::string(status.message()), Catch::Contains(c.says));
  }
}

}  // namespace
}  // namespace naming::cli
