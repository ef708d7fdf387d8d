// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_PROTOCOL_H_
#define NAMING_DISCOVERY_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/list.h"
#include "discovery/app_reader.h"
#include "discovery/poll_text.h"
#include "naming/instance.h"
#include "naming/snapshot.h"
#include "net/http_client.h"
#include "net/json_reader.h"

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

// How a request has several values of one parameter. Nodes up to v1.1.1 take
// one text with commas, and of a repeated parameter the first alone; later ones
// take such a text for a single value (A.14).
enum class ListForm { kRepeated, kCommas };

// The parameters of a fetchs of Instances that are up.
std::string FetchsQuery(std::string_view env,
                        const std::vector<std::string>& app_ids,
                        ListForm form = ListForm::kRepeated);

// The parameters of a polls. `poller` names the request; two that a node holds
// at one time must not share it.
std::string PollsQuery(std::string_view env, std::string_view poller,
                       const PollText& apps,
                       ListForm form = ListForm::kRepeated);

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
  std::string data;  // JSON; empty when there is none or it has been read.

  // As in net::HttpResponse: whose answer it is.
  std::uint64_t connection = 0;
  std::uint64_t alive_at = 0;
};

// Reads the data of an answer, which may turn out to be none afterwards.
using ReadData = std::function<void(net::JsonReader& data)>;

// Returns the answer that a node gave, whatever its code. Its data is read by
// `read_data`, or kept when there is none.
//
// Errors, all of which speak against the node: kUnauthenticated,
// kPermissionDenied, kResourceExhausted and kUnavailable for a status ≥ 400 and
// for codes with such a meaning, -500 of a node that is starting up among them;
// kInternal, the body isn't an answer.
absl::StatusOr<Answer> DecodeAnswer(net::HttpResponse response,
                                    const ReadData& read_data = nullptr);

// Returns what a code other than kCodeOk and kCodeNotModified means to the
// caller of an operation.
absl::Status StatusOf(const Answer& answer);

struct AppAnswers {
  std::map<std::string, AppAnswer, std::less<>> apps;

  // Applications whose data can't be read, and why; the others aren't affected.
  std::map<std::string, absl::Status, std::less<>> malformed;

  Dropped dropped;
};

// Returns the present Snapshot of an application, null when it has none yet;
// nothing: nobody asked for it, so it need not be read.
using PresentSnapshot =
    std::function<std::optional<std::shared_ptr<const Snapshot>>(
        std::string_view app_id)>;

// Returns the applications in the data of a fetchs or polls. Instances of
// another app_id or env are dropped, because nodes mix up applications whose
// "app_id-env" reads alike (C-17); so are addresses that aren't
// "scheme://host:port", after a split at commas (C-01), and Instances left
// without any. Those that a `present` Snapshot has too are its objects.
AppAnswers DecodeApps(net::JsonReader& data, std::string_view env,
                      const PresentSnapshot& present);
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
