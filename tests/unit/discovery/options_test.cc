// SPDX-License-Identifier: Apache-2.0

#include "naming/discovery/options.h"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "naming/discovery/client.h"
#include "tests/support/catch.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

ClientOptions Good() {
  ClientOptions options;
  options.nodes = {"127.0.0.1:7171"};
  return options;
}

TEST_CASE("The defaults with a node are valid", "[discovery][options]") {
  CHECK(Validate(Good()).ok());
}

TEST_CASE("A bad field is named, and no client is made",
          "[discovery][options]") {
  using Change = std::function<void(ClientOptions&)>;
  const auto [field, change] = GENERATE(table<std::string, Change>({
      {"nodes: ", [](ClientOptions& o) { o.nodes.clear(); }},
      {"nodes[1]: ", [](ClientOptions& o) { o.nodes.push_back("h"); }},
      {"nodes[0]: ", [](ClientOptions& o) { o.nodes[0] = "ftp://h:1"; }},
      {"region: ", [](ClientOptions& o) { o.region = "a\nb"; }},
      {"zone: ", [](ClientOptions& o) { o.zone.clear(); }},
      {"zone: ", [](ClientOptions& o) { o.zone = "\xff"; }},
      {"env: ", [](ClientOptions& o) { o.env.clear(); }},
      {"hostname: ", [](ClientOptions& o) { o.hostname = "\x7f"; }},
      {"app_id: ", [](ClientOptions& o) { o.app_id = std::string(256, 'a'); }},
      {"color: ", [](ClientOptions& o) { o.color = "\r"; }},
      {"shrink.max_share: must be in [0, 1]",
       [](ClientOptions& o) { o.shrink.max_share = 1.5; }},
      {"shrink.max_share: must be in [0, 1]",
       [](ClientOptions& o) { o.shrink.max_share = std::nan(""); }},
      {"shrink.grace: must be in [0s, 1h]",
       [](ClientOptions& o) { o.shrink.grace = milliseconds(-1); }},
      {"cancel_timeout: must be in [1ms, 1min]",
       [](ClientOptions& o) { o.cancel_timeout = milliseconds(0); }},
      {"snapshot_dir: must be at most 3000 bytes",
       [](ClientOptions& o) { o.snapshot_dir = std::string(3001, 'a'); }},
      {"snapshot_dir: must not contain a zero byte",
       [](ClientOptions& o) { o.snapshot_dir = std::string(1, '\0'); }},
      {"snapshot_max_age: must be in [1min, 8760h]",
       [](ClientOptions& o) { o.snapshot_max_age = seconds(59); }},
      {"renew_interval: must be in [1s, 1min]",
       [](ClientOptions& o) { o.renew_interval = seconds(61); }},
      {"poll_hold: must be in [1s, 30s]",
       [](ClientOptions& o) { o.poll_hold = seconds(31); }},
      {"request_timeout: must be in [100ms, 1min]",
       [](ClientOptions& o) { o.request_timeout = milliseconds(99); }},
      {"connect_timeout: ",
       [](ClientOptions& o) { o.connect_timeout = minutes(2); }},
      {"nodes_interval: must be in [1s, 1h]",
       [](ClientOptions& o) { o.nodes_interval = milliseconds::max(); }},
  }));
  ClientOptions options = Good();
  change(options);
  const absl::Status status = Validate(options);
  CAPTURE(field, status.ToString());
  CHECK(absl::IsInvalidArgument(status));
  CHECK(std::string(status.message()).rfind("discovery: options." + field, 0) ==
        0);
  CHECK(Client::Create(options).status() == status);
}

// Sets variables for one test, and takes them back.
class Environment {
 public:
  ~Environment() {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }

  void Set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }

 private:
  std::vector<std::string> names_;
};

TEST_CASE("The environment fills the options, as for Kratos",
          "[discovery][options]") {
  Environment environment;
  for (const char* name : {"DISCOVERY_NODES", "REGION", "ZONE", "DEPLOY_ENV",
                           "HOSTNAME", "APP_ID", "DEPLOY_COLOR"}) {
    environment.Set(name, "");
  }
  SECTION("what is not set, or empty, keeps its default") {
    const ClientOptions options = ClientOptions::FromEnvironment();
    CHECK(options.nodes.empty());
    CHECK(options.region == "region01");
    CHECK(options.zone == "zone01");
    CHECK(options.env == "dev");
    CHECK(options.hostname.empty());
    CHECK(options.app_id.empty());
    CHECK(options.color.empty());
  }
  SECTION("what is set counts") {
    environment.Set("DISCOVERY_NODES", "10.0.0.1:7171, 10.0.0.2:7171,");
    environment.Set("REGION", "sh");
    environment.Set("ZONE", "sh001");
    environment.Set("DEPLOY_ENV", "prod");
    environment.Set("HOSTNAME", "web-7");
    environment.Set("APP_ID", "main.web");
    environment.Set("DEPLOY_COLOR", "blue");
    const ClientOptions options = ClientOptions::FromEnvironment();
    CHECK(options.nodes ==
          std::vector<std::string>{"10.0.0.1:7171", "10.0.0.2:7171"});
    CHECK(options.region == "sh");
    CHECK(options.zone == "sh001");
    CHECK(options.env == "prod");
    CHECK(options.hostname == "web-7");
    CHECK(options.app_id == "main.web");
    CHECK(options.color == "blue");
  }
}

}  // namespace
}  // namespace naming::discovery
