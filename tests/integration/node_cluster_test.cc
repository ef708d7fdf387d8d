// SPDX-License-Identifier: Apache-2.0
// Three naming-node programs that make a cluster, and what befalls one of them.

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "tests/integration/node/cluster.h"
#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/node_processes.h"

namespace naming::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Address;
using testing::AreEqual;
using testing::Eventually;
using testing::HttpGet;
using testing::Key;
using testing::NodeProcesses;
using testing::Register;
using testing::TcpConnection;
using Clock = std::chrono::steady_clock;

constexpr const char* kZone = "zone01";

struct Programs {
  NodeProcesses nodes{NAMING_NODE_PROGRAM, {"", "", ""}};
  Address a{nodes.address(0), kZone};
  Address b{nodes.address(1), kZone};
  Address c{nodes.address(2), kZone};

  Programs() {
    for (const Address* const address : {&a, &b, &c}) {
      REQUIRE(Eventually([&] {
        return HasAll(*address) &&
               address->Get("nodes").find("\"status\":1") == std::string::npos;
      }));
    }
    Register(a, "main.account", "before");
    Register(b, "main.account", "stays");
  }

  static bool Has(const Address& address, const Address& node) {
    return address.Holds("infra.discovery",
                         "\"http://" + node.address() + "\"");
  }
  bool HasAll(const Address& address) const {
    return Has(address, a) && Has(address, b) && Has(address, c);
  }

  // What clients do at a and b while c is away: all of it works, and each write
  // is answered within its deadline.
  void UseWithoutC() const {
    TcpConnection poller(b.address());
    poller.Send(
        HttpGet("/discovery/polls?env=dev&hostname=p&appid=main.account"
                "&latest_timestamp=9000000000000000000"));
    b.Get("nodes");  // When it is answered the poll is held.
    Write(a, "register",
          Key("main.account", "meanwhile", kZone) +
              "&status=1&addrs=http%3A%2F%2F1.1.1.1%3A80");
    CHECK(poller.ReadAnswer().find("meanwhile") != std::string::npos);
    Write(b, "cancel", Key("main.account", "before", kZone));
    Write(a, "set", Key("main.account", "stays", kZone) + "&status=2");
    Write(b, "renew", Key("main.account", "stays", kZone));
    for (const Address* const address : {&a, &b}) {
      CHECK(address->Holds("main.account", "meanwhile"));
      CHECK_FALSE(address->Holds("main.account", "before"));
      CHECK(address->Holds("main.account", "\"status\":2"));
    }
  }

  // All three are equal again, within the time from one renewal to the next.
  void CheckEqual() const {
    const Clock::time_point begin = Clock::now();
    CHECK(Eventually([&] {
      return AreEqual(a, b, c) && HasAll(a) &&
             c.Holds("main.account", "meanwhile");
    }));
    CHECK(Clock::now() - begin < seconds(30));
    CHECK_FALSE(c.Holds("main.account", "before"));
    Register(c, "main.account", "after");
    CHECK(Eventually([&] { return AreEqual(a, b, c); }));
  }

 private:
  static void Write(const Address& address, const std::string& path,
                    const std::string& form) {
    CAPTURE(path);
    const Clock::time_point begin = Clock::now();
    const std::string body =
        address.Post(path, form, "x1-bmspy-timeout: 2000\r\n");
    CHECK(Clock::now() - begin < milliseconds(2000));
    CHECK(body.find("{\"code\":0,") == 0);
  }
};

TEST_CASE("A registration is at the other nodes within 50 ms", "[cluster]") {
  const Programs programs;
  Clock::duration best = seconds(30);
  for (int i = 0; i < 10; ++i) {
    const std::string hostname = "h" + std::to_string(i);
    const Clock::time_point begin = Clock::now();
    Register(programs.a, "demo.app", hostname);
    REQUIRE(Eventually([&] {
      return programs.b.Holds("demo.app", hostname) &&
             programs.c.Holds("demo.app", hostname);
    }));
    best = std::min(best, Clock::now() - begin);
  }
  CHECK(best < milliseconds(50));
}

TEST_CASE("A naming-node that is told to end leaves the others", "[cluster]") {
  Programs programs;
  CHECK(programs.nodes.End(2) == 0);
  for (const Address* const address : {&programs.a, &programs.b}) {
    CHECK(programs.Has(*address, programs.a));
    CHECK(programs.Has(*address, programs.b));
    CHECK_FALSE(programs.Has(*address, programs.c));
  }
}

TEST_CASE("A node that is killed and starts empty is equal to the others",
          "[cluster]") {
  Programs programs;
  programs.nodes.Kill(2);
  programs.UseWithoutC();
  programs.nodes.Start(2);
  programs.CheckEqual();
}

TEST_CASE("A node that is stopped and goes on is equal to the others",
          "[cluster]") {
  Programs programs;
  programs.nodes.Stop(2);
  programs.UseWithoutC();
  programs.nodes.Continue(2);
  programs.CheckEqual();
}

// Not run by default, because of the time that it takes.
TEST_CASE("A node that is stopped for 10 s is equal to the others",
          "[.][cluster][slow]") {
  Programs programs;
  programs.nodes.Stop(2);
  programs.UseWithoutC();
  std::this_thread::sleep_for(seconds(10));
  Register(programs.b, "main.account", "late");
  programs.nodes.Continue(2);
  programs.CheckEqual();
}

}  // namespace
}  // namespace naming::node
