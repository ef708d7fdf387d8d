// SPDX-License-Identifier: Apache-2.0

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/url.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"

// How much fits into one process. What takes too long for every day is hidden:
//   integration-scale "[scale-in-full]"
namespace naming::discovery {
namespace {

using node::DiscoveryNode;
using testing::Eventually;

std::unique_ptr<DiscoveryNode> StartNode() {
  node::DiscoveryNodeOptions options;
  options.recorded_requests = 1'000'000;
  auto node = DiscoveryNode::Start(options);
  REQUIRE(node.ok());
  return *std::move(node);
}

std::unique_ptr<Client> MakeClient(const DiscoveryNode& node) {
  ClientOptions options;
  options.nodes = {node.address()};
  auto client = Client::Create(options);
  REQUIRE(client.ok());
  return *std::move(client);
}

// A descriptor for each end of a connection, and some for each Client.
void RaiseFileLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int ClientThreads() {
  int count = 0;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    count += static_cast<int>(name == "naming-poll" || name == "naming-renew" ||
                              name == "naming-call");
  }
  return count;
}

int Descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

std::string AppId(int i) { return absl::StrFormat("main.account.app-%05d", i); }

// Makes `version` the one Instance's version.
void Register(testing::RawClient& provider, const std::string& app_id,
              int version) {
  REQUIRE(provider.Post(
      "/discovery/register",
      absl::StrFormat("region=region01&zone=zone01&env=dev&appid=%s&"
                      "hostname=host-1&status=1&addrs=grpc%%3A%%2F%%2F10.0.0.7"
                      "%%3A9000&version=%d&dirty_timestamp=%d",
                      app_id, version, 1795224393131111624 + version)));
  const auto answer = provider.ReadAnswer();
  REQUIRE(answer);
  REQUIRE(answer->body.find("\"code\":0") != std::string::npos);
}

std::size_t LongestRequestLine(const DiscoveryNode& node) {
  std::size_t longest = 0;
  for (const node::ReceivedRequest& request : node.requests()) {
    if (request.method != "GET") continue;
    std::size_t bytes = request.path.size() + sizeof("GET  HTTP/1.1\r\n");
    for (const auto& [name, values] : request.parameters) {
      for (const std::string& value : values) {
        bytes += name.size() + base::PercentEncode(value).size() + 2;
      }
    }
    longest = std::max(longest, bytes);
  }
  return longest;
}

// What the Watchers of many applications were told.
class Followed {
 public:
  Followed(Client& client, int apps)
      : told_(static_cast<std::size_t>(apps), 0) {
    for (int i = 0; i < apps; ++i) {
      resolvers_.push_back(client.Build("discovery:///" + AppId(i)).value());
      watchers_.push_back(resolvers_.back()->Watch([this, i](const auto&) {
        base::MutexLock lock(mutex_);
        ++told_[static_cast<std::size_t>(i)];
      }));
    }
  }

  // Returns how often each was told.
  std::vector<int> told() const {
    base::MutexLock lock(mutex_);
    return told_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<int> told_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Resolver>> resolvers_;
  std::vector<Watcher> watchers_;
};

std::vector<Registration> RegisterMany(Client& client, int count) {
  std::vector<Registration> registrations;
  for (int i = 0; i < count; ++i) {
    Instance instance;
    instance.app_id = AppId(i);
    instance.hostname = "host-2";
    instance.zone = "zone01";
    instance.env = "dev";
    instance.addrs = {"grpc://10.0.0.8:9000"};
    auto registration = client.Register(std::move(instance), {});
    REQUIRE(registration.ok());
    registrations.push_back(*std::move(registration));
  }
  return registrations;
}

// One Client resolves `apps` applications and holds `registrations`.
void CheckOneClient(int apps, int registrations) {
  RaiseFileLimit();
  const auto node = StartNode();
  testing::RawClient provider(node->address());
  for (int i = 0; i < apps; ++i) Register(provider, AppId(i), 1);
  const int descriptors = Descriptors();

  const auto client = MakeClient(*node);
  const auto registered = RegisterMany(*client, registrations);
  const Followed followed(*client, apps);
  std::vector<int> expected(static_cast<std::size_t>(apps), 1);
  REQUIRE(Eventually([&] { return followed.told() == expected; }));

  CHECK(ClientThreads() == 3);
  CHECK(LongestRequestLine(*node) <= 8192);
  // A poll holds some sixty applications on one connection, of which both ends
  // are here; as many may be fetching.
  CHECK(Descriptors() - descriptors <= 4 * (apps / 50) + 40);

  const int changed = apps / 2 + registrations;
  Register(provider, AppId(changed), 2);
  expected[static_cast<std::size_t>(changed)] = 2;
  CHECK(Eventually([&] { return followed.told() == expected; }));
}

// Many Clients follow one application.
void CheckManyClients(int count) {
  RaiseFileLimit();
  const auto node = StartNode();
  testing::RawClient provider(node->address());
  Register(provider, AppId(0), 1);
  const int descriptors = Descriptors();
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::unique_ptr<Followed>> followed;
  for (int i = 0; i < count; ++i) {
    clients.push_back(MakeClient(*node));
    followed.push_back(std::make_unique<Followed>(*clients.back(), 1));
  }
  const auto all_told = [&followed](int times) {
    return Eventually([&] {
      return std::all_of(followed.begin(), followed.end(),
                         [&](const auto& f) { return f->told()[0] == times; });
    });
  };
  REQUIRE(all_told(1));
  CHECK(ClientThreads() == 3 * count);
  CHECK(Descriptors() - descriptors <= 16 * count);
  Register(provider, AppId(0), 2);
  CHECK(all_told(2));
  followed.clear();
  clients.clear();
  CHECK(ClientThreads() == 0);
}

TEST_CASE("A client follows and registers much with three threads", "[scale]") {
  CheckOneClient(1000, 100);
}

TEST_CASE("Many clients live in one process", "[scale]") {
  CheckManyClients(50);
}

TEST_CASE("A client follows 10,000 applications and holds 1,000 registrations",
          "[.][scale-in-full]") {
  CheckOneClient(10'000, 1000);
}

TEST_CASE("A thousand clients live in one process", "[.][scale-in-full]") {
  CheckManyClients(1000);
}

}  // namespace
}  // namespace naming::discovery
