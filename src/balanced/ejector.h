// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_EJECTOR_H_
#define NAMING_BALANCED_EJECTOR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "balanced/alarm.h"
#include "balanced/probe.h"
#include "balanced/tally.h"
#include "base/clock.h"
#include "naming/balancer.h"
#include "naming/ejection.h"
#include "naming/endpoint.h"

namespace naming::balanced {

// Decides who is ejected and who starts slowly, from what the Tallies counted.
// Has no clock, thread or lock; time is handed in.
//
// Thread-compatible; the Tallies and Probes that it gives out live on their
// own.
class Ejector final {
 public:
  using TimePoint = base::Clock::TimePoint;

  // `alarm` is set to when the next Look() is due; null: nothing counts
  // outcomes, and nothing is decided.
  Ejector(std::string app_id, const EjectionOptions& options,
          std::shared_ptr<Alarm> alarm);

  // Returns whether `options` make anything to decide.
  static bool IsNeeded(const EjectionOptions& options);

  // Replaces the list. What is known of an Endpoint stays, as long as scheme,
  // address and the Instance's zone and hostname do.
  void SetEndpoints(std::vector<Endpoint> endpoints, TimePoint now);

  // Decides, and adds what changed to `events`.
  void Look(TimePoint now, std::vector<EjectionEvent>& events);

  // Returns the list for the Balancer when it differs from the one that was
  // returned last.
  std::optional<std::vector<Candidate>> TakeChange();

  // Returns the Probes that nobody has claimed.
  std::vector<std::shared_ptr<Probe>> offers() const;

  std::vector<Endpoint> endpoints() const;
  std::size_t size() const { return tracks_.size(); }
  std::size_t ejected() const;
  bool is_panicking() const { return !panicking_.empty(); }

 private:
  enum class State { kIn, kOut, kProbing };

  // What is known of an Endpoint.
  struct Track {
    Endpoint endpoint;
    std::shared_ptr<Tally> tally;

    State state = State::kIn;
    bool is_ejected = false;       // Said to the Balancer: out, and no panic.
    bool is_news = false;          // Ejected anew since it was last told.
    TimePoint until;               // When its time is over.
    base::Clock::Duration time{};  // The length of the last ejection.
    TimePoint returned_at;
    std::string cause;
    std::uint64_t successes_when_out = 0;
    std::shared_ptr<Probe> probe;  // In kProbing.

    // The counts when the present window began.
    std::uint64_t window_successes = 0;
    std::uint64_t window_failures = 0;

    std::optional<TimePoint> starts_at;  // In slow start since then.
    int tenths = 10;                     // Of its weight.

    std::uint64_t WindowFailures() const;
    std::uint64_t WindowCalls() const;
  };
  using Group = std::vector<Track*>;

  std::map<std::string, Group> Groups();
  void JudgeRates(const Group& group, TimePoint now);
  void Advance(Track& track, TimePoint now);
  void AdvanceProbe(Track& track, TimePoint now);
  void Eject(Track& track, std::string cause, TimePoint now);
  void Return(Track& track, TimePoint now);
  void Offer(Track& track);
  static void DropProbe(Track& track);
  void Suspend(Track& track, TimePoint now);
  void Limit(const std::string& color, const Group& group, TimePoint now,
             std::vector<EjectionEvent>& events);
  void SetPanic(const std::string& color, bool is_panic, std::string cause,
                std::vector<EjectionEvent>& events);
  void MoveWindow(TimePoint now, bool has_ended);
  void GrowWeights(TimePoint now);
  TimePoint NextLook() const;

  const std::string app_id_;
  const EjectionOptions options_;
  const std::shared_ptr<Alarm> alarm_;
  std::vector<Track> tracks_;
  std::set<std::string> panicking_;  // Colors.
  std::optional<TimePoint> window_end_;
  bool has_changed_ = false;
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_EJECTOR_H_
