// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/raw_client.h"

// A node with few file descriptors, and more connections than that.
namespace naming::node {
namespace {

using testing::Eventually;
using testing::Process;
using testing::RawClient;

// Of which a quarter is left to the rest of the process.
constexpr int kDescriptors = 64;
constexpr int kFlood = 200;

constexpr char kFetch[] = "/discovery/fetch?env=dev&appid=nobody&status=1";

class LimitedNode {
 public:
  explicit LimitedNode(int descriptors = kDescriptors)
      : process_({"/bin/sh", "-c",
                  absl::StrFormat("ulimit -n %d && exec '%s' --listen "
                                  "127.0.0.1:0",
                                  descriptors, NAMING_NODE_PROGRAM)}) {
    const std::string prefix = "listening on http://";
    const std::string line = process_.ReadLine().value_or("");
    REQUIRE(line.substr(0, prefix.size()) == prefix);
    address_ = line.substr(prefix.size());
  }

  const std::string& address() const { return address_; }

  // Returns how much memory it has in use, in bytes.
  std::size_t ResidentBytes() const {
    std::ifstream file(absl::StrFormat("/proc/%d/statm", process_.pid()));
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  }

 private:
  Process process_;
  std::string address_;
};

bool IsServed(RawClient& client) {
  if (!client.Get(kFetch)) return false;
  const auto answer = client.ReadAnswer();
  return answer && answer->status == 200;
}

TEST_CASE("A flood of connections is refused, and nobody else suffers",
          "[flood]") {
  const LimitedNode node;
  RawClient poller(node.address());
  REQUIRE(
      poller.Get("/discovery/polls?env=dev&appid=demo.app&hostname=p&"
                 "latest_timestamp=0"));
  RawClient provider(node.address());
  REQUIRE(IsServed(provider));

  std::vector<RawClient> served;
  int refused = 0;
  for (int i = 0; i < kFlood; ++i) {
    RawClient client(node.address());
    client.Get(kFetch);
    const auto answer = client.ReadAnswer();
    REQUIRE(answer);
    if (answer->status == 200) {
      served.push_back(std::move(client));
    } else {
      CHECK(answer->status == 503);
      CHECK(answer->head.find("\r\nConnection: close\r\n") !=
            std::string::npos);
      CHECK(client.ReadToEnd() == "");
      ++refused;
    }
  }
  CHECK(served.size() > kDescriptors / 2);
  CHECK(served.size() < kDescriptors * 3 / 4);
  CHECK(refused > 0);

  SECTION("those that were there are served") {
    CHECK(IsServed(served.front()));
    CHECK(IsServed(served.back()));
    REQUIRE(provider.Post("/discovery/register",
                          "zone=zone01&env=dev&appid=demo.app&hostname=h1&"
                          "status=1&addrs=grpc%3A%2F%2F10.0.0.7"));
    CHECK(provider.ReadAnswer());
    const auto told = poller.ReadAnswer();
    REQUIRE(told);
    CHECK(told->body.find("\"hostname\":\"h1\"") != std::string::npos);
  }
  SECTION("when there is room again, others are served") {
    served.clear();
    CHECK(Eventually([&] {
      RawClient client(node.address());
      return IsServed(client);
    }));
  }
}

TEST_CASE("Connections of a flood that send nothing are refused too",
          "[flood]") {
  const LimitedNode node;
  RawClient provider(node.address());
  REQUIRE(IsServed(provider));
  std::vector<RawClient> flood;
  for (int i = 0; i < kFlood; ++i) flood.emplace_back(node.address());
  const auto refusal = flood.back().ReadToEnd();
  REQUIRE(refusal);
  CHECK(refusal->find("HTTP/1.1 503 ") == 0);
  CHECK(IsServed(provider));
}

// A sanitizer's memory isn't the node's.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("A held poll costs at most 16 KiB of memory", "[flood]") {
  constexpr int kPolls = 600;
  const LimitedNode node(kPolls * 3 / 2);
  RawClient other(node.address());
  REQUIRE(IsServed(other));
  const std::size_t before = node.ResidentBytes();
  std::vector<RawClient> pollers;
  for (int i = 0; i < kPolls; ++i) {
    pollers.emplace_back(node.address());
    REQUIRE(pollers.back().Get(
        absl::StrFormat("/discovery/polls?env=dev&appid=demo.app&hostname=host-"
                        "1%%2F4711%%2F%d&latest_timestamp=0",
                        i)));
  }
  REQUIRE(IsServed(other));  // After all that came before it.
  CHECK((node.ResidentBytes() - before) / kPolls <= 16 * 1024);
}
#endif

}  // namespace
}  // namespace naming::node
