// SPDX-License-Identifier: Apache-2.0
// A discovery client and what may become of its requests on their way.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "tests/integration/discovery_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/raw_provider.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;
using testing::FaultProxy;
using testing::ProxyFault;
using testing::RawProvider;
using Kind = testing::ProxyFault::Kind;

struct NamedFault {
  std::string name;
  ProxyFault fault;
};

// Each of them makes an answer worthless.
std::vector<NamedFault> AllFaults() {
  constexpr std::size_t kFloodBytes = std::size_t{200} << 20;
  return {
      {"hangs", ProxyFault::Of(Kind::kHang)},
      {"resets", ProxyFault::Of(Kind::kReset)},
      {"resets after it was done", ProxyFault::Of(Kind::kSwallow)},
      {"resets mid-body", ProxyFault::Of(Kind::kResetMidBody)},
      {"truncates", ProxyFault::Of(Kind::kTruncate)},
      {"trickles for too long", ProxyFault::Trickle(milliseconds(20))},
      {"500", ProxyFault::Answer(500, "")},
      {"503", ProxyFault::Answer(503, "upstream is down")},
      {"404", ProxyFault::Answer(404, "404 page not found")},
      {"HTML", ProxyFault::Answer(200, "<html><body>Welcome</body></html>")},
      {"code -500",
       ProxyFault::Answer(200, R"({"code":-500,"message":"-500","ttl":1})")},
      {"a code of a wrong type",
       ProxyFault::Answer(200, R"({"code":"0","message":[],"data":7})")},
      {"a list", ProxyFault::Answer(200, R"([{"code":0}])")},
      {"half a text", ProxyFault::Answer(200, R"({"code":0,"data":{"demo.)")},
      {"nothing", ProxyFault::Answer(200, "")},
      {"a redirect", ProxyFault::Redirect("http://127.0.0.1:1/discovery/")},
      {"200 MiB", ProxyFault::Flood(kFloodBytes, false)},
      {"200 MiB in chunks", ProxyFault::Flood(kFloodBytes, true)},
  };
}

// With little patience, so that hanging costs little.
ClientOptions HastyOptions(std::vector<std::string> nodes) {
  ClientOptions options = OptionsFor(std::move(nodes));
  options.poll_hold = seconds(1);
  options.request_timeout = milliseconds(300);
  options.nodes_interval = std::chrono::hours(1);
  return options;
}

// One node behind two proxies: to a client they are two.
struct Proxies {
  std::unique_ptr<node::DiscoveryNode> node = StartHiddenNode();
  RawProvider raw{node->address()};
  FaultProxy a{node->address()};
  FaultProxy b{node->address()};

  ClientOptions Options() const {
    return HastyOptions({a.address(), b.address()});
  }

  // The one whose turn it is with a client that has asked for `path` once.
  FaultProxy& Asked(const std::string& path) {
    return a.CountRequests(path) > 0 ? a : b;
  }
};

constexpr const char* kPolls = "/discovery/polls";
constexpr const char* kRegister = "/discovery/register";

// A client behind one proxy, and what it is in for.
struct Behind {
  Behind(const node::DiscoveryNode& node, NamedFault given)
      : named(std::move(given)), proxy(node.address()) {}

  const NamedFault named;
  FaultProxy proxy;
  std::unique_ptr<Client> client = MakeClient(HastyOptions({proxy.address()}));
  Follower follower{*client};
};

// All faults at the same time, because most of it is waiting.
TEST_CASE("While the only node answers nonsense the last list stays in force",
          "[promises]") {
  const auto node = StartHiddenNode();
  const RawProvider raw(node->address());
  raw.Register(MakeInstance("h1"));
  std::vector<std::unique_ptr<Behind>> all;
  for (const NamedFault& named : AllFaults()) {
    all.push_back(std::make_unique<Behind>(*node, named));
  }
  for (const auto& one : all) {
    REQUIRE(one->follower.Sees({"h1"}));
    REQUIRE(Eventually([&] { return one->proxy.CountRequests(kPolls) > 0; }));
    one->proxy.SetFault("", one->named.fault);
  }
  // Two, because one may be by those who look for nodes.
  const auto await_two_requests = [&all] {
    std::vector<std::size_t> counts;
    for (const auto& one : all) counts.push_back(one->proxy.CountRequests(""));
    for (std::size_t i = 0; i < all.size(); ++i) {
      CAPTURE(all[i]->named.name);
      REQUIRE(Eventually(
          [&] { return all[i]->proxy.CountRequests("") >= counts[i] + 2; }));
    }
  };
  // The polls that are held end; what follows meets the faults.
  await_two_requests();
  raw.Register(MakeInstance("h2"));
  await_two_requests();
  for (const auto& one : all) {
    CAPTURE(one->named.name);
    CHECK(one->follower.Sees({"h1"}));
    one->proxy.SetScript(nullptr);
  }
  for (const auto& one : all) {
    CAPTURE(one->named.name);
    CHECK(one->follower.Sees({"h1", "h2"}));
  }
}

TEST_CASE("When the polled node answers nonsense the other is polled",
          "[promises]") {
  for (const NamedFault& named : AllFaults()) {
    CAPTURE(named.name);
    Proxies proxies;
    const auto client = MakeClient(proxies.Options());
    proxies.raw.Register(MakeInstance("h1"));
    const Follower follower(*client);
    REQUIRE(follower.Sees({"h1"}));
    REQUIRE(Eventually([&] {
      return proxies.a.CountRequests(kPolls) + proxies.b.CountRequests(kPolls) >
             0;
    }));
    proxies.Asked(kPolls).SetFault("", named.fault);
    proxies.raw.Register(MakeInstance("h2"));  // Ends the held poll.
    REQUIRE(follower.Sees({"h1", "h2"}));
    proxies.raw.Register(MakeInstance("h3"));
    CHECK(follower.Sees({"h1", "h2", "h3"}));
    proxies.raw.Cancel(MakeInstance("h2"));
    CHECK(follower.Sees({"h1", "h3"}));
  }
}

TEST_CASE("A registration gets by a node that answers nonsense", "[promises]") {
  for (const NamedFault& named : AllFaults()) {
    CAPTURE(named.name);
    Proxies proxies;
    const auto client = MakeClient(proxies.Options());
    // Whichever is asked first.
    proxies.a.SetFault("", named.fault);
    auto first = client->Register(MakeInstance("h1"));
    REQUIRE(first.ok());
    proxies.a.SetScript(nullptr);
    proxies.b.SetFault("", named.fault);
    auto second = client->Register(MakeInstance("h2"));
    REQUIRE(second.ok());
    const auto held = [&proxies](const std::string& hostname) {
      return proxies.raw.Get("/discovery/fetch?env=dev&status=1&appid=demo.app")
                 .find("\"hostname\":\"" + hostname) != std::string::npos;
    };
    CHECK(held("h1"));
    CHECK(held("h2"));
    CHECK(first->Cancel().ok());
    proxies.b.SetScript(nullptr);
    proxies.a.SetFault("", named.fault);
    CHECK(second->Cancel().ok());
    CHECK_FALSE(held("h1"));
    CHECK_FALSE(held("h2"));
  }
}

TEST_CASE("A lost registration comes back by the node that answers",
          "[promises]") {
  Proxies proxies;
  const auto client = MakeClient(proxies.Options());
  // Nobody is told of the last one's removal (C-04).
  proxies.raw.Register(MakeInstance("other"));
  const auto registration = client->Register(MakeInstance("h1"));
  REQUIRE(registration.ok());
  const auto other = MakeClient(OptionsFor({proxies.node->address()}));
  const Follower follower(*other);
  REQUIRE(follower.Sees({"h1", "other"}));
  FaultProxy& asked = proxies.Asked(kRegister);
  const Kind kind = GENERATE(Kind::kHang, Kind::kReset, Kind::kSwallow);
  asked.SetFault("", ProxyFault::Of(kind));
  REQUIRE(proxies.node->Evict("demo.app", "h1") == 1);
  CHECK(follower.Sees({"other"}));
  CHECK(follower.Sees({"h1", "other"}));
}

TEST_CASE("An application that is refused doesn't touch the others",
          "[promises]") {
  const int status = GENERATE(403, 500);
  CAPTURE(status);
  Proxies proxies;
  const auto refuse_bad = [status](const testing::RawRequest& request) {
    const bool is_bad =
        (request.target + request.body).find("bad.app") != std::string::npos;
    return is_bad ? ProxyFault::Answer(status, "no") : ProxyFault();
  };
  proxies.a.SetScript(refuse_bad);
  proxies.b.SetScript(refuse_bad);
  proxies.raw.Register(MakeInstance("h1"));
  proxies.raw.Register(MakeInstance("h1", "bad.app"));
  const auto client = MakeClient(proxies.Options());
  RegisterOptions keep_trying;
  keep_trying.mode = RegisterMode::kKeepTrying;
  auto bad = client->Register(MakeInstance("h2", "bad.app"), keep_trying);
  REQUIRE(bad.ok());
  const Follower bad_follower(*client, "bad.app");
  const Follower follower(*client);
  CHECK(follower.Sees({"h1"}));
  auto registration = client->Register(MakeInstance("h2"));
  REQUIRE(registration.ok());
  CHECK(follower.Sees({"h1", "h2"}));
  // Meanwhile the other one is attempted several times.
  REQUIRE(Eventually([&] { return client->stats().renewals >= 3; }));
  CHECK(client->stats().failed_renewals == 0);
  CHECK(client->stats().failovers == 0);
  CHECK(registration->state().is_registered);
  CHECK_FALSE(bad->state().is_registered);
  CHECK(client->stats().requests < 60);
  proxies.raw.Register(MakeInstance("h3"));
  CHECK(follower.Sees({"h1", "h2", "h3"}));
  proxies.a.SetScript(nullptr);
  proxies.b.SetScript(nullptr);
  CHECK(bad_follower.Sees({"h1", "h2"}));
}

TEST_CASE("A refused connection is a failed node, and no more", "[promises]") {
  Proxies proxies;
  const auto client = MakeClient(proxies.Options());
  proxies.raw.Register(MakeInstance("other"));
  auto registration = client->Register(MakeInstance("h1"));
  REQUIRE(registration.ok());
  const Follower follower(*client);
  REQUIRE(follower.Sees({"h1", "other"}));
  for (FaultProxy* const refusing : {&proxies.a, &proxies.b}) {
    refusing->Refuse();
    proxies.raw.Register(MakeInstance("h2"));
    CHECK(follower.Sees({"h1", "h2", "other"}));
    REQUIRE(proxies.node->Evict("demo.app", "h1") == 1);
    CHECK(follower.Sees({"h2", "other"}));
    CHECK(follower.Sees({"h1", "h2", "other"}));
    proxies.raw.Cancel(MakeInstance("h2"));
    CHECK(follower.Sees({"h1", "other"}));
    refusing->Accept();
  }
  CHECK(registration->Cancel().ok());
  CHECK(follower.Sees({"other"}));
}

TEST_CASE("A slow answer in time is an answer", "[promises]") {
  const auto node = StartHiddenNode();
  FaultProxy proxy(node->address());
  proxy.SetFault("", ProxyFault::Trickle(milliseconds(1)));
  const auto client = MakeClient(OptionsFor({proxy.address()}));
  auto registration = client->Register(MakeInstance("h1"));
  REQUIRE(registration.ok());
  const Follower follower(*client);
  CHECK(follower.Sees({"h1"}));
  CHECK(registration->Cancel().ok());
}

TEST_CASE("Of two JSON values in a body the first counts", "[promises]") {
  const auto node = StartHiddenNode();
  FaultProxy proxy(node->address());
  proxy.SetFault("", ProxyFault::Of(Kind::kDouble));
  const auto client = MakeClient(OptionsFor({proxy.address()}));
  auto registration = client->Register(MakeInstance("h1"));
  REQUIRE(registration.ok());
  const Follower follower(*client);
  CHECK(follower.Sees({"h1"}));
  RawProvider(node->address()).Register(MakeInstance("h2"));
  CHECK(follower.Sees({"h1", "h2"}));
  CHECK(registration->Cancel().ok());
  CHECK(follower.Sees({"h2"}));
}

TEST_CASE("Values of wrong types cost the application they are in",
          "[promises]") {
  const auto node = StartHiddenNode();
  const RawProvider raw(node->address());
  FaultProxy proxy(node->address());
  const std::string bad = GENERATE(
      R"("bad.app":7)", R"("bad.app":{"instances":7,"latest_timestamp":9})",
      R"("bad.app":{"instances":{},"latest_timestamp":"9"})",
      R"("bad.app":{"instances":{"z":[7,null,{"addrs":{}}]},)"
      R"("latest_timestamp":9})");
  CAPTURE(bad);
  proxy.SetScript([&](const testing::RawRequest& request) {
    const bool is_about_other =
        request.target.find("demo.app") != std::string::npos;
    if (is_about_other ||
        request.target.find("appid=bad.app") == std::string::npos) {
      return ProxyFault();
    }
    return ProxyFault::Answer(
        200, absl::StrFormat(R"({"code":0,"message":"0","data":{%s}})", bad));
  });
  raw.Register(MakeInstance("h1"));
  const auto client = MakeClient(HastyOptions({proxy.address()}));
  const Follower bad_follower(*client, "bad.app");
  REQUIRE(Eventually([&] { return proxy.CountRequests("") > 1; }));
  const Follower follower(*client);
  CHECK(follower.Sees({"h1"}));
  raw.Register(MakeInstance("h2"));
  CHECK(follower.Sees({"h1", "h2"}));
}

TEST_CASE("An answer of 200 MiB is refused, and says so in the log",
          "[promises]") {
  const bool is_chunked = GENERATE(true, false);
  const auto node = StartHiddenNode();
  FaultProxy proxy(node->address());
  proxy.SetFault("", ProxyFault::Flood(std::size_t{200} << 20, is_chunked));
  base::Mutex mutex;
  std::string log;
  ClientOptions options = OptionsFor({proxy.address()});
  options.request_timeout = seconds(30);
  options.log_sink = [&](const LogRecord& record) {
    base::MutexLock lock(mutex);
    log += record.message + "\n";
  };
  const auto client = MakeClient(options);
  const Follower follower(*client);
  CHECK(Eventually([&] {
    base::MutexLock lock(mutex);
    return log.find("the answer is larger than 67108864 bytes") !=
           std::string::npos;
  }));
}

}  // namespace
}  // namespace naming::discovery
