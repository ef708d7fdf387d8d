// SPDX-License-Identifier: Apache-2.0

#include "etcd/keys.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace naming::etcd {
namespace {

struct KeysFixture {
  KeysFixture() {
    ClientOptions options;
    options.layout = Layout::kGoZero;
    layout = MakeLayout(options);
  }

  static KeyValue At(const std::string& id, const std::string& addr,
                     std::int64_t revision) {
    return {"a/" + id, addr, revision, 1};
  }

  static std::string List(const Keys& keys) {
    std::string text;
    for (const Instance& instance : keys.Instances()) {
      text += instance.hostname + " ";
    }
    return text;
  }

  std::unique_ptr<LayoutCodec> layout;
};

TEST_CASE_METHOD(KeysFixture, "Events change what was read", "[etcd][keys]") {
  Keys keys(*layout, "a");
  CHECK(keys.Replace({10, {At("1", "h:1", 8), At("2", "h:2", 9)}}));
  CHECK(keys.revision() == 10);
  CHECK(List(keys) == "h:1 h:2 ");
  CHECK(keys.Apply(0, {{At("3", "h:3", 11), false}, {At("1", "", 12), true}}));
  CHECK(keys.revision(0) == 12);
  CHECK(List(keys) == "h:2 h:3 ");
  // What comes once more is known.
  CHECK_FALSE(keys.Apply(0, {{At("3", "h:9", 11), false}}));
  CHECK(List(keys) == "h:2 h:3 ");
  keys.Reached(0, 20);
  CHECK(keys.revision() == 20);
}

TEST_CASE_METHOD(KeysFixture, "What is read again is a change only if it is",
                 "[etcd][keys]") {
  Keys keys(*layout, "a");
  CHECK(keys.Replace({10, {}}));
  CHECK_FALSE(keys.Replace({11, {}}));
  CHECK(keys.Replace({12, {At("1", "h:1", 12)}}));
  CHECK_FALSE(keys.Replace({13, {At("1", "h:1", 12)}}));
  CHECK(keys.Replace({14, {At("1", "h:2", 14)}}));
  SECTION("something is missing") { CHECK(keys.Replace({15, {}})); }
  SECTION("a store that was wiped has another value at the same revision") {
    CHECK(keys.Replace({20, {At("1", "h:3", 14)}}));
    CHECK(List(keys) == "h:3 ");
  }
  SECTION("an older store has other values at the same revision") {
    CHECK(keys.Replace({12, {At("1", "h:3", 14)}}));
    CHECK(List(keys) == "h:3 ");
  }
}

TEST_CASE_METHOD(KeysFixture,
                 "A bad value is left out, counted, and complained of once",
                 "[etcd][keys]") {
  Keys keys(*layout, "a");
  keys.Replace({10, {At("1", "h:1", 8), At("2", "{bad}", 9)}});
  CHECK(List(keys) == "h:1 ");
  CHECK(keys.bad_count() == 1);
  const auto complaints = keys.TakeComplaints();
  REQUIRE(complaints.size() == 1);
  CHECK_THAT(complaints[0], Catch::Matchers::Contains("a/2"));
  keys.Replace({11, {At("1", "h:1", 8), At("2", "{bad}", 9)}});
  CHECK(keys.bad_count() == 1);
  CHECK(keys.TakeComplaints().empty());
  // Whoever put it puts it again.
  keys.Apply(0, {{At("2", "{bad}", 12), false}});
  CHECK(keys.TakeComplaints().empty());
  keys.Apply(0, {{At("2", "h:2", 13), false}});
  CHECK(keys.bad_count() == 0);
  CHECK(List(keys) == "h:1 h:2 ");
  keys.Apply(0, {{At("2", "{bad}", 14), false}});
  CHECK(keys.TakeComplaints().size() == 1);
}

TEST_CASE_METHOD(KeysFixture, "A bad value over a good one changes nothing",
                 "[etcd][keys]") {
  Keys keys(*layout, "a");
  keys.Replace({10, {At("1", "h:1", 8)}});
  if (GENERATE(true, false)) {
    keys.Apply(0, {{At("1", "{bad}", 11), false}});
  } else {
    keys.Replace({11, {At("1", "{bad}", 11)}});
  }
  CHECK(List(keys) == "h:1 ");
  CHECK(keys.bad_count() == 1);
  keys.Apply(0, {{At("1", "{worse}", 12), false}});
  CHECK(List(keys) == "h:1 ");
  CHECK(keys.bad_count() == 1);
  SECTION("until there is a good one") {
    keys.Apply(0, {{At("1", "h:2", 13), false}});
    CHECK(List(keys) == "h:2 ");
  }
  SECTION("until it goes") {
    keys.Apply(0, {{At("1", "", 13), true}});
    CHECK(List(keys).empty());
  }
  CHECK(keys.bad_count() == 0);
}

TEST_CASE("Of keys with one id both are seen, unless they are one instance",
          "[etcd][keys]") {
  const auto layout = MakeLayout(ClientOptions());
  Keys keys(*layout, "a");
  const auto at = [](const std::string& key, const std::string& addr) {
    return KeyValue{
        "/microservices/a/" + key,
        R"({"id":"x","name":"a","endpoints":["grpc://)" + addr + R"("]})", 5,
        1};
  };
  keys.Replace({10, {at("1", "h:1"), at("2", "h:2"), at("3", "h:1")}});
  const auto instances = keys.Instances();
  REQUIRE(instances.size() == 2);
  CHECK(instances[0].hostname == "x");
  CHECK(instances[0].addrs == std::vector<std::string>{"grpc://h:1"});
  CHECK(instances[1].hostname == "x@/microservices/a/2");
  CHECK(instances[1].addrs == std::vector<std::string>{"grpc://h:2"});
}

TEST_CASE("Bytes that aren't UTF-8 are read as Go reads them", "[etcd][keys]") {
  const auto layout = MakeLayout(ClientOptions());
  Keys keys(*layout, "a");
  keys.Replace({10,
                {{"/microservices/a/x",
                  "{\"id\":\"x\",\"name\":\"a\",\"version\":\"\xFFv\","
                  "\"endpoints\":[\"grpc://h:1\"]}",
                  5, 1}}});
  REQUIRE(keys.Instances().size() == 1);
  CHECK(keys.Instances()[0].version == "\xEF\xBF\xBDv");
  CHECK(keys.bad_count() == 0);
}

}  // namespace
}  // namespace naming::etcd
