// SPDX-License-Identifier: Apache-2.0

#include "naming/instance.h"

#include <functional>
#include <string>

#include "tests/support/catch.h"

namespace naming {
namespace {

Instance Good() {
  Instance instance;
  instance.app_id = "main.account";
  instance.hostname = "h:9000";
  instance.addrs = {"grpc://10.0.0.7:9000", "http://[::1]:80"};
  instance.metadata = {{"weight", "20"}, {"note", ""}};
  return instance;
}

TEST_CASE("A good instance is valid", "[instance]") {
  CHECK(Validate(Good()).ok());
}

TEST_CASE("A bad field of an instance is named", "[instance]") {
  using Change = std::function<void(Instance&)>;
  const auto [message, change] = GENERATE(table<std::string, Change>({
      {"instance.app_id: must not be empty",
       [](Instance& i) { i.app_id.clear(); }},
      {"instance.app_id: must not contain white space",
       [](Instance& i) { i.app_id = "a b"; }},
      {"instance.app_id: must be at most 255 bytes",
       [](Instance& i) { i.app_id = std::string(256, 'a'); }},
      {"instance.hostname: must be UTF-8 without control characters",
       [](Instance& i) { i.hostname = "\xff"; }},
      {"instance.region: ", [](Instance& i) { i.region = "a\n"; }},
      {"instance.zone: ", [](Instance& i) { i.zone = std::string(1, '\0'); }},
      {"instance.env: ", [](Instance& i) { i.env = "\x7f"; }},
      {"instance.version: ", [](Instance& i) { i.version = "\t"; }},
      {"instance.addrs: must name at least one address",
       [](Instance& i) { i.addrs.clear(); }},
      {"instance.addrs[0]: must not be empty",
       [](Instance& i) { i.addrs[0].clear(); }},
      {"instance.addrs[1]: must be \"scheme://host:port\", is \"10.0.0.7\"",
       [](Instance& i) { i.addrs[1] = "10.0.0.7"; }},
      {"instance.addrs[1]: must be one address, without a comma",
       [](Instance& i) { i.addrs[1] = "http://a:1,http://b:1"; }},
      {"instance.addrs[0]: ", [](Instance& i) { i.addrs[0] = "http://a:0"; }},
      {"instance.metadata: must not have an empty key",
       [](Instance& i) { i.metadata[""] = "x"; }},
      {"instance.metadata[\"k\"]: must be UTF-8",
       [](Instance& i) { i.metadata["k"] = "\xc3"; }},
      {"instance.metadata[\"a b?\"]: must be UTF-8",
       [](Instance& i) { i.metadata["a\nb\xff"] = "x"; }},
      {"instance.metadata: must be at most 64 KiB in all",
       [](Instance& i) { i.metadata["k"] = std::string(65536, 'x'); }},
      {"instance.status: must be up or waiting, is 3",
       [](Instance& i) { i.status = static_cast<Instance::Status>(3); }},
      {"instance.status: must be up or waiting, is 0",
       [](Instance& i) { i.status = static_cast<Instance::Status>(0); }},
  }));
  Instance instance = Good();
  change(instance);
  const absl::Status status = Validate(instance);
  CAPTURE(message, status.ToString());
  CHECK(absl::IsInvalidArgument(status));
  CHECK(std::string(status.message()).rfind(message, 0) == 0);
}

TEST_CASE("Each field of an instance counts for equality", "[instance]") {
  using Change = std::function<void(Instance&)>;
  const Change change = GENERATE(values<Change>(
      {[](Instance& i) { i.app_id += "x"; },
       [](Instance& i) { i.hostname += "x"; },
       [](Instance& i) { i.region += "x"; }, [](Instance& i) { i.zone += "x"; },
       [](Instance& i) { i.env += "x"; },
       [](Instance& i) { i.addrs.pop_back(); },
       [](Instance& i) { i.version += "x"; },
       [](Instance& i) { i.metadata["x"]; },
       [](Instance& i) { i.status = Instance::Status::kWaiting; }}));
  Instance other = Good();
  CHECK(other == Good());
  change(other);
  CHECK(other != Good());
}

TEST_CASE("A weight is a number from 1 to a million, else 10", "[instance]") {
  const auto [text, weight] =
      GENERATE(table<std::string, int>({{"1", 1},
                                        {"20", 20},
                                        {"1000000", 1'000'000},
                                        {"1000001", 10},
                                        {"0", 10},
                                        {"-5", 10},
                                        {"", 10},
                                        {"ten", 10},
                                        {"1.5", 10},
                                        {"9223372036854775808", 10},
                                        {" 7", 10}}));
  Instance instance = Good();
  instance.metadata["weight"] = text;
  CAPTURE(text);
  CHECK(Weight(instance) == weight);
  instance.metadata.erase("weight");
  CHECK(Weight(instance) == 10);
}

TEST_CASE("A status has a name", "[instance]") {
  CHECK(ToString(Instance::Status::kUp) == "up");
  CHECK(ToString(Instance::Status::kWaiting) == "waiting");
  CHECK(ToString(static_cast<Instance::Status>(7)) == "unknown");
}

}  // namespace
}  // namespace naming
