// SPDX-License-Identifier: Apache-2.0

#include "naming/target.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace naming {
namespace {

TEST_CASE("A target is taken apart", "[target]") {
  const auto target = Target::Parse(
      "Discovery://default/demo.service?subset=50&zone=sh%20001&cluster=a&"
      "cluster=b&scheme=GRPC");
  REQUIRE(target.ok());
  CHECK(target->scheme == "discovery");
  CHECK(target->authority == "default");
  CHECK(target->app_id == "demo.service");
  CHECK(target->subset == 50);
  CHECK(target->zone == "sh 001");
  CHECK(target->clusters == std::vector<std::string>{"a", "b"});
  CHECK(target->addr_scheme == "grpc");
}

TEST_CASE("What a target leaves out is not set", "[target]") {
  const auto target = Target::Parse("discovery:///demo.service");
  REQUIRE(target.ok());
  CHECK(target->authority.empty());
  CHECK(target->app_id == "demo.service");
  CHECK_FALSE(target->subset);
  CHECK_FALSE(target->zone);
  CHECK(target->clusters.empty());
  CHECK_FALSE(target->addr_scheme);
}

TEST_CASE("An app_id may hold slashes and escapes", "[target]") {
  CHECK(Target::Parse("etcd://h1:2379,h2:2379/user/v2")->app_id == "user/v2");
  CHECK(Target::Parse("etcd://h1:2379,h2:2379/user/v2")->authority ==
        "h1:2379,h2:2379");
  CHECK(Target::Parse("discovery:///user%2Fv2")->app_id == "user/v2");
  CHECK(Target::Parse("discovery:///%C3%BC")->app_id == "\xC3\xBC");
}

TEST_CASE("Each grammar of Kratos and go-zero is a target", "[target]") {
  struct Parts {
    std::string text, authority, app_id;
    std::vector<std::pair<std::string, std::string>> parameters;
  };
  const auto parts = GENERATE(values<Parts>({
      {"direct://default/h1:80,h2:80", "default", "h1:80,h2:80", {}},
      {"direct:///h1:80,%20h2:80 , [::1]:80", "", "h1:80,h2:80,[::1]:80", {}},
      {"etcd://h1:2379, h2:2379/user.rpc", "h1:2379,h2:2379", "user.rpc", {}},
      {"etcd:///h1:2379,h2:2379?key=user%2Frpc",
       "",
       "h1:2379,h2:2379",
       {{"key", "user/rpc"}}},
      {"etcd+kratos://h1,h2/microservices/helloworld",
       "h1,h2",
       "microservices/helloworld",
       {}},
      {"k8s://space/svc:8080", "space", "svc:8080", {}},
      {"consul://me:secret@h1:8500/svc?wait=14s&tag=a&tag=b&token=",
       "me:secret@h1:8500",
       "svc",
       {{"wait", "14s"}, {"tag", "a"}, {"tag", "b"}, {"token", ""}}},
  }));
  const auto target = Target::Parse(parts.text);
  CAPTURE(parts.text, target.status().ToString());
  REQUIRE(target.ok());
  CHECK(target->authority == parts.authority);
  CHECK(target->app_id == parts.app_id);
  CHECK(target->parameters == parts.parameters);
}

TEST_CASE("A target holds long lists of hosts", "[target]") {
  std::string hosts = "10.0.0.1:2379";
  while (hosts.size() < 20'000) hosts += ",10.0.0.1:2379";
  CHECK(Target::Parse("direct:///" + hosts)->app_id == hosts);
  CHECK(Target::Parse("etcd://" + hosts + "/x")->authority == hosts);
  while (hosts.size() < 70'000) hosts += hosts;
  CHECK(absl::IsInvalidArgument(Target::Parse("direct:///" + hosts).status()));
}

TEST_CASE("A bad target is an error that names the part", "[target]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "target: must be \"scheme://authority/app_id\""},
      {"demo.service", "target: must be"},
      {"discovery:demo", "target: must be"},
      {"://default/x", "target.scheme: "},
      {"1a://default/x", "target.scheme: "},
      {"dis covery://default/x", "target.scheme: "},
      {"discovery://default", "target.app_id: must not be empty"},
      {"discovery://default/", "target.app_id: must not be empty"},
      {"discovery:///a b", "target.app_id: must not contain white space"},
      {"discovery:///a%0Ab", "target.app_id: must be UTF-8 without"},
      {"discovery:///%FF", "target.app_id: must be UTF-8"},
      {"discovery:///x%2", "target.app_id: has a malformed escape"},
      {"discovery://%zz/x", "target.authority: has a malformed escape"},
      {"discovery:///x?zone=a&subset=%zz",
       "target.subset: has a malformed escape: \"subset=%zz\""},
      {"discovery:///x?zone=%2", "target.zone: has a malformed escape"},
      {"discovery:///x?%zz=5",
       "target: parameter \"%zz=5\" has a malformed escape"},
      {"discovery:///x?subset=ten", "target.subset: must be a number"},
      {"discovery:///x?subset=-1", "target.subset: must be a number"},
      {"discovery:///x?subset=100001", "target.subset: must be a number"},
      {"discovery:///x?subset=", "target.subset: must be a number"},
      {"discovery:///x?subset=1&subset=2", "target.subset: must be given once"},
      {"discovery:///x?zone=", "target.zone: must not be empty"},
      {"discovery:///x?cluster=", "target.cluster: must not be empty"},
      {"discovery:///x?scheme=g+rpc", "target.scheme (of addresses): "},
      {"discovery:///x?scheme=a&scheme=b", "target.scheme: must be given once"},
      {"discovery:///x?=blue", "target.parameters: must not be empty"},
      {"discovery:///x?key=%0A", "target.key: must be UTF-8 without"},
  }));
  const absl::Status status = Target::Parse(text).status();
  CAPTURE(text, status.ToString());
  CHECK(absl::IsInvalidArgument(status));
  CHECK(std::string(status.message()).rfind(message, 0) == 0);
}

TEST_CASE("Of several zones the first counts", "[target]") {
  const auto target = Target::Parse("discovery:///x?zone=a&zone=b");
  REQUIRE(target.ok());
  CHECK(target->zone == "a");
}

TEST_CASE("A target's text parses to an equal target", "[target]") {
  const std::string text = GENERATE(
      "discovery:///x", "discovery://default/a.b?subset=0",
      "etcd://h1:2379,[::1]:2379/user/v2?cluster=b&cluster=a",
      "discovery:///a%3Fb%23c%25?zone=%26%3D%2B&scheme=http",
      "etcd:///h1:2379,[::1]:2379?b=%26&a=1&b=", "direct:///,h1:80,,h2:80,");
  const auto target = Target::Parse(text);
  REQUIRE(target.ok());
  const auto again = Target::Parse(target->ToString());
  REQUIRE(again.ok());
  CHECK(*again == *target);
}

TEST_CASE("A target that wasn't parsed is checked, too", "[target]") {
  Target target;
  target.scheme = "discovery";
  target.app_id = "x";
  CHECK(Validate(target).ok());
  SECTION("scheme") { target.scheme = "Discovery"; }
  SECTION("app_id") { target.app_id.clear(); }
  SECTION("subset") { target.subset = -1; }
  SECTION("zone") { target.zone = ""; }
  SECTION("clusters") { target.clusters = {"a", ""}; }
  SECTION("addr_scheme") { target.addr_scheme = ":"; }
  SECTION("authority") { target.authority = "\n"; }
  SECTION("parameters") { target.parameters = {{"", "x"}}; }
  SECTION("a parameter that has a field") {
    target.parameters = {{"zone", "x"}};
  }
  CHECK(absl::IsInvalidArgument(Validate(target)));
}

}  // namespace
}  // namespace naming
