// SPDX-License-Identifier: Apache-2.0

#include "naming/client_event.h"

#include <tuple>

namespace naming {
namespace {

auto Tie(const ClientEvent& event) {
  return std::tie(event.kind, event.time, event.node, event.app_id,
                  event.hostname, event.message);
}

}  // namespace

bool operator==(const ClientEvent& a, const ClientEvent& b) {
  return Tie(a) == Tie(b);
}

bool operator!=(const ClientEvent& a, const ClientEvent& b) {
  return !(a == b);
}

std::string_view ToString(ClientEvent::Kind kind) {
  switch (kind) {
    case ClientEvent::Kind::kBackendFound:
      return "backend found";
    case ClientEvent::Kind::kBackendLost:
      return "backend lost";
    case ClientEvent::Kind::kNodeSwitched:
      return "node switched";
    case ClientEvent::Kind::kRegistered:
      return "registered";
    case ClientEvent::Kind::kRegistrationLost:
      return "registration lost";
    case ClientEvent::Kind::kShrinkSuppressed:
      return "shrink suppressed";
    case ClientEvent::Kind::kSnapshotFileUsed:
      return "snapshot file used";
    case ClientEvent::Kind::kSnapshotFileIgnored:
      return "snapshot file ignored";
    case ClientEvent::Kind::kSnapshotFilesUnwritable:
      return "snapshot files unwritable";
  }
  return "unknown";
}

}  // namespace naming
