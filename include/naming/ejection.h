// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_EJECTION_H_
#define NAMING_EJECTION_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "naming/export.h"

namespace naming {

// When an Endpoint that is listed, but fails its callers, is left out.
//
// An ejected Endpoint gets no calls until its time is over; then one call is
// sent to it, and only that one's success brings it back. However long that
// call lasts, no other is sent meanwhile; when its Pick is destroyed without
// Done(), or cancelled, the next call takes its place. Endpoints of one color
// are looked at apart from the others: calls never change color for it.
//
// Thread-compatible. A value.
struct NAMING_EXPORT EjectionOptions {
  // So many failures in a row, timeouts included, eject. 0: however many there
  // are, they don't. Range: [0, 1000].
  int consecutive_failures = 5;

  // An Endpoint whose rate of success within `interval` is less than this part
  // of that of the others together is ejected. 0: that is never a reason.
  // Range: [0, 1].
  double success_rate = 0.8;

  // Rates are compared when there are so many calls within `interval`. Range:
  // [1, 1000000].
  int min_calls = 20;

  // How long rates are measured. Range: [100ms, 1h].
  std::chrono::milliseconds interval = std::chrono::seconds(10);

  // How long the first ejection lasts. Each that follows before the Endpoint
  // has been well for twice as long as it was ejected lasts twice as long as
  // the one before, up to `max_time`. Range: [1ms, max_time], and [1ms, 24h].
  std::chrono::milliseconds base_time = std::chrono::seconds(10);
  std::chrono::milliseconds max_time = std::chrono::minutes(5);

  // The share that may be ejected. When more than that fail it isn't they who
  // are ill: nothing is ejected. One is always left. Range: [0, 1]; 0 turns
  // ejection off.
  double max_share = 0.5;

  // After an Endpoint appears in a list that was there, or returns from
  // ejection, its weight grows from a tenth to the whole within this time; felt
  // where the Balancer goes by weight. Zero: at once. Range: [0ms, 1h].
  std::chrono::milliseconds slow_start = std::chrono::milliseconds::zero();
};

NAMING_EXPORT bool operator==(const EjectionOptions& a,
                              const EjectionOptions& b);
NAMING_EXPORT bool operator!=(const EjectionOptions& a,
                              const EjectionOptions& b);

// Returns whether `options` are in their ranges.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "ejection.max_share: must be in [0, 1]".
NAMING_EXPORT absl::Status Validate(const EjectionOptions& options);

// A change in what is ejected.
//
// Thread-compatible. A value.
struct NAMING_EXPORT EjectionEvent {
  enum class Kind {
    kEjected,     // `address` gets no calls for `time`, because of `cause`.
    kReturned,    // `address` gets calls again.
    kPanicBegan,  // Too many of a color fail: those that are get calls again.
    kPanicEnded,  // Those that fail are few enough to be ejected.
  };

  Kind kind = Kind::kEjected;
  std::string app_id;
  std::string address;  // Empty for a panic.
  std::string color;
  std::string cause;  // Such as "5 failures in a row".
  std::chrono::milliseconds time = std::chrono::milliseconds::zero();
};

NAMING_EXPORT bool operator==(const EjectionEvent& a, const EjectionEvent& b);
NAMING_EXPORT bool operator!=(const EjectionEvent& a, const EjectionEvent& b);

// Returns "ejected", "returned", "panic began" or "panic ended"; "unknown" for
// a value outside the enumeration.
NAMING_EXPORT std::string_view ToString(EjectionEvent::Kind kind);

}  // namespace naming

#endif  // NAMING_EJECTION_H_
