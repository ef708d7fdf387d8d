// SPDX-License-Identifier: Apache-2.0

#include "xds/applications.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "naming/filter.h"
#include "naming/target.h"
#include "xds/protocol.h"

namespace naming::xds {
namespace {

// How often an application without a list is asked for.
constexpr std::chrono::milliseconds kAskInterval{100};

// How long a registry has to say that it doesn't know an application until this
// is believed: one that has just begun knows nobody yet.
constexpr std::chrono::seconds kUnknownFor{1};

}  // namespace

Applications::Applications(Builder& builder, std::string addr_scheme, Log& log,
                           std::function<void(const std::string&)> on_change,
                           std::chrono::milliseconds kept_for,
                           std::size_t max_kept)
    : builder_(builder),
      addr_scheme_(std::move(addr_scheme)),
      log_(log),
      on_change_(std::move(on_change)),
      kept_for_(kept_for),
      max_kept_(max_kept),
      working_([this] { Work(); }) {}

Applications::~Applications() {
  std::map<std::string, std::shared_ptr<Application>> ending;
  {
    base::MutexLock lock(mutex_);
    is_ending_ = true;
    ending.swap(by_name_);
  }
  is_wanted_.NotifyAll();
  working_.join();
  for (const auto& [name, application] : ending) End(*application);
}

void Applications::Follow(const std::string& name) {
  std::shared_ptr<Application> application;
  {
    base::MutexLock lock(mutex_);
    std::shared_ptr<Application>& place = by_name_[name];
    const bool is_new = place == nullptr;
    if (is_new) {
      place = std::make_shared<Application>();
    } else if (place->followers == 0) {
      kept_.erase({place->kept_until, name});
    }
    ++place->followers;
    if (!is_new) return;
    application = place;
  }
  Watch(name, application);
}

void Applications::Watch(const std::string& name,
                         const std::shared_ptr<Application>& application) {
  Target target;
  target.scheme = std::string(builder_.scheme());
  target.app_id = name;
  auto resolver = builder_.Build(target);
  if (!resolver.ok()) {
    return log_.Write(
        LogLevel::kWarning,
        absl::StrFormat("xds: \"%s\" can't be followed: %s",
                        base::Excerpt(name, 100),
                        std::string(resolver.status().message())));
  }
  // Nobody else sees these two before they are set: the last Unfollow() comes
  // after this Follow().
  application->resolver = *std::move(resolver);
  application->watcher = application->resolver->Watch(
      [this, name, weak = std::weak_ptr<Application>(application)](
          const std::shared_ptr<const Snapshot>& snapshot) {
        Take(name, weak, *snapshot);
      });
  {
    base::MutexLock lock(mutex_);
    application->is_watched = true;
  }
  is_wanted_.NotifyAll();
}

void Applications::Unfollow(const std::string& name) {
  std::shared_ptr<Application> ending;
  {
    base::MutexLock lock(mutex_);
    const auto it = by_name_.find(name);
    if (it == by_name_.end() || --it->second->followers > 0) return;
    if (Keep(name, *it->second)) return;
    ending = std::move(it->second);
    by_name_.erase(it);
  }
  End(*ending);
}

// Lists that are empty are nothing to come back to.
bool Applications::Keep(const std::string& name, Application& application) {
  const Endpoints& endpoints = application.endpoints;
  if (endpoints == nullptr || endpoints->empty()) return false;
  if (kept_.size() >= max_kept_) return false;
  application.kept_until = std::chrono::steady_clock::now() + kept_for_;
  kept_.emplace(application.kept_until, name);
  // Behind another, it ends later.
  if (kept_.size() == 1) is_wanted_.NotifyAll();
  return true;
}

std::vector<std::shared_ptr<Applications::Application>>
Applications::TakeExpired() {
  std::vector<std::shared_ptr<Application>> expired;
  const auto now = std::chrono::steady_clock::now();
  while (!kept_.empty() && kept_.begin()->first <= now) {
    const auto it = by_name_.find(kept_.begin()->second);
    expired.push_back(std::move(it->second));
    by_name_.erase(it);
    kept_.erase(kept_.begin());
  }
  return expired;
}

// A callback that runs holds its Application, so that dropping ours would wait
// for nothing.
void Applications::End(Application& application) {
  application.watcher = Watcher();
}

Applications::Endpoints Applications::Find(const std::string& name) const {
  base::MutexLock lock(mutex_);
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second->endpoints;
}

std::size_t Applications::size() const {
  base::MutexLock lock(mutex_);
  return by_name_.size() - kept_.size();
}

std::size_t Applications::skipped() const {
  base::MutexLock lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [name, application] : by_name_) {
    if (application->followers > 0) sum += application->skipped;
  }
  return sum;
}

void Applications::Take(const std::string& name,
                        const std::weak_ptr<Application>& application,
                        const Snapshot& snapshot) {
  const auto held = application.lock();
  if (held == nullptr) return;
  Filter filter;
  filter.addr_scheme = addr_scheme_;
  Publish(name, held, EndpointsOf(snapshot, filter), IfKnown::kReplace);
}

void Applications::Publish(const std::string& name,
                           const std::shared_ptr<Application>& application,
                           std::vector<Endpoint> endpoints, IfKnown if_known) {
  const auto skipped = static_cast<std::size_t>(
      std::count_if(endpoints.begin(), endpoints.end(),
                    [](const Endpoint& e) { return !IsIpAddress(e.address); }));
  bool is_new_skip = false;
  {
    base::MutexLock lock(mutex_);
    if (if_known == IfKnown::kLeave && application->endpoints != nullptr) {
      return;
    }
    is_new_skip = skipped > application->skipped;
    application->skipped = skipped;
    application->endpoints =
        std::make_shared<const std::vector<Endpoint>>(std::move(endpoints));
  }
  if (is_new_skip) {
    log_.Write(LogLevel::kWarning,
               absl::StrFormat("xds: %s: %d endpoints are left out, whose "
                               "hosts aren't IP addresses",
                               name, skipped));
  }
  on_change_(name);
}

Applications::Named Applications::Unknown() const {
  Named unknown;
  for (const auto& [name, application] : by_name_) {
    if (application->is_watched && application->endpoints == nullptr) {
      unknown.emplace_back(name, application);
    }
  }
  return unknown;
}

void Applications::WaitForWork() {
  if (kept_.empty()) return is_wanted_.Wait(mutex_);
  is_wanted_.WaitUntil(mutex_, kept_.begin()->first);
}

// Asks for what is unknown, and ends what has been kept long enough.
void Applications::Work() {
  while (true) {
    Named unknown;
    std::vector<std::shared_ptr<Application>> expired;
    {
      base::MutexLock lock(mutex_);
      if (is_ending_) return;
      expired = TakeExpired();
      unknown = Unknown();
      if (expired.empty() && unknown.empty()) {
        WaitForWork();
        continue;
      }
    }
    for (const auto& application : expired) End(*application);
    for (const auto& [name, application] : unknown) Ask(name, application);
    expired.clear();
    unknown.clear();
    const auto next = std::chrono::steady_clock::now() + kAskInterval;
    base::MutexLock lock(mutex_);
    while (!is_ending_ && is_wanted_.WaitUntil(mutex_, next)) {
    }
  }
}

void Applications::Ask(const std::string& name,
                       const std::shared_ptr<Application>& application) {
  const absl::Status status =
      application->resolver->Fetch(std::chrono::milliseconds(0)).status();
  const auto now = std::chrono::steady_clock::now();
  if (!absl::IsNotFound(status)) {
    application->unknown_since.reset();
    return;
  }
  if (!application->unknown_since) application->unknown_since = now;
  if (now - *application->unknown_since < kUnknownFor) return;
  Publish(name, application, {}, IfKnown::kLeave);
}

}  // namespace naming::xds
