// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <memory>

#include "absl/status/statusor.h"
#include "cli/resolvers.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "naming/discovery/client.h"

namespace naming::cli {
namespace {

// Returns whether the Client has learned of each node of its own zone that
// `snapshot` of infra.discovery shows.
bool KnowsAll(const discovery::Client& client, const Snapshot& snapshot,
              const std::string& zone) {
  const auto own = snapshot.zones.find(zone);
  if (own == snapshot.zones.end()) return true;
  const std::vector<std::string> known = client.nodes();
  return std::all_of(
      own->second.begin(), own->second.end(), [&known](const auto& node) {
        return std::all_of(
            node->addrs.begin(), node->addrs.end(), [&known](const auto& addr) {
              return std::find(known.begin(), known.end(), addr) != known.end();
            });
      });
}

}  // namespace

absl::Status Nodes(const discovery::ClientOptions& options, Output& output) {
  StopSignals stop;
  const auto client = discovery::Client::Create(options);
  if (!client.ok()) return client.status();
  // The nodes register themselves. Once their list is here, so is, nearly, what
  // the Client asks for on its own to find nodes.
  const auto resolvers = BuildAll(**client, {"infra.discovery"});
  if (!resolvers.ok()) return resolvers.status();
  const auto snapshot = resolvers->front()->Fetch(std::chrono::seconds(3));
  if (snapshot.ok()) {
    // A Client leaves out nodes that it can't reach: don't wait long for those.
    for (int turns = 0; turns < 50; ++turns) {
      if (KnowsAll(**client, **snapshot, options.zone)) break;
      if (stop.Wait(std::chrono::milliseconds(10))) break;
    }
  } else if (snapshot.status().code() != absl::StatusCode::kNotFound) {
    return snapshot.status();
  }
  output.PrintNodes((*client)->nodes());
  return absl::OkStatus();
}

}  // namespace naming::cli
