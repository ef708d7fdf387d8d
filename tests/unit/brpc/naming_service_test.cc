// SPDX-License-Identifier: Apache-2.0

#include "naming/brpc/naming_service.h"

#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "naming/testing/fake_backend.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

// Against stand_in/, not against brpc.
namespace naming {
namespace {

using testing::Eventually;
using testing::FakeBackend;

class Actions final : public ::brpc::NamingServiceActions {
 public:
  void AddServers(const std::vector<::brpc::ServerNode>&) override {}
  void RemoveServers(const std::vector<::brpc::ServerNode>&) override {}
  void ResetServers(const std::vector<::brpc::ServerNode>& servers) override {
    std::set<std::string> texts;
    for (const ::brpc::ServerNode& server : servers) {
      std::string text = server.addr.text + " " + server.tag;
#ifdef NAMING_TEST_META_MAP
      text += " " + server.meta_map.at("weight");
#endif
      texts.insert(text);
    }
    base::MutexLock lock(mutex_);
    last_ = std::move(texts);
    ++resets_;
  }

  std::set<std::string> last() const {
    base::MutexLock lock(mutex_);
    return last_;
  }
  int resets() const {
    base::MutexLock lock(mutex_);
    return resets_;
  }

 private:
  mutable base::Mutex mutex_;
  std::set<std::string> last_ ABSL_GUARDED_BY(mutex_);
  int resets_ ABSL_GUARDED_BY(mutex_) = 0;
};

Instance InstanceAt(const std::string& address, const std::string& weight) {
  Instance instance;
  instance.app_id = "demo";
  instance.hostname = address;
  instance.addrs = {"grpc://" + address, "http://9.9.9.9:9"};
  instance.metadata = {{"weight", weight}};
  return instance;
}

std::string Text(const std::string& address, const std::string& weight) {
#ifdef NAMING_TEST_META_MAP
  return address + " " + weight + " " + weight;
#else
  return address + " " + weight;
#endif
}

TEST_CASE("brpc gets each list, with weights for tags, and no empty one",
          "[brpc]") {
  auto backend = std::shared_ptr<FakeBackend>(FakeBackend::Create());
  Builders builders;
  REQUIRE(builders.Add(backend).ok());
  bthread::is_stopped = false;
  const BrpcNamingService registered(builders, "fake:///");
  ::brpc::NamingService* const service = registered.New();
  Actions actions;
  int result = -1;
  std::thread bthread([&] {
    result = service->RunNamingService("demo?scheme=grpc", &actions);
  });

  backend->SetInstances(
      "demo", {InstanceAt("1.1.1.1:1", "30"), InstanceAt("named:2", "10"),
               InstanceAt("unknown:3", "10")});
  CHECK(Eventually([&] {
    return actions.last() ==
           std::set<std::string>{Text("1.1.1.1:1", "30"),
                                 Text("resolved named:2", "10")};
  }));
  const int resets = actions.resets();
  backend->SetInstances("demo", {InstanceAt("unknown:3", "10")});
  backend->SetInstances("demo", {InstanceAt("[::1]:4", "5")});
  CHECK(Eventually([&] {
    return actions.last() == std::set<std::string>{Text("[::1]:4", "5")};
  }));
  CHECK(actions.resets() == resets + 1);

  bthread::is_stopped = true;
  bthread.join();
  CHECK(result == 0);
  std::ostringstream description;
  service->Describe(description, ::brpc::DescribeOptions());
  CHECK(description.str() == "naming");
  service->Destroy();
}

TEST_CASE("What isn't a target for brpc is EINVAL", "[brpc]") {
  bthread::is_stopped = false;
  Actions actions;
  BrpcNamingService service(Builders{}, "fake:///");
  CHECK(service.RunNamingService("demo", &actions) == EINVAL);
  CHECK(service.RunNamingService("", &actions) == EINVAL);
  CHECK(service.RunNamingService("other://x/demo", &actions) == EINVAL);
}

}  // namespace
}  // namespace naming
