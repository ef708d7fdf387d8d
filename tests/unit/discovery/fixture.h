// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_DISCOVERY_FIXTURE_H_
#define NAMING_TESTS_UNIT_DISCOVERY_FIXTURE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/logger.h"
#include "core/nodes.h"
#include "discovery/requester.h"
#include "naming/instance.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/fake_loop.h"

namespace naming::discovery {

// What the workers of a Client stand on, with everything outside faked.
struct Fixture {
  explicit Fixture(std::vector<std::string> seeds = {"http://a:1"})
      : nodes(loop.clock(), std::make_shared<core::Logger>(LogSink()),
              MakeNodesOptions(std::move(seeds))),
        requester(loop.clock(), http, nodes,
                  {"naming/test", "my.app", "dev", "me"}) {}

  core::NodesOptions MakeNodesOptions(std::vector<std::string> seeds) {
    core::NodesOptions options;
    options.backend = "discovery";
    options.seeds = std::move(seeds);
    options.on_well_again = [this] {
      if (on_well_again) on_well_again();
    };
    return options;
  }

  std::function<void()> on_well_again;
  testing::FakeLoop loop;
  testing::FakeHttpClient http;
  core::Nodes nodes;
  Requester requester;
};

inline std::string CodeJson(int code) {
  return absl::StrFormat(R"({"code":%d,"message":"%d","ttl":1})", code, code);
}

inline std::string DataJson(const std::string& data) {
  return absl::StrFormat(R"({"code":0,"message":"0","ttl":1,"data":{%s}})",
                         data);
}

inline Instance MakeInstance() {
  Instance instance;
  instance.app_id = "x";
  instance.hostname = "h";
  instance.region = "r";
  instance.zone = "z";
  instance.env = "dev";
  instance.addrs = {"http://h:80"};
  instance.version = "v1";
  instance.metadata = {{"weight", "20"}};
  return instance;
}

// An application with an Instance for each of `hostnames`, as nodes answer it.
inline std::string AppJson(const std::string& app_id, std::int64_t version,
                           const std::vector<std::string>& hostnames) {
  std::string instances;
  for (const std::string& hostname : hostnames) {
    if (!instances.empty()) instances += ",";
    instances += absl::StrFormat(
        R"({"zone":"z","env":"dev","appid":"%s","hostname":"%s",)"
        R"("addrs":["http://%s:80"],"metadata":{},"status":1})",
        app_id, hostname, hostname);
  }
  return absl::StrFormat(
      R"("%s":{"instances":{"z":[%s]},"latest_timestamp":%d})", app_id,
      instances, version);
}

}  // namespace naming::discovery

#endif  // NAMING_TESTS_UNIT_DISCOVERY_FIXTURE_H_
