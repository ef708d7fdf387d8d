// SPDX-License-Identifier: Apache-2.0

#include "etcd/place.h"

#include <string>
#include <vector>

#include "etcd/members.h"
#include "tests/support/catch.h"

namespace naming::etcd {
namespace {

using Nodes = std::vector<std::string>;

TEST_CASE("A member's text becomes its URL", "[etcd][place]") {
  CHECK(MemberUrl("h") == "http://h:2379");
  CHECK(MemberUrl("h:1") == "http://h:1");
  CHECK(MemberUrl("https://h") == "https://h:2379");
  CHECK(MemberUrl("https://h:1/") == "https://h:1");
  CHECK(MemberUrl("[::1]") == "http://[::1]:2379");
  for (const char* text : {"", "h:0", "ftp://h", "h/x", "a b"}) {
    CAPTURE(text);
    CHECK(MemberUrl(text) == std::nullopt);
  }
  CHECK(MemberUrls({"h", "http://h:2379", "i"}) ==
        Nodes{"http://h:2379", "http://i:2379"});
}

TEST_CASE("A location says which client, and what it resolves",
          "[etcd][place]") {
  struct Case {
    const char* text;
    Layout layout;
    Nodes nodes;
    const char* prefix;
    const char* app_id;
  };
  for (const Case& c : std::vector<Case>{
           {"etcd+kratos://h1,h2/microservices/helloworld",
            Layout::kKratos,
            {"h1", "h2"},
            "microservices",
            "helloworld"},
           {"etcd+kratos://h1/helloworld",
            Layout::kKratos,
            {"h1"},
            "",
            "helloworld"},
           {"etcd+kratos1://h1/kratos_etcd/demo.service",
            Layout::kKratos1,
            {"h1"},
            "kratos_etcd",
            "demo.service"},
           {"etcd+gozero://h1:2379, h2:2379/user.rpc",
            Layout::kGoZero,
            {"h1:2379", "h2:2379"},
            "",
            "user.rpc"},
           {"etcd+grpc://h1/a/b", Layout::kGrpc, {"h1"}, "", "a/b"},
           {"etcd://h1:2379,h2:2379/user.rpc",
            Layout::kGoZero,
            {"h1:2379", "h2:2379"},
            "",
            "user.rpc"},
           {"discov://h1:2379/user.rpc",
            Layout::kGoZero,
            {"h1:2379"},
            "",
            "user.rpc"},
           {"etcd:///h1:2379,h2:2379?key=user%2Erpc",
            Layout::kGoZero,
            {"h1:2379", "h2:2379"},
            "",
            "user.rpc"}}) {
    CAPTURE(c.text);
    const auto location = ParseLocation(c.text);
    REQUIRE(location.ok());
    CHECK(location->options.layout == c.layout);
    CHECK(location->options.nodes == c.nodes);
    CHECK(location->options.prefix == c.prefix);
    CHECK(location->app_id == c.app_id);
  }
  for (const char* text :
       {"h1:2379", "zookeeper://h/x", "etcd+zero://h/x", "etcd+kratos:///x",
        "etcd:///h1:2379", "etcd+kratos://h:0/x", "etcd+kratos://h/%x"}) {
    CAPTURE(text);
    CHECK(absl::IsInvalidArgument(ParseLocation(text).status()));
  }
}

TEST_CASE("Of a registry the whole path is the prefix", "[etcd][place]") {
  const auto options =
      ParseRegistry("etcd+kratos://me:p%40ss@h1,h2:1/our/services");
  REQUIRE(options.ok());
  CHECK(options->user == "me");
  CHECK(options->password == "p@ss");
  CHECK(options->nodes == Nodes{"h1", "h2:1"});
  CHECK(options->prefix == "our/services");
  CHECK(ParseRegistry("etcd+gozero://h")->prefix.empty());
  CHECK(absl::IsInvalidArgument(ParseRegistry("etcd://h/x").status()));
  CHECK(absl::IsInvalidArgument(ParseRegistry("etcd+gozero:///x").status()));
}

TEST_CASE("A target's app_id may come after the prefix", "[etcd][place]") {
  ClientOptions options;
  const auto app_id = [&options](const std::string& path) {
    Target target;
    target.scheme = SchemeOf(options.layout);
    target.app_id = path;
    return AppIdOf(target, options);
  };
  CHECK(*app_id("helloworld") == "helloworld");
  CHECK(*app_id("microservices/helloworld") == "helloworld");
  CHECK(*app_id("microservices/user/v2") == "user/v2");
  CHECK(*app_id("user/v2") == "user/v2");
  CHECK(absl::IsInvalidArgument(app_id("microservices/").status()));
  options.prefix = "/our/";
  CHECK(*app_id("our/helloworld") == "helloworld");
  options.layout = Layout::kGoZero;
  options.prefix.clear();
  CHECK(*app_id("user.rpc") == "user.rpc");
}

TEST_CASE("A bad option is named", "[etcd][options]") {
  ClientOptions options;
  options.nodes = {"h"};
  CHECK(Validate(options).ok());
  std::string field;
  SECTION("no member") {
    options.nodes.clear();
    field = "etcd: options.nodes:";
  }
  SECTION("a malformed member") {
    options.nodes = {"h", "x y"};
    field = "etcd: options.nodes[1]:";
  }
  SECTION("a directory of snapshots") {
    options.snapshot_dir = std::string(3001, 'a');
    field = "etcd: options.snapshot_dir: must be at most 3000 bytes";
  }
  SECTION("an age of snapshots") {
    options.snapshot_max_age = std::chrono::seconds(1);
    field = "etcd: options.snapshot_max_age: must be in [1min, 8760h]";
  }
  SECTION("a ttl") {
    options.ttl = std::chrono::hours(2);
    field = "etcd: options.ttl: must be in [1s, 1h]";
  }
  SECTION("a password without a user") {
    options.password = "x";
    field = "etcd: options.user:";
  }
  SECTION("half a certificate") {
    options.cert_file = "x";
    field = "etcd: options.cert_file:";
  }
  SECTION("details of another layout") {
    options.details_prefix = "x";
    field = "etcd: options.details_prefix:";
  }
  SECTION("a timeout") {
    options.request_timeout = std::chrono::milliseconds(1);
    field = "etcd: options.request_timeout: must be in [100ms, 1min]";
  }
  const absl::Status status = Validate(options);
  CHECK(absl::IsInvalidArgument(status));
  CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains(field));
}

TEST_CASE("A registry's URL says who the user is, and nothing unknown",
          "[etcd][place]") {
  const auto with_user = ParseRegistry("etcd+kratos://u:p%2Fw%40@h1,h2/ns");
  REQUIRE(with_user.ok());
  CHECK(with_user->user == "u");
  CHECK(with_user->password == "p/w@");
  CHECK(with_user->nodes == Nodes{"h1", "h2"});
  const auto location = ParseLocation("etcd+gozero://u:p@h1/user.rpc");
  REQUIRE(location.ok());
  CHECK(location->options.user == "u");
  CHECK(location->options.password == "p");
  CHECK(location->options.nodes == Nodes{"h1"});

  const auto message = [](const auto& parsed) {
    CHECK(absl::IsInvalidArgument(parsed.status()));
    return std::string(parsed.status().message());
  };
  CHECK_THAT(message(ParseRegistry("etcd+kratos://h/ns?ttl=5")),
             Catch::Matchers::Contains("no parameter \"ttl\""));
  CHECK_THAT(message(ParseLocation("etcd+kratos://h/ns/app?ttl=5")),
             Catch::Matchers::Contains("no parameter \"ttl\""));
  CHECK_THAT(message(ParseLocation("etcd:///h?key=a&pass=b")),
             Catch::Matchers::Contains("no parameter \"pass\""));
  const std::string slash = message(ParseRegistry("etcd+kratos://u:p/w@h"));
  CHECK_THAT(slash, Catch::Matchers::Contains("%2F"));
  CHECK_THAT(slash, !Catch::Matchers::Contains("p/w"));
}

}  // namespace
}  // namespace naming::etcd
