// SPDX-License-Identifier: Apache-2.0

#include "discovery/lease.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/status_mark.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/lease_fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::hours;

using Pending = testing::FakeHttpClient::Pending;

TEST_CASE(
    "Put registers and looks at the result, Refresh renews, Remove cancels",
    "[discovery][lease]") {
  LeaseFixture f;
  SECTION("register") {
    f.lease.Put(MakeInstance(), f.Note());
    const Pending sent = f.http.Waiting(kRegister);
    CHECK(sent.Values("addrs") == std::vector<std::string>{"http://h:80"});
    CHECK(sent.Values("appid") == std::vector<std::string>{"x"});
    f.http.Answer(sent, CodeJson(0));
    CHECK_FALSE(f.result);
    f.http.Answer(f.http.Waiting(kRenew), f.Stored(sent));
  }
  SECTION("renew") {
    f.lease.Refresh(f.Note());
    const Pending sent = f.http.Waiting(kRenew);
    CHECK(sent.Values("hostname") == std::vector<std::string>{"h"});
    f.http.Answer(sent, R"({"code":0,"message":"0","ttl":1,"data":{}})");
  }
  SECTION("cancel") {
    f.lease.Remove(f.Note());
    const Pending sent = f.http.Waiting(kCancel);
    CHECK(sent.Values("zone") == std::vector<std::string>{"z"});
    f.http.Answer(sent, CodeJson(0));
  }
  CHECK(f.result == absl::OkStatus());
  CHECK(f.http.pending().empty());
}

TEST_CASE("A renew that a node doesn't know says kNotFound",
          "[discovery][lease]") {
  LeaseFixture f;
  f.Refresh(CodeJson(-404));
  CHECK(f.result ==
        absl::NotFoundError("discovery: renew x: http://a:1: code -404"));
}

TEST_CASE("Cancelling what a node doesn't know is a success",
          "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Remove(f.Note());
  f.http.Answer(f.http.Waiting(kCancel), CodeJson(-404));
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("A refused register says kInvalidArgument", "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  f.http.Answer(f.http.Waiting(kRegister), CodeJson(-400));
  CHECK(absl::IsInvalidArgument(f.result.value()));
}

TEST_CASE("dirty_timestamp is the time, and grows when the clock is set back",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  CHECK(f.DirtyOf(first) ==
        f.loop.clock().WallNow().time_since_epoch().count());
  f.loop.fake_clock().SetBackWall(hours(1));
  CHECK(f.DirtyOf(f.Put()) == f.DirtyOf(first) + 1);
}

TEST_CASE("A register that a node ignored for newer data is repeated above it",
          "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const Pending first = f.http.Waiting(kRegister);
  f.http.Answer(first, CodeJson(0));
  const std::string others =
      f.Stored(first, R"(["http://old:80"])", "{}", 1, 3'600'000'000'000);
  f.http.Answer(f.http.Waiting(kRenew), others);
  const Pending second = f.http.Waiting(kRegister);
  CHECK(f.DirtyOf(second) > f.DirtyOf(first) + 3'600'000'000'000);
  f.http.Answer(second, CodeJson(0));
  SECTION("and is done when the node has it") {
    f.http.Answer(f.http.Waiting(kRenew), f.Stored(second));
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("and fails for now when somebody else is faster") {
    f.http.Answer(f.http.Waiting(kRenew),
                  f.Stored(second, R"(["http://old:80"])", "{}", 1, 1));
    CHECK(f.result ==
          absl::UnavailableError("discovery: verify x: http://a:1: somebody "
                                 "else registers hostname h"));
    CHECK(f.http.pending().empty());
  }
}

TEST_CASE("What a node makes of a register is accepted", "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  f.http.Answer(sent, CodeJson(0));
  SECTION("one with a time of its own") {
    f.http.Answer(
        f.http.Waiting(kRenew),
        f.Stored(sent, R"(["http://h:80"])", R"({"weight":"20"})", 1, 1000));
  }
  SECTION("one that tells nothing") {
    f.http.Answer(f.http.Waiting(kRenew), CodeJson(0));
  }
  SECTION("one that lost the metadata") {
    const std::string stored = f.Stored(sent, R"(["http://h:80"])", "null");
    f.http.Answer(f.http.Waiting(kRenew), stored);
    REQUIRE(f.result == absl::OkStatus());
    f.Refresh(stored);  // And is not asked for it again and again.
  }
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("What a renew shows as it should be is left alone",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  SECTION("what is as it was") { f.Refresh(f.Stored(first)); }
  SECTION("addresses that a replica joined") {
    Instance two = MakeInstance();
    two.addrs = {"http://h:80", "grpc://h:90"};
    f.lease.Put(two, f.Note());
    const Pending sent = f.http.Waiting(kRegister);
    f.http.Answer(sent, CodeJson(0));
    f.http.Answer(f.http.Waiting(kRenew),
                  f.Stored(sent, R"(["http://h:80","grpc://h:90"])"));
    f.Refresh(f.Stored(sent, R"(["http://h:80,grpc://h:90"])"));
  }
  SECTION("metadata that was added") {
    f.Refresh(
        f.Stored(first, R"(["http://h:80"])", R"({"weight":"20","rack":"7"})"));
  }
  SECTION("what is set to waiting") {
    f.Refresh(f.Stored(first, R"(["http://h:80"])", R"({"weight":"20"})", 2));
  }
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("What somebody else changed is put again", "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  const auto is_put_again = [&f, &first](const std::string& stored) {
    f.Refresh(stored);
    REQUIRE(absl::IsNotFound(f.result.value()));
    CHECK(f.requester.counters().drift_repairs.value() == 1);
    CHECK(f.lease.node() == "http://a:1");
    CHECK(f.DirtyOf(f.Put()) > f.DirtyOf(first) + 5000);
  };
  SECTION("addresses") {
    is_put_again(
        f.Stored(first, R"(["http://x:1"])", R"({"weight":"20"})", 1, 5000));
  }
  SECTION("addresses, and the log tells of the other program") {
    f.Refresh(
        f.Stored(first, R"(["http://x:1"])", R"({"weight":"20"})", 1, 5000));
    CHECK(f.result ==
          absl::NotFoundError(
              "discovery: renew x: http://a:1: somebody else has registered "
              "hostname h, with http://x:1: two programs must not share one "
              "(options.hostname, HOSTNAME)"));
  }
  SECTION("metadata of ours") {
    is_put_again(
        f.Stored(first, R"(["http://h:80"])", R"({"weight":"1"})", 1, 5000));
  }
  SECTION("metadata of ours that is gone") {
    is_put_again(f.Stored(first, R"(["http://h:80"])", "{}", 1, 5000));
  }
}

TEST_CASE("What others set to waiting stays so until the program updates it",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  f.Refresh(f.Stored(first, R"(["http://h:80"])", R"({"weight":"20"})", 2));
  const std::vector<std::string> up = {"1"};
  const std::vector<std::string> waiting = {"2"};
  SECTION("also when it is put again for another reason") {
    CHECK(f.Put().Values("status") == waiting);
  }
  SECTION("not when the program changes something") {
    Instance changed = MakeInstance();
    changed.region = "other";
    CHECK(f.Put(changed).Values("status") == up);
  }
  SECTION("not when the registry has lost it") {
    f.Refresh(CodeJson(-404));
    CHECK(f.Put().Values("status") == up);
  }
  SECTION("not when they set it back") {
    f.Refresh(f.Stored(first));
    CHECK(f.Put().Values("status") == up);
  }
}

TEST_CASE("What another program registers as waiting is put again as it was",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending sent = f.Put();
  f.Refresh(
      f.Stored(sent, R"(["http://other:80"])", R"({"weight":"20"})", 2, 5));
  CHECK(absl::IsNotFound(*f.result));
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.Waiting(kRegister).Values("status") ==
        std::vector<std::string>{"1"});
}

TEST_CASE("A dirty_timestamp that can't be passed is met",
          "[discovery][lease]") {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  f.http.Answer(sent, CodeJson(0));
  f.http.Answer(f.http.Waiting(kRenew),
                f.Stored(sent, R"(["http://other:80"])", "{}", 1,
                         kLargest - f.DirtyOf(sent)));
  const Pending again = f.http.Waiting(kRegister);
  CHECK(f.DirtyOf(again) == kLargest);
  f.http.Answer(again, CodeJson(0));
  f.http.Answer(f.http.Waiting(kRenew), f.Stored(again));
  CHECK(f.result == absl::OkStatus());
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.DirtyOf(f.http.Waiting(kRegister)) == kLargest);
}

TEST_CASE("A cancel leaves time for another node while somebody waits for it",
          "[discovery][lease]") {
  constexpr std::chrono::milliseconds kTimeout{2000};
  // What is under way has half of it.
  constexpr std::chrono::milliseconds kLeft = kTimeout / 2;
  Fixture f({"http://a:1", "http://b:1"});
  Lease lease(f.loop, f.requester, MakeInstance(), kTimeout);
  lease.Remove([](const absl::Status&) {});
  const Pending cancel = f.http.Waiting(kCancel);
  CHECK(cancel.Header("x1-bmspy-timeout") == "666");
  CHECK(cancel.request.timeout == std::chrono::milliseconds(666));
  CHECK(cancel.request.timeout + 2 * core::KeeperOptions().first_retry < kLeft);
  f.http.Fail(cancel, absl::DeadlineExceededError("timed out"));
  lease.Remove([](const absl::Status&) {});
  CHECK(f.http.Waiting(kCancel).node != cancel.node);
}

TEST_CASE("What the program set to waiting is put again when others set it up",
          "[discovery][lease]") {
  LeaseFixture f;
  Instance instance = MakeInstance();
  instance.status = Instance::Status::kWaiting;
  const Pending first = f.Put(instance);
  f.Refresh(f.Stored(first));
  CHECK(absl::IsNotFound(f.result.value()));
}

TEST_CASE("The next attempt after a failure goes to another node",
          "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1"});
  f.lease.Put(MakeInstance(), f.Note());
  const Pending first = f.http.Waiting(kRegister);
  f.http.Fail(first, absl::UnavailableError("refused"));
  CHECK(absl::IsUnavailable(f.result.value()));
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.Waiting(kRegister).node != first.node);
}

TEST_CASE("The look at the result goes to the node that was asked",
          "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1", "http://c:1"});
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  f.http.Answer(sent, CodeJson(0));
  const Pending look = f.http.Waiting(kRenew);
  CHECK(look.node == sent.node);
  SECTION("and when that fails, so has the put") {
    f.http.Fail(look, absl::UnavailableError("reset"));
    CHECK(absl::IsUnavailable(f.result.value()));
  }
  SECTION("and when it is gone, the put may be tried again") {
    f.http.Answer(look, CodeJson(-404));
    CHECK(absl::IsUnavailable(f.result.value()));
  }
}

TEST_CASE(
    "The look at the result goes nowhere else, though another is preferred",
    "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1"});
  const std::string preferred = f.nodes.Choose().value();
  f.nodes.Failed(preferred, f.loop.clock().Now(), kRefused);
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  REQUIRE(sent.node != preferred);
  f.nodes.Succeeded(preferred);
  REQUIRE(f.nodes.Choose() == preferred);
  f.http.Answer(sent, CodeJson(0));
  const Pending look = f.http.Waiting(kRenew);
  CHECK(look.node == sent.node);
  SECTION("nor does the register that is repeated") {
    f.http.Answer(look, f.Stored(sent, R"(["http://old:80"])", "{}", 1, 5000));
    CHECK(f.http.Waiting(kRegister).node == sent.node);
  }
}

// What v1.1.x does: a list is one text with commas there (A.14).
TEST_CASE("A node that keeps the first of several addresses gets them as one",
          "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1"});
  Instance two = MakeInstance();
  two.addrs = {"http://h:80", "grpc://h:90"};
  const std::vector<std::string> joined = {"http://h:80,grpc://h:90"};
  f.lease.Put(two, f.Note());
  const Pending first = f.http.Waiting(kRegister);
  CHECK(first.Values("addrs") == two.addrs);
  f.http.Answer(first, CodeJson(0));
  f.http.Answer(f.http.Waiting(kRenew), f.Stored(first));
  CHECK_FALSE(f.result);
  const Pending second = f.http.Waiting(kRegister);
  CHECK(second.node == first.node);
  CHECK(second.Values("addrs") == joined);
  f.http.Answer(second, CodeJson(0));
  SECTION("and the put is done when it has all") {
    f.http.Answer(f.http.Waiting(kRenew),
                  f.Stored(second, R"(["http://h:80","grpc://h:90"])"));
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("and isn't asked again and again when it hasn't") {
    f.http.Answer(f.http.Waiting(kRenew), f.Stored(second));
    CHECK(f.result == absl::OkStatus());
    CHECK(f.http.pending().empty());
  }
  SECTION("and no other node does") {
    f.http.Fail(f.http.Waiting(kRenew), kRefused);
    f.lease.Put(two, f.Note());
    const Pending other = f.http.Waiting(kRegister);
    REQUIRE(other.node != first.node);
    CHECK(other.Values("addrs") == two.addrs);
    f.http.Fail(other, kRefused);
    // The next time it is known.
    f.nodes.Succeeded(first.node);
    f.lease.Put(two, f.Note());
    const Pending again = f.http.Waiting(kRegister);
    REQUIRE(again.node == first.node);
    CHECK(again.Values("addrs") == joined);
  }
}

TEST_CASE("What was sent in part was sent", "[discovery][lease]") {
  LeaseFixture f;
  SECTION("not while it only waits") {
    f.lease.Put(MakeInstance(), f.Note());
    f.http.Withhold(f.http.Waiting(kRegister));
    CHECK_FALSE(f.lease.IsSent());
  }
  SECTION("nor for what was sent before") {
    f.Put();
    f.lease.Put(MakeInstance(), f.Note());
    f.http.Withhold(f.http.Waiting(kRegister));
    CHECK_FALSE(f.lease.IsSent());
  }
  SECTION("a put whose look at the result waits") {
    f.lease.Put(MakeInstance(), f.Note());
    CHECK(f.lease.IsSent());
    f.http.Answer(f.http.Waiting(kRegister), CodeJson(0));
    f.http.Withhold(f.http.Waiting(kRenew));
    CHECK(f.lease.IsSent());
    f.http.Fail(f.http.Waiting(kRenew), base::kUnsent.PutOn(kRefused));
    CHECK_FALSE(base::kUnsent.IsOn(f.result.value()));
    f.loop.Advance(std::chrono::seconds(1));
    f.lease.Refresh(f.Note());
    f.http.Withhold(f.http.Waiting(kRenew));
    CHECK_FALSE(f.lease.IsSent());
  }
  SECTION("a put whose second register fails") {
    Instance two = MakeInstance();
    two.addrs.push_back("grpc://h:90");
    f.lease.Put(two, f.Note());
    const Pending first = f.http.Waiting(kRegister);
    f.http.Answer(first, CodeJson(0));
    f.http.Answer(f.http.Waiting(kRenew), f.Stored(first));
    const Pending second = f.http.Waiting(kRegister);
    SECTION("to be sent") {
      f.http.Fail(second, base::kUnsent.PutOn(kRefused));
      CHECK_FALSE(base::kUnsent.IsOn(f.result.value()));
    }
    SECTION("by being refused") {
      f.http.Answer(second, CodeJson(-400));
      CHECK(absl::IsUnavailable(f.result.value()));
    }
  }
  SECTION("a removal") {
    f.lease.Remove(f.Note());
    CHECK(f.lease.IsSent());
    f.http.Answer(f.http.Waiting(kCancel), CodeJson(0));
    CHECK_FALSE(f.lease.IsSent());
  }
}

TEST_CASE("While every node is backing off nothing is sent",
          "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  f.http.Fail(f.http.Waiting(kRegister), absl::UnavailableError("refused"));
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.pending().empty());
  CHECK_FALSE(f.result);  // Never from within the call.
  SECTION("and the lease says why") {
    f.loop.RunReady();
    CHECK(f.result ==
          base::kUnsent.PutOn(absl::UnavailableError(
              "discovery: register x: no node answers; the last one: "
              "http://a:1: refused")));
  }
  SECTION("and an abort keeps it quiet") {
    f.lease.Abort();
    f.loop.RunReady();
    CHECK_FALSE(f.result);
  }
}

TEST_CASE("Abort and destruction drop the request under way",
          "[discovery][lease]") {
  LeaseFixture f;
  SECTION("abort") {
    f.lease.Put(MakeInstance(), f.Note());
    f.lease.Abort();
  }
  SECTION("abort of the look at the result") {
    f.lease.Put(MakeInstance(), f.Note());
    f.http.Answer(f.http.Waiting(kRegister), CodeJson(0));
    f.lease.Abort();
  }
  SECTION("destruction") {
    Lease lease(f.loop, f.requester, MakeInstance());
    lease.Put(MakeInstance(), f.Note());
  }
  CHECK(f.http.pending().empty());
  CHECK(f.http.aborted() == 1);
  CHECK_FALSE(f.result);
}

}  // namespace
}  // namespace naming::discovery
