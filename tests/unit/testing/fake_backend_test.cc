// SPDX-License-Identifier: Apache-2.0

#include "naming/testing/fake_backend.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/backend_contract.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/instances.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// FakeBackend is client and registry in one: when the client goes, what the
// registry holds goes with it.
class FakeContractBackend final : public ContractBackend {
 public:
  Registry& registry() override { return *backend_; }
  Builder& builder() override { return *backend_; }
  void DestroyClient() override { backend_.reset(); }

  std::string TargetOf(const std::string& app_id) override {
    return "fake:///" + app_id;
  }

  void SetReachable(bool is_reachable) override {
    if (backend_ != nullptr) backend_->SetAvailable(is_reachable);
  }

  void Forget() override { backend_->Forget(); }

  void RemoveBehind(const Instance& instance) override {
    std::vector<Instance> left;
    for (Instance& held : backend_->instances(instance.app_id)) {
      if (held.hostname != instance.hostname) left.push_back(std::move(held));
    }
    backend_->SetInstances(instance.app_id, std::move(left));
  }

  void LetRefresh() override { backend_->Refresh(); }

  std::vector<Instance> Held(const std::string& app_id) override {
    if (backend_ == nullptr) return {};
    return backend_->instances(app_id);
  }

 private:
  std::unique_ptr<FakeBackend> backend_ = FakeBackend::Create();
};

Instance Here(const std::string& hostname) {
  return MakeInstance("demo", hostname);
}

std::unique_ptr<Resolver> Resolve(FakeBackend& backend,
                                  const std::string& app_id = "demo") {
  auto resolver = backend.Build("fake:///" + app_id);
  REQUIRE(resolver.ok());
  return *std::move(resolver);
}

std::size_t ListSize(Resolver& resolver) {
  const auto fetched = resolver.Fetch(minutes(1));
  REQUIRE(fetched.ok());
  return (*fetched)->size();
}

TEST_CASE("FakeBackend: what is set is listed at once", "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  const auto resolver = Resolve(*backend);
  backend->SetInstances("demo", {Here("a"), Here("b")});
  CHECK(ListSize(*resolver) == 2);
  backend->SetInstances("demo", {Here("c")});
  CHECK(ListSize(*resolver) == 1);
  backend->SetInstances("demo", {});
  CHECK(ListSize(*resolver) == 0);
  CHECK((*resolver->Fetch(milliseconds(0)))->revision == 3);
}

TEST_CASE("FakeBackend: a list is set whole, for its application alone",
          "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  Instance nameless = Here("a");
  nameless.app_id.clear();
  backend->SetInstances("demo", {nameless});
  backend->SetInstances("other", {});
  CHECK(backend->instances("demo") == std::vector<Instance>{Here("a")});
  CHECK(ListSize(*Resolve(*backend, "other")) == 0);
  const auto unknown = Resolve(*backend, "unknown");
  CHECK(Eventually([&] {
    return absl::IsNotFound(unknown->Fetch(milliseconds(1)).status());
  }));
}

TEST_CASE(
    "FakeBackend: what is registered stands beside what is set, until "
    "that is set again",
    "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  backend->SetInstances("demo", {Here("a")});
  auto registered = backend->Register(Here("b"));
  REQUIRE(registered.ok());
  const auto resolver = Resolve(*backend);
  CHECK(ListSize(*resolver) == 2);
  backend->SetInstances("demo", {Here("a")});
  CHECK(ListSize(*resolver) == 1);
  backend->Refresh();
  CHECK(Eventually([&] { return backend->instances("demo").size() == 2; }));
}

TEST_CASE("FakeBackend: what stands in a registration's place is replaced",
          "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  const auto registered = backend->Register(Here("a"));
  REQUIRE(registered.ok());
  backend->SetInstances("demo", {MakeInstance("demo", "a", "intruder")});
  backend->Refresh();
  CHECK(Eventually([&] {
    return backend->instances("demo") == std::vector<Instance>{Here("a")};
  }));
}

TEST_CASE(
    "FakeBackend: what it forgets stays in lists and comes back with a "
    "refresh",
    "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  const auto resolver = Resolve(*backend);
  const auto registered = backend->Register(Here("a"));
  REQUIRE(registered.ok());
  backend->Forget();
  CHECK(backend->instances("demo").empty());
  CHECK(ListSize(*resolver) == 1);
  backend->Refresh();
  CHECK(Eventually([&] { return backend->instances("demo").size() == 1; }));
}

TEST_CASE("FakeBackend: while unavailable lists stay, whatever is set",
          "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  const auto resolver = Resolve(*backend);
  backend->SetInstances("demo", {Here("a")});
  CHECK(ListSize(*resolver) == 1);
  backend->SetAvailable(false);
  backend->SetInstances("demo", {Here("a"), Here("b")});
  CHECK(ListSize(*resolver) == 1);
  backend->SetAvailable(true);
  CHECK(ListSize(*resolver) == 2);
}

TEST_CASE("FakeBackend: its instances are in order", "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  Instance elsewhere = Here("a");
  elsewhere.zone = "zone02";
  backend->SetInstances("demo", {elsewhere, Here("c"), Here("b")});
  CHECK(backend->instances("demo") ==
        std::vector<Instance>{Here("b"), Here("c"), elsewhere});
}

TEST_CASE("FakeBackend: a callback may set lists", "[fake_backend]") {
  const auto backend = FakeBackend::Create();
  const auto resolver = Resolve(*backend);
  std::atomic<std::size_t> size{0};
  const Watcher watcher =
      resolver->Watch([&](const std::shared_ptr<const Snapshot>& snapshot) {
        if (snapshot->size() == 1) {
          backend->SetInstances("demo", {Here("a"), Here("b")});
        }
        size = snapshot->size();
      });
  backend->SetInstances("demo", {Here("a")});
  CHECK(Eventually([&] { return size == 2; }));
}

}  // namespace

std::unique_ptr<ContractBackend> MakeContractBackend() {
  return std::make_unique<FakeContractBackend>();
}

}  // namespace naming::testing
