// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_PEER_PROTOCOL_H_
#define NAMING_NODE_PEER_PROTOCOL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "net/http_client.h"
#include "net/json.h"
#include "node/arguments.h"
#include "node/form.h"
#include "node/store.h"

// What a node says to another, and how it reads what that one answers. Pure
// functions.
namespace naming::node {

// The bodies of the writes that a node passes on, but for WithOrigin().
//
// `joins_addrs`: as the real server writes them, one address that is all of
// them with commas between.
std::string RegisterForm(const StoredInstance& instance, bool joins_addrs);
std::string RenewForm(const StoredInstance& instance);
std::string CancelForm(const InstanceKey& key, std::int64_t latest_timestamp);
std::string SetForm(const SetArguments& arguments);

// Adds to `form` whom it is for: a node of the own zone, which keeps it to
// itself, or one of another zone, which passes it on in that zone.
std::string WithOrigin(std::string form, bool is_for_own_zone);

// Returns the addresses of `addrs`, as a peer passes them on: real nodes join
// them. A comma is between two of them where "scheme://" follows it.
std::vector<std::string> SplitAddresses(const std::vector<std::string>& addrs);

// Returns whether the write that `form` is comes from another node.
bool IsPassedOn(const Form& form);

struct PeerAnswer {
  int code = 0;
  std::optional<StoredInstance> instance;  // Of renew.
  std::vector<StoredInstance> all;         // Of fetch/all.
};

// Reads the answer of a peer; `status` of one that didn't answer is passed on.
//
// Errors: those of HttpClient; kFailedPrecondition, the peer refuses this
// request (HTTP 4xx); kInternal, the answer isn't the protocol's.
absl::StatusOr<PeerAnswer> DecodePeerAnswer(
    const absl::StatusOr<net::HttpResponse>& response);

// Reads an object of arrays of instances, as fetch/all gives them; what isn't
// an instance is left out.
std::vector<StoredInstance> DecodeInstances(const net::JsonValue& apps);

}  // namespace naming::node

#endif  // NAMING_NODE_PEER_PROTOCOL_H_
