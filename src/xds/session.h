// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_SESSION_H_
#define NAMING_XDS_SESSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "naming/endpoint.h"
#include "xds/protocol.h"

namespace naming::xds {

// Returns the Endpoints of an application; null: nothing is known of it yet.
using Lookup = std::function<std::shared_ptr<const std::vector<Endpoint>>(
    const std::string& name)>;

struct SessionOptions {
  std::string zone;  // Of a client that doesn't say.
  RouteOptions route;
  std::size_t max_names = 10'000;  // Of each type.
};

// One stream of a client, as the protocol goes ("xDS REST and gRPC protocol" in
// Envoy's documentation, its state-of-the-world form): what is subscribed to,
// and what is to be sent next. There is at most one response of a type that the
// latest state doesn't supersede: a client that reads slowly gets fewer.
// Responses are small enough for gRPC's clients, which receive 4 MiB: routes
// and endpoints come in parts; so many listeners or clusters that they wouldn't
// fit are refused.
//
// Thread-compatible.
class Session final {
 public:
  Session(SessionOptions options, Lookup lookup);

  // Takes what the client has sent. Types of Envoy's that aren't served are
  // ignored, because it asks for them on the stream that has the others.
  //
  // Errors: kInvalidArgument, kResourceExhausted: the stream is to end with
  // that.
  absl::Status OnRequest(const Request& request);

  // Says that the Endpoints of an application have changed.
  void OnChange(const std::string& name);

  // Returns the next response; nullopt: there is none now.
  std::optional<std::string> Next();

  // Returns the names of applications that are subscribed to in any way.
  std::set<std::string> names() const;

  const std::string& node_id() const { return node_id_; }
  std::uint64_t refusals() const { return refusals_; }

 private:
  struct Subscription {
    std::set<std::string> names;
    std::set<std::string> news;  // Of these; what a response is to hold.
    bool is_asked = false;       // Something is to be sent, if only nothing.
    std::uint64_t nonce = 0;     // Of the last response; 0: there was none.
    std::uint64_t version = 0;
  };

  absl::Status Subscribe(Type type, const Request& request);
  std::optional<std::string> Respond(Type type);
  // Removes what is news, or a part, and returns the resources.
  std::vector<std::string> TakeNews(Type type,
                                    Subscription& subscription) const;
  // `type` is one whose responses hold everything; their resources are known.
  bool FitsWhole(Type type, const std::set<std::string>& names) const;
  std::optional<std::string> Resource(Type type, const std::string& name) const;

  const SessionOptions options_;
  const Lookup lookup_;
  std::string node_id_;
  std::string zone_;
  std::array<Subscription, kTypes> subscriptions_;
  std::uint64_t last_nonce_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace naming::xds

#endif  // NAMING_XDS_SESSION_H_
