// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/json.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/raw_server.h"

// The programs namingctl and naming-node, run as a shell runs them.
namespace naming {
namespace {

using net::JsonDocument;
using net::JsonValue;
using testing::Eventually;
using testing::Process;
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;
using testing::RefusingPort;

using Strings = std::vector<std::string>;

// A naming-node that listens on a free port.
class NodeProgram {
 public:
  explicit NodeProgram(const Strings& options = {})
      : process_(Arguments(options)) {
    const std::string prefix = "listening on http://";
    const std::string line = process_.ReadLine().value_or("");
    REQUIRE(line.substr(0, prefix.size()) == prefix);
    address_ = line.substr(prefix.size());
  }

  const std::string& address() const { return address_; }
  Process& process() { return process_; }

 private:
  static Strings Arguments(const Strings& options) {
    Strings arguments = {NAMING_NODE_PROGRAM, "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
  }

  Process process_;
  std::string address_;
};

Strings Ctl(const Strings& arguments) {
  Strings all = {NAMINGCTL_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

// The same, with JSON from `node`.
Strings Ctl(const NodeProgram& node, const Strings& arguments) {
  Strings all = {NAMINGCTL_PROGRAM, "--nodes", node.address(), "--output",
                 "json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

std::int64_t MonotonicNow() {
  return std::chrono::nanoseconds(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Returns the next line, which must be a JSON object.
JsonDocument ReadEvent(Process& process) {
  const std::optional<std::string> line = process.ReadLine();
  INFO(process.error_text());
  REQUIRE(line.has_value());
  CAPTURE(*line);
  REQUIRE(line->back() == '}');
  auto document = JsonDocument::Parse(*line);
  REQUIRE(document.ok());
  REQUIRE(document->root().is_object());
  return *std::move(document);
}

std::string Text(JsonValue value) {
  return std::string(value.AsString().value_or("(no string)"));
}

// Returns "zone/hostname addr,addr version status" for each instance.
Strings InstancesOf(const JsonDocument& snapshot) {
  Strings all;
  snapshot.root()["instances"].ForEachMember([&all](std::string_view zone,
                                                    JsonValue instances) {
    instances.ForEachElement([&](JsonValue instance) {
      std::string text = std::string(zone) + "/" + Text(instance["hostname"]);
      instance["addrs"].ForEachElement(
          [&text](JsonValue addr) { text += " " + Text(addr); });
      all.push_back(text + " " + Text(instance["version"]) + " " +
                    Text(instance["status"]));
    });
  });
  return all;
}

// Returns what `fetch` says when it fails.
std::string FetchError(const NodeProgram& node, const std::string& app_id) {
  Process fetch(Ctl(node, {"fetch", app_id, "--timeout", "1s"}));
  CHECK(fetch.Wait() == 1);
  return fetch.error_text();
}

int CountLines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("naming-node ends cleanly when it is told to", "[cli]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  NodeProgram node;
  node.process().Signal(signal);
  CHECK(node.process().Wait() == 0);
}

TEST_CASE("naming-node refuses what it can't listen on", "[cli]") {
  Process process({NAMING_NODE_PROGRAM, "--listen", "nonsense"});
  CHECK(process.Wait() == 2);
  CHECK(process.ReadLine() == std::nullopt);
  CHECK(process.error_text().find("listen") != std::string::npos);
}

TEST_CASE("register cancels its registration when a signal ends it", "[cli]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  NodeProgram node;
  const std::int64_t begin = MonotonicNow();
  Process provider(Ctl(node, {"register", "demo.app", "--hostname", "h1",
                              "--addr", "grpc://10.0.0.1:9000"}));

  const JsonDocument registered = ReadEvent(provider);
  CHECK(Text(registered.root()["event"]) == "registered");
  CHECK(Text(registered.root()["app_id"]) == "demo.app");
  CHECK(Text(registered.root()["hostname"]) == "h1");
  const auto when = registered.root()["mono_ns"].AsInt64();
  REQUIRE(when.has_value());
  CHECK(*when >= begin);
  CHECK(*when <= MonotonicNow());
  Process fetch(Ctl(node, {"fetch", "demo.app"}));
  CHECK(InstancesOf(ReadEvent(fetch)) ==
        Strings{"zone01/h1 grpc://10.0.0.1:9000  up"});
  CHECK(fetch.Wait() == 0);

  provider.Signal(signal);
  CHECK(Text(ReadEvent(provider).root()["event"]) == "cancelled");
  CHECK(provider.Wait() == 0);
  CHECK(provider.error_text().empty());
  CHECK(FetchError(node, "demo.app").find("no such application") !=
        std::string::npos);
}

TEST_CASE("register ends by itself when its time is over", "[cli]") {
  NodeProgram node;
  Process provider(Ctl(node, {"register", "demo.app", "--addr",
                              "grpc://10.0.0.1:9000", "--for", "50ms"}));
  const JsonDocument registered = ReadEvent(provider);
  const JsonDocument cancelled = ReadEvent(provider);
  CHECK(Text(cancelled.root()["event"]) == "cancelled");
  CHECK(cancelled.root()["mono_ns"].AsInt64().value() -
            registered.root()["mono_ns"].AsInt64().value() >=
        50'000'000);
  CHECK(provider.ReadLine() == std::nullopt);
  CHECK(provider.Wait() == 0);
}

TEST_CASE("register passes on addresses, status and metadata", "[cli]") {
  NodeProgram node;
  Process provider(
      Ctl(node, {"register", "demo.app", "--hostname", "h1", "--addr",
                 "grpc://10.0.0.1:9000", "http://10.0.0.1:80", "--addr",
                 "tcp://10.0.0.1:81", "--metadata", "color=blue", "--metadata",
                 "weight=20", "--status", "up"}));
  ReadEvent(provider);
  Process fetch(Ctl(node, {"fetch", "demo.app"}));
  const JsonDocument snapshot = ReadEvent(fetch);
  CHECK(InstancesOf(snapshot) ==
        Strings{"zone01/h1 grpc://10.0.0.1:9000 http://10.0.0.1:80 "
                "tcp://10.0.0.1:81  up"});
  Strings metadata;
  snapshot.root()["instances"]["zone01"].ForEachElement([&](JsonValue one) {
    one["metadata"].ForEachMember([&](std::string_view key, JsonValue value) {
      metadata.push_back(std::string(key) + "=" + Text(value));
    });
  });
  CHECK(metadata == Strings{"color=blue", "weight=20"});
}

TEST_CASE("register without a registry fails with one clear line", "[cli]") {
  const RefusingPort nowhere;
  Process provider(Ctl({"--nodes", nowhere.Url(""), "register", "demo.app",
                        "--addr", "grpc://10.0.0.1:9000"}));
  CHECK(provider.Wait() == 1);
  const std::string errors = provider.error_text();
  CAPTURE(errors);
  CHECK(CountLines(errors) == 1);
  CHECK(errors.find("demo.app") != std::string::npos);
  CHECK(errors.find(nowhere.Url("")) != std::string::npos);
  CHECK(provider.ReadLine() == std::nullopt);
}

TEST_CASE("A signal ends register while it waits for the registry", "[cli]") {
  const RawServer silent(
      [](const RawRequest&, RawConnection& connection) { connection.Hang(); });
  Process provider(Ctl({"--nodes", silent.Url(""), "register", "demo.app",
                        "--addr", "grpc://10.0.0.1:9000"}));
  REQUIRE(Eventually([&silent] { return !silent.requests().empty(); }));
  provider.Signal(SIGTERM);
  // It can't know whether the node has registered it, and says so.
  CHECK(provider.Wait() == 1);
  CHECK(provider.error_text().find("cancel") != std::string::npos);
}

TEST_CASE("register cancels when nobody reads what it prints", "[cli]") {
  NodeProgram node;
  Process provider(
      Ctl(node, {"register", "demo.app", "--addr", "grpc://10.0.0.1:9000"}));
  provider.CloseOutput();
  CHECK(provider.Wait() == 1);
  CHECK(provider.error_text() == "namingctl: stdout can't be written to\n");
  CHECK(FetchError(node, "demo.app").find("no such application") !=
        std::string::npos);
}

TEST_CASE("watch prints a snapshot for each change", "[cli]") {
  NodeProgram node;
  Process first(Ctl(node, {"register", "demo.app", "--hostname", "h1", "--addr",
                           "grpc://10.0.0.1:9000"}));
  ReadEvent(first);
  Process consumer(Ctl(node, {"watch", "demo.app"}));
  const JsonDocument one = ReadEvent(consumer);
  CHECK(Text(one.root()["event"]) == "snapshot");
  CHECK(Text(one.root()["app_id"]) == "demo.app");
  CHECK(InstancesOf(one) == Strings{"zone01/h1 grpc://10.0.0.1:9000  up"});

  Process second(Ctl(node, {"register", "demo.app", "--hostname", "h2",
                            "--addr", "grpc://10.0.0.2:9000"}));
  ReadEvent(second);
  const JsonDocument two = ReadEvent(consumer);
  CHECK(InstancesOf(two) == Strings{"zone01/h1 grpc://10.0.0.1:9000  up",
                                    "zone01/h2 grpc://10.0.0.2:9000  up"});
  CHECK(two.root()["revision"].AsInt64().value() >
        one.root()["revision"].AsInt64().value());
  CHECK(two.root()["mono_ns"].AsInt64().value() >
        one.root()["mono_ns"].AsInt64().value());

  first.Signal(SIGTERM);
  CHECK(InstancesOf(ReadEvent(consumer)) ==
        Strings{"zone01/h2 grpc://10.0.0.2:9000  up"});
  consumer.Signal(SIGINT);
  CHECK(consumer.Wait() == 0);
}

TEST_CASE("watch ends by itself when its time is over", "[cli]") {
  NodeProgram node;
  Process consumer(Ctl(node, {"watch", "demo.app", "--for", "50ms"}));
  CHECK(consumer.Wait() == 0);
}

TEST_CASE("watch follows several applications at once", "[cli]") {
  NodeProgram node;
  Process consumer(Ctl(node, {"watch", "demo.a", "demo.b"}));
  for (const std::string app_id : {"demo.b", "demo.a"}) {
    Process provider(
        Ctl(node, {"register", app_id, "--addr", "grpc://10.0.0.1:9000"}));
    ReadEvent(provider);
    CHECK(Text(ReadEvent(consumer).root()["app_id"]) == app_id);
    provider.Signal(SIGKILL);
  }
}

TEST_CASE("fetch prints what there is and names what there isn't", "[cli]") {
  NodeProgram node;
  Process provider(Ctl(node, {"register", "demo.there", "--hostname", "h1",
                              "--addr", "grpc://10.0.0.1:9000"}));
  ReadEvent(provider);
  Process fetch(Ctl(node, {"fetch", "demo.missing", "demo.there", "demo.absent",
                           "--timeout", "300ms"}));
  CHECK(Text(ReadEvent(fetch).root()["app_id"]) == "demo.there");
  CHECK(fetch.ReadLine() == std::nullopt);
  CHECK(fetch.Wait() == 1);
  const std::string errors = fetch.error_text();
  CAPTURE(errors);
  CHECK(CountLines(errors) == 1);
  CHECK(errors.find("demo.missing") != std::string::npos);
  CHECK(errors.find("demo.absent") != std::string::npos);
  CHECK(errors.find("demo.there") == std::string::npos);
}

TEST_CASE("nodes prints the node that was given and those it knows", "[cli]") {
  NodeProgram node;
  Process nodes(Ctl(node, {"nodes"}));
  const JsonDocument event = ReadEvent(nodes);
  CHECK(Text(event.root()["event"]) == "nodes");
  CHECK(event.root()["mono_ns"].AsInt64().has_value());
  Strings all;
  event.root()["nodes"].ForEachElement(
      [&all](JsonValue url) { all.push_back(Text(url)); });
  CHECK(all == Strings{"http://" + node.address()});
  CHECK(nodes.Wait() == 0);
}

TEST_CASE("nodes fails when no node answers", "[cli]") {
  const RefusingPort nowhere;
  Process nodes(Ctl({"--nodes", nowhere.Url(""), "nodes"}));
  CHECK(nodes.Wait() == 1);
  CHECK(CountLines(nodes.error_text()) == 1);
}

TEST_CASE("What isn't said on the command line comes from the environment",
          "[cli]") {
  NodeProgram node({"--region", "sh", "--zone", "sh001", "--env", "uat"});
  const Strings environment = {"DISCOVERY_NODES=" + node.address(),
                               "REGION=sh",
                               "ZONE=sh001",
                               "DEPLOY_ENV=uat",
                               "HOSTNAME=from-environment",
                               "DEPLOY_COLOR=green"};
  const Strings arguments = {"--output", "json",   "register",
                             "demo.app", "--addr", "grpc://10.0.0.1:9000"};
  const auto registered_as = [&](const Strings& more) {
    Strings all = arguments;
    all.insert(all.end(), more.begin(), more.end());
    Process provider(Ctl(all), environment);
    const std::string hostname = Text(ReadEvent(provider).root()["hostname"]);
    Process fetch(Ctl({"--output", "json", "fetch", "demo.app"}), environment);
    const JsonDocument snapshot = ReadEvent(fetch);
    provider.Signal(SIGTERM);
    CHECK(provider.Wait() == 0);
    return hostname + ": " + InstancesOf(snapshot).front();
  };
  CHECK(registered_as({}) ==
        "from-environment: sh001/from-environment grpc://10.0.0.1:9000  up");
  CHECK(registered_as({"--hostname", "given", "--zone", "sh002"}) ==
        "given: sh002/given grpc://10.0.0.1:9000  up");
}

TEST_CASE("An instance that isn't up is registered, and not listed", "[cli]") {
  NodeProgram node;
  Process provider(Ctl(node, {"register", "demo.app", "--addr",
                              "grpc://10.0.0.1:9000", "--status", "waiting"}));
  CHECK(Text(ReadEvent(provider).root()["event"]) == "registered");
  Process fetch(Ctl(node, {"fetch", "demo.app"}));
  CHECK(InstancesOf(ReadEvent(fetch)).empty());
  CHECK(fetch.Wait() == 0);
}

TEST_CASE("Wrong usage exits with 2 and names what is wrong", "[cli]") {
  using Case = std::pair<Strings, std::string>;
  const std::string nodes = "127.0.0.1:1";
  const std::string addr = "grpc://10.0.0.1:9000";
  const Case wrong = GENERATE_COPY(
      Case{{}, "subcommand"},
      Case{{"--nodes", nodes, "frobnicate"}, "frobnicate: no such verb"},
      Case{{"watch", "a"}, "--nodes"},
      Case{{"--nodes", "", "watch", "a"}, "nodes"},
      Case{{"--nodes", "no port", "watch", "a"}, "nodes"},
      Case{{"--nodes", nodes, "--env", "", "watch", "a"}, "env"},
      Case{{"--nodes", nodes, "--output", "xml", "nodes"}, "--output"},
      Case{{"--nodes", nodes, "--frobnicate", "nodes"}, "--frobnicate"},
      Case{{"--nodes", nodes, "register"}, "APP"},
      Case{{"--nodes", nodes, "register", "a"}, "--addr"},
      Case{{"--nodes", nodes, "register", "", "--addr", addr}, "app_id"},
      Case{{"--nodes", nodes, "register", "a", "--addr", "10.0.0.1"}, "addrs"},
      Case{{"--nodes", nodes, "register", "a", "--addr", addr, "--status",
            "down"},
           "--status"},
      Case{{"--nodes", nodes, "register", "a", "--addr", addr, "--metadata",
            "color"},
           "--metadata"},
      Case{{"--nodes", nodes, "register", "a", "--addr", addr, "--for", "10"},
           "--for"},
      Case{{"--nodes", nodes, "watch"}, "APP"},
      Case{{"--nodes", nodes, "watch", "a", "--for", "soon"}, "--for"},
      Case{{"--nodes", nodes, "fetch", "a", "--timeout", "1"}, "--timeout"},
      Case{{"--nodes", nodes, "fetch", ""}, "app_id"});
  Process process(Ctl(wrong.first));
  const int status = process.Wait();
  const std::string errors = process.error_text();
  CAPTURE(wrong.first, errors);
  CHECK(status == 2);
  CHECK(CountLines(errors) == 1);
  CHECK(errors.substr(0, 11) == "namingctl: ");
  CHECK(errors.find(wrong.second) != std::string::npos);
  CHECK(process.ReadLine() == std::nullopt);
}

TEST_CASE("Help is no failure", "[cli]") {
  Process help(Ctl({"--help"}));
  CHECK(help.Wait() == 0);
  CHECK(help.ReadLine().has_value());
  CHECK(help.error_text().empty());
}

}  // namespace
}  // namespace naming
