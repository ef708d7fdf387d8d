// SPDX-License-Identifier: Apache-2.0

#include "node/store.h"

#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::node {
namespace {

using std::chrono::seconds;
using Strings = std::vector<std::string>;
using Kind = MetadataChange::Kind;
using Outcome = Store::RegisterOutcome;

const AppKey kDemoApp{"dev", "demo.app"};
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

InstanceKey Key(const std::string& hostname, const std::string& zone = "z1") {
  return {kDemoApp, zone, hostname};
}

struct StoreFixture {
  RegisterRequest Request(const std::string& hostname,
                          const std::string& zone = "z1") const {
    RegisterRequest request;
    request.instance.env = "dev";
    request.instance.app_id = "demo.app";
    request.instance.zone = zone;
    request.instance.hostname = hostname;
    request.instance.addrs = {"grpc://10.0.0.1:9000"};
    request.instance.status = kStatusUp;
    return request;
  }

  Outcome Register(const std::string& hostname, const std::string& zone = "z1",
                   std::uint32_t status = kStatusUp) {
    RegisterRequest request = Request(hostname, zone);
    request.instance.status = status;
    return store.Register(std::move(request));
  }

  // Returns the only instance of that name.
  const StoredInstance& Get(const std::string& hostname) const {
    const StoredInstance* found = nullptr;
    store.ForEach([&](const StoredInstance& instance) {
      if (instance.hostname == hostname) found = &instance;
    });
    REQUIRE(found != nullptr);
    return *found;
  }

  // "zone:hostname,hostname" of what the mask selects.
  Strings Shown(std::uint32_t mask, std::string_view zone = "") const {
    const std::optional<AppView> view = store.Fetch(kDemoApp, zone, mask);
    Strings shown;
    if (!view) return {"unknown"};
    for (const auto& [name, instances] : view->zones) {
      std::string text(name);
      for (const StoredInstance* i : instances) text += " " + i->hostname;
      shown.push_back(text);
    }
    return shown;
  }

  std::int64_t Revision() const { return store.View(kDemoApp, "").revision; }
  std::int64_t Now() const { return UnixNanos(clock); }

  testing::FakeClock clock;
  Store store{clock};
};

TEST_CASE_METHOD(StoreFixture, "A new instance has the node's time throughout",
                 "[store]") {
  CHECK(Register("h1") == Outcome::kAdded);
  const StoredInstance& instance = Get("h1");
  CHECK(instance.reg_timestamp == Now());
  CHECK(instance.up_timestamp == Now());
  CHECK(instance.renew_timestamp == Now());
  CHECK(instance.dirty_timestamp == Now());
  CHECK(instance.latest_timestamp == Now());
  CHECK(Revision() == Now());
  CHECK(store.size() == 1);
}

TEST_CASE_METHOD(StoreFixture, "Registering again keeps the up_timestamp alone",
                 "[store]") {
  Register("h1");
  const std::int64_t first = Now();
  clock.Advance(seconds(5));
  RegisterRequest request = Request("h1");
  request.instance.version = "2";
  CHECK(store.Register(std::move(request)) == Outcome::kReplaced);
  const StoredInstance& instance = Get("h1");
  CHECK(instance.version == "2");
  CHECK(instance.up_timestamp == first);
  CHECK(instance.reg_timestamp == Now());
  CHECK(instance.renew_timestamp == Now());
  CHECK(instance.dirty_timestamp == Now());
  CHECK(instance.latest_timestamp == Now());
  CHECK(store.size() == 1);
}

TEST_CASE_METHOD(StoreFixture, "Every registration raises the revision",
                 "[store]") {
  Register("h1");
  const std::int64_t first = Revision();
  Register("h1");  // At the same time: one more.
  CHECK(Revision() == first + 1);
  clock.SetBackWall(seconds(100));
  Register("h2");
  CHECK(Revision() == first + 2);
  clock.Advance(seconds(200));
  Register("h2");
  CHECK(Revision() == Now());
}

TEST_CASE_METHOD(StoreFixture,
                 "A replica with an older dirty_timestamp is ignored",
                 "[store]") {
  Register("h1");
  const std::int64_t revision = Revision();
  RegisterRequest request = Request("h1");
  request.instance.version = "old";
  request.dirty_timestamp = 5;
  request.is_replica = true;
  clock.Advance(seconds(1));
  CHECK(store.Register(std::move(request)) == Outcome::kIgnored);
  CHECK(Get("h1").version.empty());
  CHECK(Get("h1").reg_timestamp == revision);
  CHECK(Revision() == revision);
}

TEST_CASE_METHOD(StoreFixture, "A replica as new as what is stored is taken",
                 "[store]") {
  Register("h1");
  const std::int64_t dirty = Get("h1").dirty_timestamp;
  RegisterRequest request = Request("h1");
  request.instance.version = "same";
  request.dirty_timestamp = dirty;
  request.is_replica = true;
  CHECK(store.Register(std::move(request)) == Outcome::kReplaced);
  CHECK(Get("h1").version == "same");
  CHECK(Get("h1").dirty_timestamp == dirty);
}

TEST_CASE_METHOD(StoreFixture, "A dirty_timestamp is kept, of replicas or not",
                 "[store]") {
  RegisterRequest request = Request("h1");
  request.dirty_timestamp = Now() + 77;
  request.is_replica = GENERATE(false, true);
  store.Register(std::move(request));
  CHECK(Get("h1").dirty_timestamp == Now() + 77);
  CHECK(Get("h1").latest_timestamp == Now());
  CHECK(Revision() == Now());
}

TEST_CASE_METHOD(StoreFixture,
                 "A registrant's data are taken though its clock lags",
                 "[store]") {
  RegisterRequest ahead = Request("h1");
  ahead.dirty_timestamp = Now() + 3600 * kSecond;
  store.Register(ahead);
  const std::int64_t stored = Get("h1").dirty_timestamp;
  RegisterRequest behind = Request("h1");
  behind.instance.version = "new";
  behind.dirty_timestamp = GENERATE(as<std::int64_t>(), 0, 5);
  CHECK(store.Register(std::move(behind)) == Outcome::kReplaced);
  CHECK(Get("h1").version == "new");
  // So that it wins on other nodes too.
  CHECK(Get("h1").dirty_timestamp == stored + 1);
}

TEST_CASE_METHOD(StoreFixture, "The largest timestamps overflow nothing",
                 "[store]") {
  RegisterRequest last = Request("h1");
  last.dirty_timestamp = kMax;
  store.Register(last);
  Register("h1");
  CHECK(Get("h1").dirty_timestamp == kMax);
  Register("h2");
  CHECK(store.Cancel(Key("h2"), kMax));
  CHECK(Revision() == kMax);
  Register("h2");
  CHECK(Revision() == kMax);
}

TEST_CASE_METHOD(StoreFixture, "Renew notes the time and nothing else",
                 "[store]") {
  Register("h1");
  const std::int64_t revision = Revision();
  clock.Advance(seconds(30));
  const RenewOutcome outcome = store.Renew(Key("h1"));
  REQUIRE(outcome.instance != nullptr);
  CHECK(outcome.has_zone);
  CHECK(outcome.instance->renew_timestamp == Now());
  CHECK(outcome.instance->reg_timestamp == revision);
  CHECK(outcome.instance->latest_timestamp == revision);
  CHECK(Revision() == revision);
}

TEST_CASE_METHOD(StoreFixture,
                 "Renew tells an unknown host from an unknown zone",
                 "[store]") {
  Register("h1");
  CHECK(store.Renew(Key("ghost")).has_zone);
  CHECK(store.Renew(Key("ghost")).instance == nullptr);
  CHECK_FALSE(store.Renew(Key("h1", "z2")).has_zone);
  CHECK_FALSE(store.Renew({{"dev", "nope"}, "z1", "h1"}).has_zone);
  CHECK_FALSE(store.Renew({{"prod", "demo.app"}, "z1", "h1"}).has_zone);
}

TEST_CASE_METHOD(StoreFixture,
                 "Cancel adds one to the revision, or takes a larger",
                 "[store]") {
  Register("h1");
  Register("h2");
  Register("h3");
  const std::int64_t revision = Revision();
  clock.Advance(seconds(30));
  CHECK(store.Cancel(Key("h1"), 0));
  CHECK(Revision() == revision + 1);
  CHECK_FALSE(store.Cancel(Key("h1"), 0));
  CHECK(Revision() == revision + 1);
  CHECK(store.Cancel(Key("h2"), revision + 100));
  CHECK(Revision() == revision + 100);
  CHECK(store.size() == 1);
}

TEST_CASE_METHOD(StoreFixture,
                 "A zone, and an application, end with their last", "[store]") {
  Register("h1", "z1");
  Register("h2", "z2");
  CHECK(Shown(kStatusUp) == Strings{"z1 h1", "z2 h2"});
  store.Cancel(Key("h1", "z1"), 0);
  CHECK(Shown(kStatusUp) == Strings{"z2 h2"});
  store.Cancel(Key("h2", "z2"), 0);
  CHECK(Shown(kStatusUp) == Strings{"unknown"});
  CHECK(store.size() == 0);
}

TEST_CASE_METHOD(StoreFixture,
                 "A mask selects by status, and keeps empty zones", "[store]") {
  Register("up", "z1");
  Register("waiting", "z2", kStatusWaiting);
  CHECK(Shown(1) == Strings{"z1 up", "z2"});
  CHECK(Shown(2) == Strings{"z1", "z2 waiting"});
  CHECK(Shown(3) == Strings{"z1 up", "z2 waiting"});
  CHECK(Shown(4) == Strings{"z1", "z2"});
}

TEST_CASE_METHOD(StoreFixture, "A zone asked for is the only one shown",
                 "[store]") {
  Register("h1", "z1");
  Register("h2", "z2");
  CHECK(Shown(1, "z2") == Strings{"z2 h2"});
  CHECK(Shown(1, "z3").empty());
}

TEST_CASE_METHOD(StoreFixture, "Applications of two envs never mix",
                 "[store]") {
  // The real server's key for both is "q-w-e".
  RegisterRequest a = Request("h1");
  a.instance.app_id = "q-w";
  a.instance.env = "e";
  store.Register(a);
  CHECK_FALSE(store.Fetch({"w-e", "q"}, "", 1).has_value());
  CHECK(store.Fetch({"e", "q-w"}, "", 1).has_value());
}

TEST_CASE_METHOD(StoreFixture, "A poller is told what is newer than it knows",
                 "[store]") {
  Register("h1");
  const std::int64_t revision = Revision();
  CHECK(store.Poll(kDemoApp, "", 0).news.has_value());
  CHECK(store.Poll(kDemoApp, "", -1).news.has_value());
  CHECK(store.Poll(kDemoApp, "", revision - 1).news.has_value());
  CHECK_FALSE(store.Poll(kDemoApp, "", revision).news.has_value());
  CHECK_FALSE(store.Poll(kDemoApp, "", kMax).news.has_value());
  CHECK_FALSE(store.Poll(kDemoApp, "", kMax).is_missing);
}

TEST_CASE_METHOD(StoreFixture, "A poller misses what there isn't", "[store]") {
  Register("h1");
  CHECK(store.Poll({"dev", "nope"}, "", 0).is_missing);
  CHECK(store.Poll({"dev", "nope"}, "", 5).is_missing);
  CHECK(store.Poll(kDemoApp, "z2", 0).is_missing);
  CHECK_FALSE(store.Poll(kDemoApp, "z2", 0).news.has_value());
}

TEST_CASE_METHOD(StoreFixture, "A poller that was away learns of the end once",
                 "[store]") {
  Register("h1");
  const std::int64_t known = Revision();
  store.Cancel(Key("h1"), 0);
  const PollView view = store.Poll(kDemoApp, "", known);
  CHECK_FALSE(view.is_missing);
  REQUIRE(view.news.has_value());
  CHECK(view.news->zones.empty());
  CHECK(view.news->revision == known + 1);
  CHECK(store.Poll(kDemoApp, "", known + 1).is_missing);
  // One that knows nothing has nothing to forget.
  CHECK(store.Poll(kDemoApp, "", 0).is_missing);
}

TEST_CASE_METHOD(StoreFixture, "A poller of one zone learns of that zone's end",
                 "[store]") {
  Register("h1", "z1");
  Register("h2", "z2");
  const std::int64_t known = Revision();
  store.Cancel(Key("h1", "z1"), 0);
  const PollView view = store.Poll(kDemoApp, "z1", known);
  REQUIRE(view.news.has_value());
  CHECK(view.news->zones.empty());
}

TEST_CASE_METHOD(StoreFixture,
                 "An application that returns has a later revision",
                 "[store]") {
  Register("h1");
  store.Cancel(Key("h1"), Now() + kSecond);
  const std::int64_t ended = Revision();
  Register("h1");
  CHECK(Revision() == ended + 1);
}

TEST_CASE_METHOD(StoreFixture, "Ends are forgotten when they are old",
                 "[store]") {
  Register("h1");
  const std::int64_t known = Revision();
  store.Cancel(Key("h1"), 0);
  clock.Advance(seconds(600));
  store.ForgetEnded(seconds(600));
  CHECK(store.Poll(kDemoApp, "", known).news.has_value());
  clock.Advance(seconds(1));
  store.ForgetEnded(seconds(600));
  CHECK(store.Poll(kDemoApp, "", known).is_missing);
  CHECK(Revision() == 0);
}

TEST_CASE_METHOD(StoreFixture, "Set changes the status and its times",
                 "[store]") {
  Register("h1");
  const std::int64_t first = Now();
  clock.Advance(seconds(1));
  SetOutcome outcome =
      store.Set(kDemoApp, "z1", {{"h1", kStatusWaiting, {}}}, 0);
  CHECK(outcome.is_ok);
  CHECK(outcome.has_changed);
  CHECK(Get("h1").status == kStatusWaiting);
  CHECK(Get("h1").up_timestamp == first);
  CHECK(Get("h1").dirty_timestamp == Now());
  CHECK(Get("h1").latest_timestamp == Now());
  CHECK(Get("h1").reg_timestamp == first);
  CHECK(Revision() == Now());
  const std::int64_t set_timestamp = Now() + 5;
  store.Set(kDemoApp, "z1", {{"h1", kStatusUp, {}}}, set_timestamp);
  CHECK(Get("h1").up_timestamp == set_timestamp);
  CHECK(Get("h1").dirty_timestamp == set_timestamp);
  CHECK(Revision() == set_timestamp);
}

TEST_CASE_METHOD(StoreFixture, "Set merges metadata, and null clears them",
                 "[store]") {
  RegisterRequest request = Request("h1");
  request.instance.metadata = {{"a", "1"}, {"b", "1"}};
  store.Register(request);
  store.Set(kDemoApp, "z1",
            {{"h1", {}, {Kind::kMerge, {{"b", "2"}, {"c", "2"}}, false}}}, 0);
  CHECK(Get("h1").metadata == Metadata{{"a", "1"}, {"b", "2"}, {"c", "2"}});
  store.Set(kDemoApp, "z1", {{"h1", {}, {Kind::kClear, {}, false}}}, 0);
  CHECK_FALSE(Get("h1").metadata.has_value());
  store.Set(kDemoApp, "z1", {{"h1", {}, {Kind::kMerge, {{"d", "3"}}, false}}},
            0);
  CHECK(Get("h1").metadata == Metadata{{"d", "3"}});
}

TEST_CASE_METHOD(StoreFixture,
                 "Set stops at the first bad change, keeping earlier",
                 "[store]") {
  Register("h1");
  Register("h2");
  Register("h3");
  const std::int64_t revision = Revision();
  const auto bad = GENERATE(values<InstanceChange>(
      {{"ghost", kStatusWaiting, {}},
       {"h2", 3, {}},
       {"h2", {}, {MetadataChange::Kind::kNone, {}, true}}}));
  const SetOutcome outcome = store.Set(
      kDemoApp, "z1",
      {{"h1", kStatusWaiting, {}}, bad, {"h3", kStatusWaiting, {}}}, 0);
  CHECK_FALSE(outcome.is_ok);
  CHECK(outcome.has_changed);
  CHECK(Get("h1").status == kStatusWaiting);
  CHECK(Get("h2").status == kStatusUp);
  CHECK(Get("h3").status == kStatusUp);
  CHECK(Revision() > revision);
}

TEST_CASE_METHOD(StoreFixture, "Set of nothing that there is changes nothing",
                 "[store]") {
  Register("h1");
  const std::int64_t revision = Revision();
  CHECK_FALSE(store.Set(kDemoApp, "z1", {}, 0).is_ok);
  CHECK_FALSE(store.Set(kDemoApp, "z2", {{"h1", 2, {}}}, 0).is_ok);
  CHECK_FALSE(store.Set({"dev", "nope"}, "z1", {{"h1", 2, {}}}, 0).is_ok);
  const SetOutcome outcome = store.Set(kDemoApp, "z1", {{"h1", 3, {}}}, 0);
  CHECK_FALSE(outcome.is_ok);
  CHECK_FALSE(outcome.has_changed);
  CHECK(Revision() == revision);
}

TEST_CASE_METHOD(StoreFixture,
                 "A bad metadata value is set, and the call fails", "[store]") {
  Register("h1");
  const SetOutcome outcome = store.Set(
      kDemoApp, "z1",
      {{"h1", {}, {MetadataChange::Kind::kMerge, {{"weight", ""}}, true}}}, 0);
  CHECK_FALSE(outcome.is_ok);
  CHECK(outcome.has_changed);
  CHECK(Get("h1").metadata == Metadata{{"weight", ""}});
}

}  // namespace
}  // namespace naming::node
