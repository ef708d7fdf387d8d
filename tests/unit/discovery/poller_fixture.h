// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_DISCOVERY_POLLER_FIXTURE_H_
#define NAMING_TESTS_UNIT_DISCOVERY_POLLER_FIXTURE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/dispatcher.h"
#include "core/topic.h"
#include "discovery/poller.h"
#include "tests/unit/discovery/fixture.h"

namespace naming::discovery {

inline constexpr char kFetchs[] = "/discovery/fetchs";
inline constexpr char kPolls[] = "/discovery/polls";

inline const absl::Status kReset = absl::UnavailableError("Connection reset");

struct PollerFixture : Fixture {
  explicit PollerFixture(
      std::vector<std::string> seeds = {"http://a:1"},
      std::size_t max_group_apps = 4,
      std::chrono::milliseconds refresh_interval = std::chrono::hours(24))
      : Fixture(std::move(seeds)) {
    PollerOptions options;
    options.env = "dev";
    options.poller_prefix = "me";
    options.groups.max_apps = max_group_apps;
    options.refresh_interval = refresh_interval;
    poller = std::make_unique<Poller>(loop, requester, options);
    on_well_again = [this] { poller->OnNodeWellAgain(); };
  }

  ~PollerFixture() { dispatcher->Stop(); }

  std::shared_ptr<core::Topic> Follow(const std::string& app_id) {
    auto setting = std::make_shared<core::TopicSetting>();
    setting->backend = "discovery";
    setting->dispatcher = dispatcher;
    setting->clock = &loop.clock();
    setting->confirm_after = std::chrono::seconds(1);
    auto topic = std::make_shared<core::Topic>(std::move(setting), app_id);
    poller->Follow(topic);
    return topic;
  }

  // Follows x0, x1, and so on.
  void FollowMany(int count) {
    for (int i = 0; i < count; ++i) {
      topics.push_back(Follow("x" + std::to_string(i)));
    }
  }

  // Returns lists of one Instance for each of `app_ids`.
  static std::string Lists(const std::vector<std::string>& app_ids) {
    std::string data;
    for (const std::string& app_id : app_ids) {
      if (app_id == kNodesAppId) continue;
      if (!data.empty()) data += ",";
      data += AppJson(app_id, 1, {"h"});
    }
    return data;
  }

  // Lets what waits for a few milliseconds begin.
  void Settle() { loop.Advance(std::chrono::milliseconds(50)); }

  // Answers every fetchs with `data` until none waits, nor begins soon.
  void AnswerFetches(const std::string& data) {
    for (Settle(); http.CountWaiting(kFetchs) > 0; Settle()) {
      http.Answer(http.Waiting(kFetchs), DataJson(data));
    }
  }

  // Follows `app_id`, whose first list has `hostnames`, at `version`; its poll
  // is held when this returns.
  std::shared_ptr<core::Topic> FollowHeld(
      const std::string& app_id, std::int64_t version,
      const std::vector<std::string>& hostnames) {
    auto topic = Follow(app_id);
    Settle();
    http.Answer(http.Waiting(kFetchs),
                DataJson(AppJson(app_id, version, hostnames)));
    Settle();
    return topic;
  }

  std::shared_ptr<core::Dispatcher> dispatcher =
      std::make_shared<core::Dispatcher>();
  std::unique_ptr<Poller> poller;
  std::vector<std::shared_ptr<core::Topic>> topics;  // Of FollowMany().
};

inline std::set<std::string> Hostnames(
    const std::shared_ptr<core::Topic>& topic) {
  std::atomic<bool> cancelled{false};
  const auto snapshot = topic->Fetch(std::chrono::milliseconds(0), &cancelled);
  std::set<std::string> hostnames;
  if (!snapshot.ok())
    return {"(" +
            std::string(absl::StatusCodeToString(snapshot.status().code())) +
            ")"};
  for (const auto& instance : (*snapshot)->AllInstances()) {
    hostnames.insert(instance->hostname);
  }
  return hostnames;
}

using Set = std::set<std::string>;
using List = std::vector<std::string>;

}  // namespace naming::discovery

#endif  // NAMING_TESTS_UNIT_DISCOVERY_POLLER_FIXTURE_H_
