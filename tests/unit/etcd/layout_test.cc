// SPDX-License-Identifier: Apache-2.0
// Keys and values as the Go packages of Kratos and go-zero wrote them into a
// real etcd: what we write equals them, and what they wrote is read.

#include "etcd/layout.h"

#include <string>
#include <utility>

#include "tests/support/catch.h"

namespace naming::etcd {
namespace {

std::unique_ptr<LayoutCodec> Make(Layout layout, ClientOptions options = {}) {
  options.layout = layout;
  return MakeLayout(options);
}

Record EncodeOne(const LayoutCodec& layout, const Instance& instance,
                 const Stamp& stamp = {}) {
  const auto records = layout.Encode(instance, stamp);
  REQUIRE(records.size() == 1);
  return records.front();
}

// Returns what is read; the test fails when nothing is.
Instance DecodeOne(const LayoutCodec& layout, const std::string& app_id,
                   const Record& record) {
  const auto decoded = layout.Decode(app_id, record);
  CAPTURE(record.value, decoded.status().ToString());
  REQUIRE(decoded.ok());
  REQUIRE(decoded->has_value());
  return **decoded;
}

const Record kKratosWrote = {
    "/microservices/helloworld/11111111-2222",
    R"({"id":"11111111-2222","name":"helloworld","version":"v1.0.0",)"
    R"("metadata":{"html":"\u003ca\u0026b\u003e","weight":"20"},)"
    R"("endpoints":["grpc://10.0.0.1:9000","http://10.0.0.1:8000"]})"};

Instance KratosInstance() {
  Instance instance;
  instance.app_id = "helloworld";
  instance.hostname = "11111111-2222";
  instance.addrs = {"grpc://10.0.0.1:9000", "http://10.0.0.1:8000"};
  instance.version = "v1.0.0";
  instance.metadata = {{"html", "<a&b>"}, {"weight", "20"}};
  return instance;
}

TEST_CASE("kratos: what Kratos v2 writes is written, and read",
          "[etcd][layout]") {
  const auto layout = Make(Layout::kKratos);
  const Record record = EncodeOne(*layout, KratosInstance());
  CHECK(record.key == kKratosWrote.key);
  CHECK(record.value == kKratosWrote.value);
  CHECK(DecodeOne(*layout, "helloworld", kKratosWrote) == KratosInstance());
  CHECK(layout->Prefixes("helloworld") ==
        std::vector<std::string>{"/microservices/helloworld/"});
  CHECK(layout->ttl() == std::chrono::seconds(15));

  Instance bare = KratosInstance();
  bare.metadata.clear();
  const std::string without =
      R"({"id":"11111111-2222","name":"helloworld","version":"v1.0.0",)"
      R"("metadata":null,)"
      R"("endpoints":["grpc://10.0.0.1:9000","http://10.0.0.1:8000"]})";
  CHECK(EncodeOne(*layout, bare).value == without);
  CHECK(DecodeOne(*layout, "helloworld", {kKratosWrote.key, without}) == bare);
}

TEST_CASE("kratos: values are read as Go reads them", "[etcd][layout]") {
  const auto layout = Make(Layout::kKratos);
  const std::string key = "/microservices/a/x";
  SECTION("fields in any order and case, unknown ones, one that is missing") {
    const Instance read = DecodeOne(
        *layout, "a",
        {key, R"( {"endpoints":["grpc://h:1/?x=1"],"More":[1],"NAME":"a"} )"});
    CHECK(read.hostname == "x");
    CHECK(read.addrs == std::vector<std::string>{"grpc://h:1"});
  }
  SECTION("TLS as Kratos before 2.4 wrote it") {
    const Instance read = DecodeOne(
        *layout, "a",
        {key, R"({"name":"a","endpoints":["grpc://h:1?isSecure=true",)"
              R"("http://h:2?isSecure=false","grpc://[::1]:3"]})"});
    CHECK(read.addrs == std::vector<std::string>{"grpcs://h:1", "http://h:2",
                                                 "grpc://[::1]:3"});
  }
  SECTION("metadata of any size and key; an address that can't be used") {
    const std::string large(100'000, 'x');
    const Instance read = DecodeOne(
        *layout, "a",
        {key, R"({"name":"a","metadata":{"":"e","l":")" + large +
                  R"("},"endpoints":["nonsense",null,"grpc://h:1"]})"});
    CHECK(read.metadata ==
          std::map<std::string, std::string>{{"", "e"}, {"l", large}});
    CHECK(read.addrs == std::vector<std::string>{"grpc://h:1"});
  }
  SECTION("another service below the same prefix") {
    const auto decoded = layout->Decode(
        "a", {"/microservices/a/v2/x",
              R"({"id":"x","name":"a/v2","endpoints":["grpc://h:1"]})"});
    REQUIRE(decoded.ok());
    CHECK_FALSE(decoded->has_value());
  }
}

TEST_CASE("kratos: a value of a wrong type is an error", "[etcd][layout]") {
  const auto layout = Make(Layout::kKratos);
  const std::string value = GENERATE(
      as<std::string>(), "", "not json", "[]", R"({"name":1})",
      R"({"name":"a","endpoints":"grpc://h:1"})",
      R"({"name":"a","endpoints":["grpc://h:1"],"metadata":{"weight":5}})",
      R"({"name":"a","endpoints":[]})", R"({"name":"a","endpoints":null})",
      R"({"name":"a","endpoints":["nonsense"]})",
      R"({"name":"a","endpoints":["grpc://h:1"]} x)");
  CAPTURE(value);
  CHECK(absl::IsInternal(
      layout->Decode("a", {"/microservices/a/x", value}).status()));
}

TEST_CASE("kratos: metadata zone is the zone; without it the own one",
          "[etcd][layout]") {
  ClientOptions options;
  options.zone = "near";
  const auto layout = Make(Layout::kKratos, options);
  CHECK(DecodeOne(*layout, "helloworld", kKratosWrote).zone == "near");
  Instance instance = KratosInstance();
  instance.zone = "far";
  const Record record = EncodeOne(*layout, instance);
  CHECK_THAT(record.value, Catch::Matchers::Contains(R"("zone":"far")"));
  CHECK(DecodeOne(*layout, "helloworld", record) == instance);
}

const Record kKratos1Wrote = {
    "/kratos_etcd/demo.service/host1",
    R"({"region":"sh","zone":"sh001","env":"pre","appid":"demo.service",)"
    R"("hostname":"host1","addrs":["grpc://10.0.0.1:9000",)"
    R"("http://10.0.0.1:8000"],"version":"111",)"
    R"("latest_timestamp":1700000000123456789,)"
    R"("metadata":{"color":"red","weight":"10"},"status":1})"};

TEST_CASE("kratos1: what Kratos v1 writes is written, and read",
          "[etcd][layout]") {
  const auto layout = Make(Layout::kKratos1);
  Instance instance;
  instance.app_id = "demo.service";
  instance.hostname = "host1";
  instance.region = "sh";
  instance.zone = "sh001";
  instance.env = "pre";
  instance.addrs = {"grpc://10.0.0.1:9000", "http://10.0.0.1:8000"};
  instance.version = "111";
  instance.metadata = {{"color", "red"}, {"weight", "10"}};
  const Record record = EncodeOne(*layout, instance, {1, 1700000000123456789});
  CHECK(record.key == kKratos1Wrote.key);
  CHECK(record.value == kKratos1Wrote.value);
  CHECK(DecodeOne(*layout, "demo.service", kKratos1Wrote) == instance);
  CHECK(layout->ttl() == std::chrono::seconds(90));

  instance.status = Instance::Status::kWaiting;
  CHECK(layout->Check(instance).ok());
  CHECK(DecodeOne(*layout, "demo.service", EncodeOne(*layout, instance)) ==
        instance);
}

TEST_CASE("gozero: what go-zero writes is written, and read",
          "[etcd][layout]") {
  const auto layout = Make(Layout::kGoZero);
  Instance instance;
  instance.app_id = "user.rpc";
  instance.hostname = "10.0.0.1:8080";
  instance.addrs = {"http://10.0.0.1:80", "grpc://10.0.0.1:8080"};
  const Record record = EncodeOne(*layout, instance, {2324035510062474520, 0});
  CHECK(record.key == "user.rpc/2324035510062474520");
  CHECK(record.value == "10.0.0.1:8080");
  instance.addrs = {"grpc://10.0.0.1:8080"};
  CHECK(DecodeOne(*layout, "user.rpc", record) == instance);
  // Any text may stand for the lease.
  CHECK(DecodeOne(*layout, "user.rpc", {"user.rpc/7", "10.0.0.1:8080"}) ==
        instance);
  CHECK(layout->HostnameOf(instance) == "10.0.0.1:8080");
  CHECK(layout->ttl() == std::chrono::seconds(10));
  for (const char* value : {"", "10.0.0.1", "10.0.0.1:0", "{}"}) {
    CAPTURE(value);
    CHECK(absl::IsInternal(
        layout->Decode("user.rpc", {"user.rpc/7", value}).status()));
  }
}

TEST_CASE("gozero: details stand in a key that go-zero doesn't read",
          "[etcd][layout]") {
  ClientOptions options;
  options.details_prefix = "/naming/";
  const auto layout = Make(Layout::kGoZero, options);
  Instance instance = KratosInstance();
  const auto records = layout->Encode(instance, {9, 1});
  REQUIRE(records.size() == 2);
  CHECK(records[0].key == "helloworld/9");
  CHECK(records[0].value == "10.0.0.1:9000");
  CHECK(records[1].key == "naming/helloworld/9");
  const Instance bare = DecodeOne(*layout, "helloworld", records[0]);
  const Instance details = DecodeOne(*layout, "helloworld", records[1]);
  CHECK(details == instance);

  std::map<std::string, const Instance*> by_key = {
      {records[0].key, &bare},
      {records[1].key, &details},
      {"helloworld/8", &bare},           // A Go program.
      {"naming/helloworld/7", &details}  // Its address has gone.
  };
  layout->Join("helloworld", by_key);
  CHECK(by_key == std::map<std::string, const Instance*>{
                      {"helloworld/9", &details}, {"helloworld/8", &bare}});
}

TEST_CASE("grpc: what gRPC-Go resolves is written, and read",
          "[etcd][layout]") {
  const auto layout = Make(Layout::kGrpc);
  Instance instance;
  instance.app_id = "svc";
  instance.hostname = "10.0.0.1:9000";
  instance.addrs = {"grpc://10.0.0.1:9000"};
  SECTION("an address and nothing else") {
    const Record record = EncodeOne(*layout, instance);
    CHECK(record.key == "svc/10.0.0.1:9000");
    CHECK(record.value == R"({"Op":0,"Addr":"10.0.0.1:9000","Metadata":null})");
    CHECK(DecodeOne(*layout, "svc", record) == instance);
  }
  SECTION("all there is") {
    instance.hostname = "h";
    instance.version = "2";
    instance.zone = "z";
    instance.addrs = {"http://10.0.0.1:80", "grpc://10.0.0.1:9000"};
    instance.metadata = {{"weight", "5"}};
    CHECK(DecodeOne(*layout, "svc", EncodeOne(*layout, instance)) == instance);
  }
  SECTION("metadata that is any JSON passes through") {
    const std::string value =
        R"({"Op":0,"Addr":"10.0.0.1:9000","Metadata":{"a":[1.5,"}\""]}})";
    const Instance read = DecodeOne(*layout, "svc", {"svc/x", value});
    CHECK(read.metadata == std::map<std::string, std::string>{
                               {"grpc.metadata", R"({"a":[1.5,"}\""]})"}});
    CHECK(EncodeOne(*layout, read).value == value);
    instance.metadata = {{"grpc.metadata", "{"}};
    CHECK(absl::IsInvalidArgument(layout->Check(instance)));
    instance.metadata = {{"grpc.metadata", "[1]"}};
    CHECK(layout->Check(instance).ok());
    instance.zone = "z";
    CHECK_THAT(std::string(layout->Check(instance).message()),
               Catch::Matchers::Contains("no place"));
  }
  SECTION("addresses that can't be used leave the good one") {
    const auto with = [&](const std::string& addrs) {
      return DecodeOne(*layout, "svc",
                       {"svc/x", R"({"Op":0,"Addr":"h:1","Metadata":)"
                                 R"({"naming.addrs":")" +
                                     addrs + R"("}})"})
          .addrs;
    };
    CHECK(with("bogus") == std::vector<std::string>{"grpc://h:1"});
    CHECK(with("bogus,http://h:2") == std::vector<std::string>{"http://h:2"});
  }
  SECTION("what is deleted in the old way, or has no address, isn't there") {
    for (const char* value :
         {R"({"Op":1,"Addr":"10.0.0.1:9000"})", R"({"Op":0,"Addr":""})"}) {
      const auto decoded = layout->Decode("svc", {"svc/x", value});
      REQUIRE(decoded.ok());
      CHECK_FALSE(decoded->has_value());
    }
  }
}

TEST_CASE("What a layout can't say isn't written", "[etcd][layout]") {
  Instance waiting = KratosInstance();
  waiting.status = Instance::Status::kWaiting;
  for (const Layout layout :
       {Layout::kKratos, Layout::kGoZero, Layout::kGrpc}) {
    const absl::Status status = Make(layout)->Check(waiting);
    CHECK(absl::IsInvalidArgument(status));
    CHECK_THAT(std::string(status.message()),
               Catch::Matchers::Contains("instance.status"));
  }
}

TEST_CASE("A prefix of one's own", "[etcd][layout]") {
  ClientOptions options;
  options.prefix = "/a/b/";
  CHECK(Make(Layout::kKratos, options)->Prefixes("x") ==
        std::vector<std::string>{"/a/b/x/"});
  CHECK(Make(Layout::kKratos1, options)->Prefixes("x") ==
        std::vector<std::string>{"/a/b/x/"});
  CHECK(Make(Layout::kGoZero, options)->Prefixes("x") ==
        std::vector<std::string>{"a/b/x/"});
  CHECK(Make(Layout::kGrpc, options)->Prefixes("x") ==
        std::vector<std::string>{"a/b/x/"});
}

}  // namespace
}  // namespace naming::etcd
