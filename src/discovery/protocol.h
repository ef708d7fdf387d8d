// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_PROTOCOL_H_
#define NAMING_DISCOVERY_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/topic.h"
#include "naming/instance.h"
#include "net/http_client.h"
#include "net/json.h"

// The discovery protocol: values to bytes and back. Pure functions.
namespace naming::discovery {

// The application under which nodes register themselves.
inline constexpr std::string_view kNodesAppId = "infra.discovery";

// --- Requests: forms and queries, percent-encoded ---

// `dirty_timestamp` is the version of the data, in ns; the largest one wins.
std::string RegisterForm(const Instance& instance,
                         std::int64_t dirty_timestamp);

// The parameters of renew and cancel.
std::string InstanceKeyForm(const Instance& instance);

// The parameters of a fetchs of Instances that are up.
std::string FetchsQuery(std::string_view env,
                        const std::vector<std::string>& app_ids);

// `apps`: app_id and the version that is known, 0 for none. `poller` names the
// request; two that a node holds at one time must not share it.
std::string PollsQuery(
    std::string_view env, std::string_view poller,
    const std::vector<std::pair<std::string, std::int64_t>>& apps);

// Returns how many bytes `app_id` takes in a PollsQuery at most.
std::size_t PollsQueryBytes(std::string_view app_id);

// --- Answers ---

// The `code` of an answer.
enum Code : std::int64_t {
  kCodeOk = 0,
  kCodeNotModified = -304,
  kCodeNotFound = -404,
};

// What every answer has around its data. HTTP 200 is no success: `code` tells.
struct Answer {
  std::int64_t code = kCodeOk;
  std::string message;
  net::JsonDocument document;
  bool on_new_connection = false;  // See net::HttpResponse.

  net::JsonValue data() const { return document.root()["data"]; }
};

// Returns the answer that a node gave, whatever its code.
//
// Errors, all of which speak against the node: kUnauthenticated,
// kPermissionDenied, kResourceExhausted and kUnavailable for a status ≥ 400 and
// for codes with such a meaning, -500 of a node that is starting up among them;
// kInternal, the body isn't an answer.
absl::StatusOr<Answer> DecodeAnswer(net::HttpResponse response);

// Returns what a code other than kCodeOk and kCodeNotModified means to the
// caller of an operation.
absl::Status StatusOf(const Answer& answer);

// What a node knows of one application.
struct AppAnswer {
  core::List list;
  std::int64_t version = 0;  // Of this node alone: latest_timestamp.
};

// How much was left out of lists; see DecodeApps().
struct Dropped {
  std::size_t addresses = 0;
  std::size_t instances = 0;
};

struct AppAnswers {
  std::map<std::string, AppAnswer, std::less<>> apps;

  // Applications whose data can't be read, and why; the others aren't affected.
  std::map<std::string, absl::Status, std::less<>> malformed;

  Dropped dropped;
};

// Returns the applications in the data of a fetchs or polls. Instances of
// another app_id or env are dropped, because nodes mix up applications whose
// "app_id-env" reads alike (C-17); so are addresses that aren't
// "scheme://host:port", after a split at commas (C-01), and Instances left
// without any.
AppAnswers DecodeApps(const Answer& answer, std::string_view env);

// What a node holds of one Instance.
struct StoredInstance {
  std::vector<std::string> addrs;  // Split and sorted, junk left out.
  std::string version;
  std::map<std::string, std::string> metadata;
  Instance::Status status = Instance::Status::kUp;
  std::int64_t dirty_timestamp = 0;
};

// Returns the Instance in the data of a renew; nullopt when there is none.
std::optional<StoredInstance> DecodeStored(const Answer& answer);

// Returns the addresses "host:port" that the Instances of kNodesAppId in
// `apps` say they listen on, as "http://host:port", in their order.
std::vector<std::string> NodeUrls(const core::List& nodes);

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_PROTOCOL_H_
