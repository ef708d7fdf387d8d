// SPDX-License-Identifier: Apache-2.0
// The node answers the requests of a recorded transcript as the real server
// did, but for what is listed here.

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "naming/node/discovery_node.h"
#include "tests/integration/conformance/comparison.h"
#include "tests/integration/conformance/replay.h"
#include "tests/integration/conformance/transcript.h"
#include "tests/support/catch.h"

namespace naming::testing {
namespace {

using node::DiscoveryNode;
using node::DiscoveryNodeOptions;

struct Difference {
  std::string_view title;  // Of the case.
  std::string_view quirk;  // With it the node does as the server; empty: none.
  std::string_view reason;
};

constexpr std::string_view kIgnored =
    "a replica's older registration changes nothing, so the revision stays";
constexpr std::string_view kSet =
    "a change by /set raises the revision, so that no poller misses it";
constexpr std::string_view kGone =
    "pollers are told that the last instance has gone";
constexpr std::string_view kOwnChannel =
    "a poll gets what it asked for, whatever hostname others have";

// Every difference that is meant.
constexpr Difference kMeant[] = {
    {"metadata route of the framework", "",
     "lists the routes of the framework's profiler and metrics, which aren't "
     "discovery's and which no client asks for"},
    {"fetch after old-dirty register: instance unchanged, but app "
     "latest_timestamp moved on",
     "ignored-dirty", kIgnored},
    {"fetchs: one known one unknown", "ignored-dirty", kIgnored},
    {"polls: latest_timestamp=0", "ignored-dirty", kIgnored},
    {"polls: two appids, one unknown: immediate, the miss is listed under "
     "error",
     "ignored-dirty", kIgnored},
    {"polls: a timestamp OLDER than current but non zero", "ignored-dirty",
     kIgnored},
    {"poll: latest_timestamp=0", "ignored-dirty", kIgnored},
    {"poll: no latest_timestamp (counts need not match here)", "ignored-dirty",
     kIgnored},
    {"polls: cancel of the LAST instance 1 s later: NOT pushed, -304 after 30 "
     "s",
     "quiet-last-cancel", kGone},
    {"poll: cancel of the LAST instance 1 s later: NOT pushed, -304 after 30 s",
     "quiet-last-cancel", kGone},
    {"polls: set status=2 on one of two instances 1 s later: pushed, "
     "latest_timestamp NOT advanced",
     "quiet-set", kSet},
    {"polls: cross-talk, same hostname, poller A asked only lp.dup2a",
     "shared-poll-channels", kOwnChannel},
    {"polls: cross-talk, same hostname, poller B asked lp.dup2a and lp.dup2b",
     "shared-poll-channels", kOwnChannel},
    {"fetch status=3 after set: instance latest/dirty moved, APP "
     "latest_timestamp did not",
     "quiet-set", kSet},
    {"polls right after the sets with the pre-set latest_timestamp: hangs to "
     "-304, a poller that was away misses the set",
     "quiet-set", kSet},
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.is_open());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<TranscriptCase> Transcript() {
  return ParseTranscript(
      ReadFile(std::string(NAMING_TEST_DATA) + "/discovery-transcript.md"));
}

// Starts the node that the transcript tells of, at another address.
std::unique_ptr<DiscoveryNode> StartNode(std::vector<std::string> quirks) {
  DiscoveryNodeOptions options;
  options.region = "sh";
  options.zone = "sh001";
  options.env = "dev";
  options.hostname = "node7171";
  options.quirks = std::move(quirks);
  auto node = DiscoveryNode::Start(options);
  REQUIRE(node.ok());
  return *std::move(node);
}

// Replays the transcript; `differs`: where the node is meant to.
void Compare(std::vector<std::string> quirks,
             const std::vector<std::string_view>& meant) {
  const std::vector<TranscriptCase> cases = Transcript();
  const auto is_meant = [&](const TranscriptCase& one) {
    return std::find(meant.begin(), meant.end(), one.title) != meant.end();
  };
  const auto node = StartNode(std::move(quirks));
  Replay replay(*node, cases, is_meant);
  replay.Run();
  CHECK(replay.complaints() == std::vector<std::string>());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].is_abandoned()) continue;
    CAPTURE(cases[i].title, cases[i].request);
    const std::string ours = Canonical(replay.answers()[i], node->address());
    const std::string real = Canonical(cases[i].response, "127.0.0.1:7171");
    if (is_meant(cases[i])) {
      CHECK(ours != real);  // Else it doesn't belong into the list.
    } else {
      CHECK(ours == real);
    }
  }
}

TEST_CASE("The transcript has the cases that its tool makes", "[conformance]") {
  const std::vector<TranscriptCase> cases = Transcript();
  CHECK(cases.size() == 115);
  CHECK(std::count_if(cases.begin(), cases.end(),
                      [](const auto& one) { return one.is_held(); }) == 21);
  for (const Difference& difference : kMeant) {
    CAPTURE(difference.title);
    CHECK(std::count_if(cases.begin(), cases.end(), [&](const auto& one) {
            return one.title == difference.title;
          }) == 1);
  }
}

TEST_CASE("With its quirks the node answers as v1.2.0 did", "[conformance]") {
  std::vector<std::string_view> meant;
  for (const Difference& difference : kMeant) {
    if (difference.quirk.empty()) meant.push_back(difference.title);
  }
  CHECK(meant.size() <= 3);
  Compare({"v1.2.0"}, meant);
}

TEST_CASE("Without quirks the node differs in what quirks name alone",
          "[conformance]") {
  std::vector<std::string_view> meant;
  for (const Difference& difference : kMeant) {
    meant.push_back(difference.title);
  }
  Compare({}, meant);
}

TEST_CASE("Each fault comes with the quirk that names it", "[conformance]") {
  // A case shows both a dropped registration and a quiet set.
  constexpr std::string_view kAlways = "ignored-dirty";
  const std::string quirk = GENERATE("ignored-dirty", "quiet-last-cancel",
                                     "quiet-set", "shared-poll-channels");
  CAPTURE(quirk);
  std::vector<std::string_view> meant;
  for (const Difference& difference : kMeant) {
    if (difference.quirk != quirk && difference.quirk != kAlways) {
      meant.push_back(difference.title);
    }
  }
  Compare({std::string(kAlways), quirk}, meant);
}

}  // namespace
}  // namespace naming::testing
