// SPDX-License-Identifier: Apache-2.0

#include "naming/client_state.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <string_view>

#include "naming/client_event.h"
#include "naming/client_stats.h"
#include "tests/support/catch.h"

namespace naming {
namespace {

using std::chrono::system_clock;

TEST_CASE("States of a client are compared by every field", "[client_state]") {
  const ClientState state;
  ClientState other = state;
  CHECK(state == other);
  SECTION("is_connected") { other.is_connected = true; }
  SECTION("since") { other.since += system_clock::duration(1); }
  SECTION("node") { other.node = "x"; }
  SECTION("last_error") { other.last_error = absl::UnavailableError("x"); }
  CHECK(state != other);
}

TEST_CASE("Events are compared by every field", "[client_state]") {
  const ClientEvent event;
  ClientEvent other = event;
  CHECK(event == other);
  SECTION("kind") { other.kind = ClientEvent::Kind::kRegistered; }
  SECTION("time") { other.time += system_clock::duration(1); }
  SECTION("node") { other.node = "x"; }
  SECTION("app_id") { other.app_id = "x"; }
  SECTION("hostname") { other.hostname = "x"; }
  SECTION("message") { other.message = "x"; }
  CHECK(event != other);
}

TEST_CASE("Each kind of event has a name", "[client_state]") {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= 8; ++kind) {
    names.insert(ToString(static_cast<ClientEvent::Kind>(kind)));
  }
  CHECK(names.size() == 9);
  CHECK(names.count("unknown") == 0);
  CHECK(ToString(ClientEvent::Kind::kBackendFound) == "backend found");
  CHECK(ToString(static_cast<ClientEvent::Kind>(9)) == "unknown");
}

// The counters are all there is, so that none is left out of `==`.
TEST_CASE("Counters are compared one by one", "[client_state]") {
  constexpr std::size_t kCounters = sizeof(ClientStats) / sizeof(std::uint64_t);
  for (std::size_t i = 0; i < kCounters; ++i) {
    std::uint64_t numbers[kCounters] = {};
    numbers[i] = 1;
    ClientStats other;
    static_assert(sizeof(other) == sizeof(numbers));
    std::memcpy(&other, numbers, sizeof(other));
    CAPTURE(i);
    CHECK(other != ClientStats());
  }
}

}  // namespace
}  // namespace naming
