// SPDX-License-Identifier: Apache-2.0

#include "discovery/node_finder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/backoff.h"

namespace naming::discovery {
namespace {

// At most a half of the interval, so that clients that began together drift
// apart.
constexpr double kJitter = 0.5;

// Until a node has answered for the first time, and after each failure.
constexpr std::chrono::seconds kRetry{2};

}  // namespace

NodeFinder::NodeFinder(base::Loop& loop, Requester& requester,
                       NodeFinderOptions options)
    : loop_(loop),
      requester_(requester),
      options_(std::move(options)),
      random_(base::SeededRandom(options_.seed)) {}

void NodeFinder::Begin() {
  loop_.Post([this] {
    Ask();
    RotateLater();
  });
}

void NodeFinder::Ask() {
  const auto node = requester_.nodes().Choose();
  if (!node) {
    const auto now = loop_.clock().Now();
    loop_.RunAt(std::max(requester_.nodes().NextChance(), now + kRetry),
                [this] { Ask(); });
    return;
  }
  Call call;
  call.what = absl::StrFormat("fetch %s", kNodesAppId);
  call.node = *node;
  call.path = "/discovery/fetchs";
  call.parameters = FetchsQuery(options_.env, {std::string(kNodesAppId)});
  call.is_for_node = true;
  requester_.Send(
      std::move(call),
      [this](const absl::StatusOr<Answer>& answer) { OnAnswered(answer); });
}

void NodeFinder::OnAnswered(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok() || answer->code != kCodeOk) {
    loop_.RunAfter(kRetry, [this] { Ask(); });
    return;
  }
  AppAnswers answers = DecodeApps(*answer, options_.env);
  // Nothing at all is no news: a node always knows itself.
  if (const auto it = answers.apps.find(kNodesAppId);
      it != answers.apps.end()) {
    Snapshot::Instances& nodes = it->second.list.objects;
    nodes.erase(std::remove_if(nodes.begin(), nodes.end(),
                               [this](const auto& node) {
                                 return node->zone != options_.zone;
                               }),
                nodes.end());
    requester_.nodes().Learn(NodeUrls(it->second.list));
  }
  loop_.RunAfter(base::Jittered(options_.interval, kJitter, random_),
                 [this] { Ask(); });
}

void NodeFinder::RotateLater() {
  const auto delay =
      base::Jittered(options_.rotation_interval, kJitter, random_);
  loop_.RunAfter(delay, [this] {
    requester_.nodes().Rotate();
    RotateLater();
  });
}

}  // namespace naming::discovery
