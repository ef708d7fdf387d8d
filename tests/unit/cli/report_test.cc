// SPDX-License-Identifier: Apache-2.0

#include "cli/report.h"

#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::cli {
namespace {

// A Report, and the events that it has printed.
struct Fixture {
  Fixture() {
    instance.app_id = "a";
    instance.hostname = "h";
  }

  void Change(bool is_registered) {
    RegistrationState state;
    state.is_registered = is_registered;
    report.OnChange(state);
  }

  // Returns the events so far, a blank after each.
  std::string events() const {
    std::istringstream lines(stream.str());
    std::string all;
    for (std::string line; std::getline(lines, line);) {
      all += line.substr(0, line.find(' ')) + " ";
    }
    return all;
  }

  Instance instance;
  std::ostringstream stream;
  testing::FakeClock clock;
  Output output{Output::Format::kTable, stream, clock};
  int broken = 0;
  Report report{output, [this] { ++broken; }};
};

TEST_CASE("The first time it is registered, later times it is recovered",
          "[cli]") {
  Fixture fixture;
  fixture.report.Begin(fixture.instance);
  CHECK(fixture.events().empty());
  fixture.Change(true);
  fixture.Change(false);
  fixture.Change(true);
  CHECK(fixture.events() == "registered lost recovered ");
}

TEST_CASE("What is known before Begin is printed by it", "[cli]") {
  Fixture fixture;
  fixture.Change(true);
  CHECK(fixture.events().empty());
  fixture.report.Begin(fixture.instance);
  CHECK(fixture.events() == "registered ");
}

TEST_CASE("A state that comes twice is printed once", "[cli]") {
  Fixture fixture;
  fixture.report.Begin(fixture.instance);
  fixture.Change(false);
  fixture.Change(true);
  fixture.Change(true);
  CHECK(fixture.events() == "registered ");
}

TEST_CASE("A loss tells why", "[cli]") {
  Fixture fixture;
  fixture.report.Begin(fixture.instance);
  fixture.Change(true);
  RegistrationState state;
  state.last_error = absl::UnavailableError("no node");
  fixture.report.OnChange(state);
  CHECK(fixture.stream.str().find("lost        a  h  no node\n") !=
        std::string::npos);
}

TEST_CASE("After End only the cancellation is printed", "[cli]") {
  Fixture fixture;
  fixture.report.Begin(fixture.instance);
  fixture.Change(true);
  fixture.report.End();
  fixture.Change(false);
  fixture.report.Cancelled();
  CHECK(fixture.events() == "registered cancelled ");
}

TEST_CASE("It says when nobody reads any more", "[cli]") {
  Fixture fixture;
  fixture.report.Begin(fixture.instance);
  fixture.stream.setstate(std::ios::badbit);
  fixture.Change(true);
  CHECK(fixture.broken == 1);
}

}  // namespace
}  // namespace naming::cli
