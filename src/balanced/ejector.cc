// SPDX-License-Identifier: Apache-2.0

#include "balanced/ejector.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::balanced {
namespace {

using Kind = EjectionEvent::Kind;
using TimePoint = Ejector::TimePoint;

constexpr int kTenths = 10;

// Weights up to here can be multiplied by kTenths and be taken by a Balancer.
constexpr int kMaxGrowing = 100'000;

// As Balancers take it.
constexpr int kDefaultWeight = 10;

// Which Endpoints are the same one, as Balancers see it.
using Key = std::tuple<std::string, std::string, std::string, std::string>;

Key KeyOf(const Endpoint& endpoint) {
  if (endpoint.instance == nullptr) {
    return {endpoint.scheme, endpoint.address, endpoint.zone, {}};
  }
  return {endpoint.scheme, endpoint.address, endpoint.instance->zone,
          endpoint.instance->hostname};
}

std::chrono::milliseconds Milliseconds(base::Clock::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

// Returns how many of `size` may be ejected.
std::size_t Allowed(std::size_t size, double max_share) {
  // The addition is for shares such as 0.29 of 100, which come out below 29.
  const auto share =
      static_cast<std::size_t>(max_share * static_cast<double>(size) + 1e-9);
  return std::min(share, size - 1);
}

}  // namespace

std::uint64_t Ejector::Track::WindowFailures() const {
  return tally->failures() - window_failures;
}

std::uint64_t Ejector::Track::WindowCalls() const {
  return tally->successes() - window_successes + WindowFailures();
}

Ejector::Ejector(std::string app_id, const EjectionOptions& options,
                 std::shared_ptr<Alarm> alarm)
    : app_id_(std::move(app_id)), options_(options), alarm_(std::move(alarm)) {}

bool Ejector::IsNeeded(const EjectionOptions& options) {
  const bool can_eject =
      options.max_share > 0 &&
      (options.consecutive_failures > 0 || options.success_rate > 0);
  return can_eject || options.slow_start.count() > 0;
}

void Ejector::SetEndpoints(std::vector<Endpoint> endpoints, TimePoint now) {
  if (endpoints == this->endpoints()) return;
  has_changed_ = true;
  std::map<Key, Track> known;
  const bool is_first = tracks_.empty();
  for (Track& track : tracks_) {
    known.emplace(KeyOf(track.endpoint), std::move(track));
  }
  tracks_.clear();
  tracks_.reserve(endpoints.size());
  for (Endpoint& endpoint : endpoints) {
    const auto it = known.find(KeyOf(endpoint));
    if (it != known.end()) {
      tracks_.push_back(std::move(it->second));
      known.erase(it);
    } else {
      Track& track = tracks_.emplace_back();
      track.tally = std::make_shared<Tally>(
          alarm_, static_cast<std::uint32_t>(options_.consecutive_failures),
          options_.success_rate > 0);
      if (!is_first && options_.slow_start.count() > 0) track.starts_at = now;
    }
    Track& track = tracks_.back();
    const bool is_other = track.endpoint != endpoint;
    track.endpoint = std::move(endpoint);
    if (is_other && track.probe != nullptr && track.probe->Withdraw()) {
      Offer(track);
    }
  }
  for (auto& [key, track] : known) DropProbe(track);
}

void Ejector::Look(TimePoint now, std::vector<EjectionEvent>& events) {
  if (alarm_ == nullptr) return;
  alarm_->Silence();
  const bool has_ended = window_end_ && now >= *window_end_;
  const auto groups = Groups();
  for (const auto& [color, group] : groups) {
    if (has_ended) JudgeRates(group, now);
    for (Track* track : group) Advance(*track, now);
    Limit(color, group, now, events);
  }
  for (auto it = panicking_.begin(); it != panicking_.end();) {
    it = groups.count(*it) > 0 ? std::next(it) : panicking_.erase(it);
  }
  MoveWindow(now, has_ended);
  GrowWeights(now);
  alarm_->SetWatching(window_end_.has_value());
  alarm_->Hasten(NextLook());
}

std::optional<std::vector<Candidate>> Ejector::TakeChange() {
  if (!std::exchange(has_changed_, false)) return std::nullopt;
  int largest = kDefaultWeight;
  bool is_growing = false;
  for (const Track& track : tracks_) {
    largest = std::max(largest, track.endpoint.weight);
    is_growing = is_growing || track.tenths < kTenths;
  }
  const int unit = is_growing && largest <= kMaxGrowing ? kTenths : 1;
  std::vector<Candidate> candidates;
  candidates.reserve(tracks_.size());
  for (const Track& track : tracks_) {
    Candidate& candidate = candidates.emplace_back();
    candidate.endpoint = track.endpoint;
    if (is_growing) {
      const int own =
          track.endpoint.weight > 0 ? track.endpoint.weight : kDefaultWeight;
      candidate.weight = static_cast<int>(std::max<std::int64_t>(
          1, std::int64_t{own} * unit * track.tenths / kTenths));
    }
    if (alarm_ != nullptr) candidate.observer = track.tally;
    candidate.is_ejected = track.is_ejected;
  }
  return candidates;
}

std::vector<std::shared_ptr<Probe>> Ejector::offers() const {
  std::vector<std::shared_ptr<Probe>> offers;
  for (const Track& track : tracks_) {
    if (track.probe != nullptr && track.probe->is_offered()) {
      offers.push_back(track.probe);
    }
  }
  return offers;
}

std::vector<Endpoint> Ejector::endpoints() const {
  std::vector<Endpoint> endpoints;
  endpoints.reserve(tracks_.size());
  for (const Track& track : tracks_) endpoints.push_back(track.endpoint);
  return endpoints;
}

std::size_t Ejector::ejected() const {
  return static_cast<std::size_t>(
      std::count_if(tracks_.begin(), tracks_.end(),
                    [](const Track& track) { return track.is_ejected; }));
}

std::map<std::string, Ejector::Group> Ejector::Groups() {
  std::map<std::string, Group> groups;
  for (Track& track : tracks_) {
    groups[track.endpoint.color].push_back(&track);
  }
  return groups;
}

// Compares each with the others together: a mean that it is part of would hide
// one of two.
void Ejector::JudgeRates(const Group& group, TimePoint now) {
  double all_calls = 0;
  double all_failures = 0;
  Group judged;
  for (Track* track : group) {
    const std::uint64_t calls = track->WindowCalls();
    if (track->state != State::kIn ||
        calls < static_cast<std::uint64_t>(options_.min_calls)) {
      continue;
    }
    judged.push_back(track);
    all_calls += static_cast<double>(calls);
    all_failures += static_cast<double>(track->WindowFailures());
  }
  for (Track* track : judged) {
    const auto calls = static_cast<double>(track->WindowCalls());
    const auto failures = static_cast<double>(track->WindowFailures());
    const double others = all_calls - calls;
    if (others <= 0) continue;
    const double rate = 1 - failures / calls;
    const double rate_of_others = 1 - (all_failures - failures) / others;
    if (rate >= options_.success_rate * rate_of_others) continue;
    Eject(*track,
          absl::StrFormat("%.0f%% of its calls succeed, of others %.0f%%",
                          100 * rate, 100 * rate_of_others),
          now);
  }
}

void Ejector::Advance(Track& track, TimePoint now) {
  if (track.state == State::kIn) {
    const std::uint32_t row = track.tally->row();
    if (options_.consecutive_failures > 0 &&
        row >= static_cast<std::uint32_t>(options_.consecutive_failures)) {
      Eject(track, absl::StrFormat("%d failures in a row", row), now);
    }
  } else if (!track.is_ejected && !track.is_news) {
    // In a panic it gets calls all the same; one that succeeds is proof enough.
    if (now >= track.until ||
        track.tally->successes() > track.successes_when_out ||
        (track.probe != nullptr &&
         track.probe->result() == Outcome::Result::kSuccess)) {
      Return(track, now);
    }
  } else if (track.state == State::kOut) {
    if (now >= track.until) Offer(track);
  } else {
    AdvanceProbe(track, now);
  }
}

void Ejector::AdvanceProbe(Track& track, TimePoint now) {
  const auto result = track.probe->result();
  if (result == Outcome::Result::kSuccess) return Return(track, now);
  if (result == Outcome::Result::kFailure ||
      result == Outcome::Result::kTimeout) {
    return Eject(track, "the call that it got to show that it is well failed",
                 now);
  }
  // One that was cancelled shows nothing. One that lasts is left to last: calls
  // that hang are how some servers fail, and as long as one does no other need
  // find that out.
  if (result) Offer(track);
}

void Ejector::Eject(Track& track, std::string cause, TimePoint now) {
  const bool was_well =
      track.state == State::kIn && now - track.returned_at > 2 * track.time;
  const bool is_first = track.time.count() == 0 || was_well;
  track.time = is_first ? base::Clock::Duration(options_.base_time)
                        : std::min<base::Clock::Duration>(2 * track.time,
                                                          options_.max_time);
  track.state = State::kOut;
  track.is_news = true;
  track.until = now + track.time;
  track.cause = std::move(cause);
  track.successes_when_out = track.tally->successes();
  DropProbe(track);
  track.tally->ForgetRow();
}

void Ejector::Return(Track& track, TimePoint now) {
  track.state = State::kIn;
  track.returned_at = now;
  DropProbe(track);
  track.window_successes = track.tally->successes();
  track.window_failures = track.tally->failures();
  track.tally->ForgetRow();
  if (options_.slow_start.count() > 0) track.starts_at = now;
}

void Ejector::Offer(Track& track) {
  track.state = State::kProbing;
  track.probe = std::make_shared<Probe>(track.endpoint, alarm_);
}

void Ejector::DropProbe(Track& track) {
  if (track.probe != nullptr) track.probe->Withdraw();
  track.probe = nullptr;
}

// It gets calls without being offered any, and time to end one well.
void Ejector::Suspend(Track& track, TimePoint now) {
  if (track.state != State::kProbing) return;
  track.until = now + options_.base_time;
  if (!track.probe->is_offered()) return;
  if (!track.probe->Withdraw()) return;
  track.probe = nullptr;
  track.state = State::kOut;
}

void Ejector::Limit(const std::string& color, const Group& group, TimePoint now,
                    std::vector<EjectionEvent>& events) {
  const auto out = static_cast<std::size_t>(std::count_if(
      group.begin(), group.end(),
      [](const Track* track) { return track->state != State::kIn; }));
  const std::size_t allowed = Allowed(group.size(), options_.max_share);
  const bool is_panic = out > allowed;
  if (is_panic && panicking_.count(color) == 0) {
    for (Track* track : group) Suspend(*track, now);
  }
  SetPanic(color, is_panic,
           absl::StrFormat("%d of %d fail, at most %d may be ejected", out,
                           group.size(), allowed),
           events);
  for (Track* track : group) {
    const bool was_ejected = track->is_ejected;
    const bool is_news = std::exchange(track->is_news, false);
    track->is_ejected = !is_panic && track->state != State::kIn;
    has_changed_ = has_changed_ || track->is_ejected != was_ejected;
    const bool has_returned = was_ejected && track->state == State::kIn;
    if (!has_returned && !(track->is_ejected && (is_news || !was_ejected))) {
      continue;
    }
    EjectionEvent event;
    event.kind = has_returned ? Kind::kReturned : Kind::kEjected;
    event.app_id = app_id_;
    event.address = track->endpoint.address;
    event.color = color;
    if (!has_returned) {
      event.cause = track->cause;
      event.time = Milliseconds(std::max(track->until - now, {}));
    }
    events.push_back(std::move(event));
  }
}

void Ejector::SetPanic(const std::string& color, bool is_panic,
                       std::string cause, std::vector<EjectionEvent>& events) {
  const bool was_panic = panicking_.count(color) > 0;
  if (is_panic == was_panic) return;
  if (is_panic) {
    panicking_.insert(color);
  } else {
    panicking_.erase(color);
  }
  EjectionEvent event;
  event.kind = is_panic ? Kind::kPanicBegan : Kind::kPanicEnded;
  event.app_id = app_id_;
  event.color = color;
  if (is_panic) event.cause = std::move(cause);
  events.push_back(std::move(event));
}

// There are windows only while something fails: rates of calls that all succeed
// need no judge, and no clock.
void Ejector::MoveWindow(TimePoint now, bool has_ended) {
  if (options_.success_rate <= 0 || (window_end_ && !has_ended)) return;
  bool has_failed = false;
  for (Track& track : tracks_) {
    has_failed = has_failed || track.WindowFailures() > 0;
    track.window_successes = track.tally->successes();
    // The failure that begins a window is part of it.
    if (has_ended) track.window_failures = track.tally->failures();
  }
  window_end_.reset();
  if (has_failed) window_end_ = now + options_.interval;
}

void Ejector::GrowWeights(TimePoint now) {
  for (Track& track : tracks_) {
    int tenths = kTenths;
    if (track.starts_at) {
      const base::Clock::Duration whole = options_.slow_start;
      const auto passed = std::clamp<base::Clock::Duration>(
          now - *track.starts_at, base::Clock::Duration::zero(), whole);
      tenths = std::max(1, static_cast<int>(kTenths * passed / whole));
      if (tenths == kTenths) track.starts_at.reset();
    }
    has_changed_ = has_changed_ || track.tenths != tenths;
    track.tenths = tenths;
  }
}

Ejector::TimePoint Ejector::NextLook() const {
  TimePoint next = window_end_.value_or(Alarm::kNever);
  for (const Track& track : tracks_) {
    if (track.state == State::kOut ||
        (track.state == State::kProbing && !track.is_ejected)) {
      next = std::min(next, track.until);
    } else if (track.state == State::kProbing && track.probe->result()) {
      // It rang, but in a panic that is over.
      next = Alarm::kAtOnce;
    }
    if (track.starts_at) {
      const base::Clock::Duration whole = options_.slow_start;
      // One tick more: the division rounds down.
      next = std::min(next, *track.starts_at +
                                whole * (track.tenths + 1) / kTenths +
                                base::Clock::Duration(1));
    }
  }
  return next;
}

}  // namespace naming::balanced
