// SPDX-License-Identifier: Apache-2.0

#include "cli/output.h"

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::cli {
namespace {

using Format = Output::Format;

Instance MakeInstance(const std::string& hostname) {
  Instance instance;
  instance.app_id = "demo.app";
  instance.hostname = hostname;
  instance.addrs = {"grpc://10.0.0.1:9000"};
  return instance;
}

Snapshot MakeSnapshot(std::vector<Instance> instances) {
  Snapshot snapshot;
  snapshot.app_id = "demo.app";
  snapshot.revision = 7;
  for (Instance& instance : instances) {
    snapshot.zones["zone01"].push_back(
        std::make_shared<const Instance>(std::move(instance)));
  }
  return snapshot;
}

// What `print` makes an Output print, an hour after the clock's beginning.
template <typename Print>
std::string Printed(Format format, const Print& print) {
  std::ostringstream stream;
  const testing::FakeClock clock;
  Output output(format, stream, clock);
  CHECK(print(output));
  return stream.str();
}

TEST_CASE("A snapshot's table is aligned, with a dash for nothing", "[cli]") {
  Instance rich = MakeInstance("a-long-hostname");
  rich.version = "1.2";
  rich.addrs.push_back("http://10.0.0.1:80");
  rich.metadata = {{"color", "blue"}, {"weight", "20"}};
  rich.status = Instance::Status::kWaiting;
  const std::string text = Printed(Format::kTable, [&](Output& output) {
    return output.PrintSnapshot(MakeSnapshot({rich, MakeInstance("b")}));
  });
  CHECK(text ==
        "demo.app  revision 7  2 instances\n"
        "  ZONE    HOSTNAME         STATUS   VERSION  ADDRS                    "
        "                METADATA\n"
        "  zone01  a-long-hostname  waiting  1.2      "
        "grpc://10.0.0.1:9000,http://10.0.0.1:80  color=blue,weight=20\n"
        "  zone01  b                up       -        grpc://10.0.0.1:9000     "
        "                -\n");
}

TEST_CASE("A snapshot's table counts instances in words", "[cli]") {
  const auto table = [](std::vector<Instance> instances) {
    const std::string text = Printed(Format::kTable, [&](Output& output) {
      return output.PrintSnapshot(MakeSnapshot(std::move(instances)));
    });
    return text.substr(0, text.find('\n'));
  };
  CHECK(table({}) == "demo.app  revision 7  0 instances");
  CHECK(table({MakeInstance("a")}) == "demo.app  revision 7  1 instance");
}

TEST_CASE("What a registrant wrote can't leave its line of the table",
          "[cli]") {
  Instance instance = MakeInstance("a\nb\x1b[2J");
  const std::string text = Printed(Format::kTable, [&](Output& output) {
    return output.PrintSnapshot(MakeSnapshot({instance}));
  });
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("A snapshot in JSON is one object on a line", "[cli]") {
  Instance instance = MakeInstance("a");
  instance.version = "1.2";
  instance.metadata = {{"quote", "\"\n"}};
  const std::string text = Printed(Format::kJson, [&](Output& output) {
    return output.PrintSnapshot(MakeSnapshot({instance}));
  });
  CHECK(text ==
        R"({"event":"snapshot","mono_ns":3600000000000,"app_id":"demo.app",)"
        R"("revision":7,"instances":{"zone01":[{"hostname":"a",)"
        R"("addrs":["grpc://10.0.0.1:9000"],"version":"1.2","status":"up",)"
        R"("metadata":{"quote":"\"\n"}}]}})"
        "\n");
}

TEST_CASE("A registration's event tells why when something is wrong", "[cli]") {
  const Instance instance = MakeInstance("a");
  const auto print = [&](Format format, const absl::Status& why) {
    return Printed(format, [&](Output& output) {
      return output.PrintRegistration("lost", instance, why);
    });
  };
  const absl::Status why = absl::UnavailableError("no node");
  CHECK(print(Format::kJson, absl::OkStatus()) ==
        R"({"event":"lost","mono_ns":3600000000000,"app_id":"demo.app",)"
        R"("hostname":"a"})"
        "\n");
  CHECK(print(Format::kJson, why) ==
        R"({"event":"lost","mono_ns":3600000000000,"app_id":"demo.app",)"
        R"("hostname":"a","error":"no node"})"
        "\n");
  CHECK(print(Format::kTable, absl::OkStatus()) == "lost        demo.app  a\n");
  CHECK(print(Format::kTable, why) == "lost        demo.app  a  no node\n");
}

TEST_CASE("Nodes are printed one a line, or as one list", "[cli]") {
  const std::vector<std::string> nodes = {"http://a:1", "http://b:2"};
  const auto print = [&](Output& output) { return output.PrintNodes(nodes); };
  CHECK(Printed(Format::kTable, print) == "http://a:1\nhttp://b:2\n");
  CHECK(Printed(Format::kJson, print) ==
        R"({"event":"nodes","mono_ns":3600000000000,)"
        R"("nodes":["http://a:1","http://b:2"]})"
        "\n");
}

TEST_CASE("Printing says when nobody reads any more", "[cli]") {
  std::ostringstream stream;
  stream.setstate(std::ios::badbit);
  const testing::FakeClock clock;
  Output output(Format::kJson, stream, clock);
  CHECK_FALSE(output.PrintNodes({}));
}

}  // namespace
}  // namespace naming::cli
