// SPDX-License-Identifier: Apache-2.0
// Three naming-node programs that make a cluster, and what befalls one of them.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

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
constexpr const char* kOther = "zone02";

// Where the three are, and what becomes of them.
struct Layout {
  std::vector<std::string> zones;
  std::size_t away;  // Which one is away for a while.
  std::size_t one;   // And by way of which two it is missed.
  std::size_t other;
};

const Layout kOneZone{{kZone, kZone, kZone}, 2, 0, 1};

struct Programs {
  explicit Programs(const Layout& where = kOneZone)
      : layout(where), nodes(NAMING_NODE_PROGRAM, {"", "", ""}, where.zones) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      places.emplace_back(nodes.address(i), where.zones[i]);
    }
    for (const Address& place : places) {
      REQUIRE(Eventually([&] {
        return HasAll(place) &&
               place.Get("nodes").find("\"status\":1") == std::string::npos;
      }));
    }
    Register(one(), "main.account", "before");
    Register(other(), "main.account", "stays");
    Register(away(), "main.account", "gone");
  }

  const Address& one() const { return places[layout.one]; }
  const Address& other() const { return places[layout.other]; }
  const Address& away() const { return places[layout.away]; }

  static bool Has(const Address& address, const Address& node) {
    return address.Holds("infra.discovery",
                         "\"http://" + node.address() + "\"");
  }
  bool HasAll(const Address& address) const {
    return Has(address, one()) && Has(address, other()) && Has(address, away());
  }

  // What clients do at two nodes while the third is away: all of it works, and
  // each write is answered within its deadline.
  void UseWithoutIt() const {
    TcpConnection poller(other().address());
    poller.Send(
        HttpGet("/discovery/polls?env=dev&hostname=p&appid=main.account"
                "&latest_timestamp=9000000000000000000"));
    other().Get("nodes");  // When it is answered the poll is held.
    const std::string more = "&status=1&addrs=http%3A%2F%2F1.1.1.1%3A80";
    Write(one(), "register",
          Key("main.account", "meanwhile", one().zone()) + more);
    CHECK(poller.ReadAnswer().find("meanwhile") != std::string::npos);
    Write(other(), "cancel", Key("main.account", "before", one().zone()));
    Write(one(), "set",
          Key("main.account", "stays", other().zone()) + "&status=2");
    Write(other(), "renew", Key("main.account", "stays", other().zone()));
    // Their own node is away.
    Write(one(), "cancel", Key("main.account", "gone", away().zone()));
    Write(one(), "register",
          Key("main.account", "homeless", away().zone()) + more);
    for (const Address* const address : {&one(), &other()}) {
      CHECK(Eventually([&] {
        return address->Holds("main.account", "\"meanwhile\"") &&
               address->Holds("main.account", "\"homeless\"") &&
               address->Holds("main.account", "\"status\":2") &&
               !address->Holds("main.account", "\"before\"") &&
               !address->Holds("main.account", "\"gone\"");
      }));
    }
  }

  // All three are equal again, within the time from one renewal to the next.
  void CheckEqual() const {
    const Clock::time_point begin = Clock::now();
    CHECK(Eventually([&] {
      return AreEqual(one(), other(), away()) && HasAll(one()) &&
             away().Holds("main.account", "\"meanwhile\"");
    }));
    CHECK(Clock::now() - begin < seconds(30));
    CHECK(away().Holds("main.account", "\"homeless\""));
    CHECK_FALSE(away().Holds("main.account", "\"before\""));
    CHECK_FALSE(away().Holds("main.account", "\"gone\""));
    Register(away(), "main.account", "after");
    CHECK(Eventually([&] { return AreEqual(one(), other(), away()); }));
  }

  const Layout layout;
  NodeProcesses nodes;
  std::vector<Address> places;

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

// The only node of a zone, or one of two, of which the other zone's node tells
// one.
Layout AnyTwoZones() {
  return GENERATE(Layout{{kZone, kZone, kOther}, 2, 0, 1},
                  Layout{{kZone, kZone, kOther}, 0, 2, 1});
}

TEST_CASE("A registration is at the other nodes within 50 ms", "[cluster]") {
  const Programs programs;
  Clock::duration best = seconds(30);
  for (int i = 0; i < 10; ++i) {
    const std::string hostname = "h" + std::to_string(i);
    const Clock::time_point begin = Clock::now();
    Register(programs.one(), "demo.app", hostname);
    REQUIRE(Eventually([&] {
      return programs.other().Holds("demo.app", hostname) &&
             programs.away().Holds("demo.app", hostname);
    }));
    best = std::min(best, Clock::now() - begin);
  }
  CHECK(best < milliseconds(50));
}

TEST_CASE("A naming-node that is told to end leaves the others", "[cluster]") {
  Programs programs;
  CHECK(programs.nodes.End(2) == 0);
  for (const Address* const address : {&programs.one(), &programs.other()}) {
    CHECK(programs.Has(*address, programs.one()));
    CHECK(programs.Has(*address, programs.other()));
    CHECK_FALSE(programs.Has(*address, programs.away()));
  }
}

TEST_CASE("A node that is killed and starts empty is equal to the others",
          "[cluster]") {
  Programs programs;
  programs.nodes.Kill(2);
  programs.UseWithoutIt();
  programs.nodes.Start(2);
  programs.CheckEqual();
}

TEST_CASE("A node that is stopped and goes on is equal to the others",
          "[cluster]") {
  Programs programs;
  programs.nodes.Stop(2);
  programs.UseWithoutIt();
  programs.nodes.Continue(2);
  programs.CheckEqual();
}

TEST_CASE("Two zones are equal when one node was killed and starts empty",
          "[cluster]") {
  Programs programs(AnyTwoZones());
  programs.nodes.Kill(programs.layout.away);
  programs.UseWithoutIt();
  programs.nodes.Start(programs.layout.away);
  programs.CheckEqual();
}

TEST_CASE("Two zones are equal when one node was stopped and goes on",
          "[cluster]") {
  Programs programs(AnyTwoZones());
  programs.nodes.Stop(programs.layout.away);
  programs.UseWithoutIt();
  programs.nodes.Continue(programs.layout.away);
  programs.CheckEqual();
}

// Not run by default, because of the time that it takes.
TEST_CASE("A node that is stopped for 10 s is equal to the others",
          "[.][cluster][slow]") {
  Programs programs(GENERATE(true, false) ? kOneZone : AnyTwoZones());
  programs.nodes.Stop(programs.layout.away);
  programs.UseWithoutIt();
  std::this_thread::sleep_for(seconds(10));
  Register(programs.other(), "main.account", "late");
  programs.nodes.Continue(programs.layout.away);
  programs.CheckEqual();
}

}  // namespace
}  // namespace naming::node
