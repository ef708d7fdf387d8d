// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_H_
#define NAMING_BALANCED_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/balancer.h"
#include "naming/builder.h"
#include "naming/ejection.h"
#include "naming/endpoint.h"
#include "naming/export.h"
#include "naming/filter.h"
#include "naming/resolver.h"
#include "naming/subset.h"
#include "naming/target.h"

namespace naming {

// How a Balanced chooses. Copied by Balanced::Create().
//
// Thread-compatible. A value.
struct NAMING_EXPORT BalancedOptions {
  // --- Behaviour ---

  // Makes the Balancer; empty: a balancer::P2c with this `color`. This function
  // gives another one its color.
  std::function<std::unique_ptr<Balancer>()> make_balancer;

  // Where this program runs: what a registry prescribes to that zone is
  // followed; else Instances there are preferred to all others. Empty: all
  // zones are alike. A Target's "zone" overrides it.
  std::string client_zone;

  // The color of this program: calls that ask for no color prefer Endpoints of
  // this one. For the default Balancer.
  std::string color;

  // Which Instances are fit. A Target's "scheme" and "cluster" override
  // `addr_scheme` and `clusters`.
  Filter filter;

  // At most so many Endpoints are dialled by one client; 0: all. A Target's
  // "subset" overrides it. The default is Kratos'. Range: [0, kMaxSubset].
  //
  // Where the registry prescribes several zones, fewer are dialled when that
  // takes the calls to the zones as prescribed, with 0, too: see SubsetOf().
  int subset = 50;
  SubsetMethod subset_method = SubsetMethod::kRendezvous;

  // Chooses the subset: clients of one id have the same. Empty: a random one.
  std::string client_id;

  // Who is left out because calls fail.
  EjectionOptions ejection;

  // Told of each change in what is ejected after it is in force, one call at a
  // time, on the client's callback thread; when that is gone, or blocked for
  // more than a second, on a thread that calls Pick(), which then takes as long
  // as this does. It must not throw, and must not block.
  std::function<void(const EjectionEvent&)> on_event;
};

// Returns whether a Balanced can be made with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "balanced: options.subset: must be in [0, 100000]".
NAMING_EXPORT absl::Status Validate(const BalancedOptions& options);

// What a Balanced has and has done.
//
// Thread-compatible. A value.
struct NAMING_EXPORT BalancedStats {
  std::size_t instances = 0;  // In the newest Snapshot.
  std::size_t endpoints = 0;  // What Filter, Scheduler and Subset left of them.
  std::size_t ejected = 0;    // Of these, those that get no calls now.
  bool is_panicking = false;  // Too many fail: see EjectionOptions::max_share.
  std::uint64_t updates = 0;  // Lists that the Balancer was given.
  std::uint64_t ejections = 0;  // EjectionEvents of each kind.
  std::uint64_t returns = 0;
  std::uint64_t panics = 0;
  std::uint64_t probes = 0;  // Calls sent to ejected Endpoints.
};

NAMING_EXPORT bool operator==(const BalancedStats& a, const BalancedStats& b);
NAMING_EXPORT bool operator!=(const BalancedStats& a, const BalancedStats& b);

// Chooses among the Endpoints of an application for each call: a Resolver, the
// policies (Filter, Scheduler, Subset, ejection) and a Balancer, joined.
//
// Policies run when a list changes, on the client's callback thread; calls find
// their tables ready. Picks tell outcomes, without which nothing is learnt and
// nothing is ejected. What there is to decide then, the next Pick() decides: it
// builds the Balancer's tables before it chooses.
//
// Thread-safe. May outlive the Client, and then chooses from the last list; its
// Picks may outlive it. Destroying it ends waiting WaitReady() calls; the
// caller sees to it that no new call starts meanwhile. It may be destroyed
// within `on_event`.
class NAMING_EXPORT Balanced final {
 public:
  // Returns a Balanced for `target`, such as
  // "discovery://default/demo.greeter?subset=50&scheme=grpc". Never waits and
  // does no I/O.
  //
  // Errors: kInvalidArgument, a part of `target` or an option is malformed, no
  // Builder has the scheme, or the backend doesn't know a parameter.
  static absl::StatusOr<std::unique_ptr<Balanced>> Create(
      const Builders& builders, std::string_view target,
      BalancedOptions options = {});

  // The same with one Builder, such as a discovery::Client, which need not
  // outlive it.
  static absl::StatusOr<std::unique_ptr<Balanced>> Create(
      Builder& builder, std::string_view target, BalancedOptions options = {});

  ~Balanced();
  Balanced(const Balanced&) = delete;
  Balanced& operator=(const Balanced&) = delete;

  // Returns the Endpoint for one call. Never waits, but once for each ejection,
  // return and interval in which calls fail it decides, which takes some 100 us
  // for a thousand Endpoints, and a few milliseconds more when a PickRef is
  // still in use.
  //
  // Errors: kUnavailable, there is none: no list has come yet, it is empty, or
  // nothing in it fits; the message names the application and says which.
  absl::StatusOr<naming::Pick> Pick();
  absl::StatusOr<naming::Pick> Pick(const PickOptions& options);

  // The same by reference, to be used at once, without an outcome; nothing
  // where Pick() fails. Not to be kept across a Done(). Never waits.
  PickRef Peek();
  PickRef Peek(const PickOptions& options);

  // Waits up to `timeout` until there is an Endpoint to pick.
  //
  // Errors: kDeadlineExceeded, there was none in time; kNotFound, the same, and
  // the backend's last answer was that it knows no such application;
  // kCancelled, this Balanced is being destroyed, or its client was before a
  // list came.
  absl::Status WaitReady(std::chrono::milliseconds timeout);

  // Returns what the policies left, ejected ones included.
  std::vector<Endpoint> endpoints() const;

  BalancedStats stats() const;

 private:
  struct Rep;
  using Build = std::function<absl::StatusOr<std::unique_ptr<Resolver>>(
      const Target& target)>;

  static absl::StatusOr<std::unique_ptr<Balanced>> Create(
      const Build& build, std::string_view target, BalancedOptions options);
  explicit Balanced(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace naming

#endif  // NAMING_BALANCED_H_
